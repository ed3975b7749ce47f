import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pushforward.errors import InputError
from pushforward.probes.convexity import LAMBDAS, convexity, printed_segments, segments


def latents(n=2000, d=3, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d))


def half_space(z):
    return (z[:, 0] > 0.3).astype(int)


def shell(z):
    return (np.linalg.norm(z, axis=1) > 1.5).astype(int)


def probe(law, pairs=50, path="linear", classes=2):
    z = latents()
    between = segments(z, law(z), pairs, np.random.default_rng(1), classes=classes, path=path)
    return between, convexity(between, law(between.points))


def test_half_spaces_are_convex():
    between, record = probe(half_space)
    assert (record.accuracy, record.balanced, record.whole, record.lowest) == (100, 100, 100, 100)
    assert record.by_lambda == (100, 100, 100) and record.by_class == {0: 100, 1: 100}
    assert (record.pairs, record.attempts, record.left_out, record.status) == (100, 100, (), "ok")
    assert between.points.shape == (300, 3)


def test_a_shell_is_not_convex():
    _, record = probe(shell)
    assert record.by_class[0] == 100 and record.by_class[1] < 70
    assert record.lowest == min(record.by_lambda) == record.by_lambda[1]
    assert record.whole < record.accuracy
    assert record.accuracy == record.balanced == np.mean([record.by_class[0], record.by_class[1]])


def test_a_shell_is_convex_along_great_circles():
    _, record = probe(shell, path="spherical")
    assert record.by_class[1] == 100


def test_points_and_classes():
    z = np.array([[0.0, 0], [10, 0], [0, 20], [4, 20]])
    between = segments(z, [0, 1, 0, 1], 1, np.random.default_rng(0), classes=2)
    np.testing.assert_array_equal(between.expected, [0, 0, 0, 1, 1, 1])
    assert sorted(between.points[:3, 1]) == [5, 10, 15]
    assert sorted(between.points[3:, 0]) == [5.5, 7, 8.5]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), wanted=st.integers(1, 40), path=st.sampled_from(["linear", "spherical"]))
def test_pairs_are_of_their_class_and_share_no_latent(seed, wanted, path):
    g = np.random.default_rng(seed)
    z = np.arange(120.0)[:, None] * np.ones(2) + 1
    labels = g.integers(0, 4, size=120)
    between = segments(z, labels, wanted, g, classes=5, path=path)
    points = between.points.reshape(-1, 3, 2)[:, :, 0] - 1
    # the points at 1/4 and 3/4 give the ends back
    ends = np.rint(np.stack([1.5 * points[:, 0] - 0.5 * points[:, 2], 1.5 * points[:, 2] - 0.5 * points[:, 0]]))
    used = ends.ravel().astype(int)
    assert len(set(used)) == len(used)
    assert (labels[ends.astype(int)] == between.expected[::3]).all()
    counts = np.bincount(labels, minlength=5)
    np.testing.assert_array_equal(np.bincount(between.expected[::3], minlength=5), np.minimum(counts // 2, wanted))
    assert between.attempts == 5 * wanted


def test_the_choice_follows_the_generator_only():
    z = latents()
    one, two, other = (segments(z, half_space(z), 20, np.random.default_rng(s), classes=2).points for s in (4, 4, 5))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


def test_great_circles_keep_the_norm_and_the_plane():
    z = latents(400)
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    between = segments(z, half_space(z), 50, np.random.default_rng(0), classes=2, path="spherical")
    np.testing.assert_allclose(np.linalg.norm(between.points, axis=1), 1, rtol=1e-12)
    opposite = segments(np.array([[1.0, 0], [-1, 0]]), [0, 0], 1, np.random.default_rng(0), classes=1, path="spherical")
    assert np.abs(opposite.points).max() <= 0.5 + 1e-12  # no circle is singled out: a straight line


def test_printed_pools_skip_rare_classes_silently_but_on_record():
    z = latents(3000, 2)
    labels = np.where(z[:, 0] > 2.5, 1, 0)  # 0.6 % of the latents
    between = printed_segments(z, labels, 30, 200, np.random.default_rng(0), classes=3)
    record = convexity(between, labels_of := np.where(between.points[:, 0] > 2.5, 1, 0))
    assert labels_of.size == 3 * record.pairs
    assert record.attempts == 90 and record.pairs_by_class[0] == 30 and 1 <= record.pairs_by_class[1] < 30
    assert record.left_out == (2,) and "without a pair: 2" in record.reason and record.status == "ok"
    assert record.accuracy == 100 and record.pairs == 30 + record.pairs_by_class[1]


def test_printed_pairs_are_the_first_two_of_a_pool():
    z = np.arange(10.0)[:, None]
    labels = np.array([0, 1] * 5)
    drawn = np.random.default_rng(3).choice(10, 6, replace=False)
    first, second = drawn[labels[drawn] == 0][:2]
    between = printed_segments(z, labels, 1, 6, np.random.default_rng(3), classes=1 + 1)
    np.testing.assert_allclose(between.points[:3, 0], [w * first + (1 - w) * second for w in LAMBDAS])


def test_one_class_and_no_pairs_are_undefined():
    z = latents(50)
    between = segments(z, np.full(50, 1), 5, np.random.default_rng(0), classes=3)
    one = convexity(between, np.full(15, 1))
    assert math.isnan(one.accuracy) and math.isnan(one.lowest) and one.status == "single_class"
    assert one.left_out == (0, 2) and one.by_class == {1: 100} and one.pairs == 5
    between = segments(z[:3], [0, 1, 2], 5, np.random.default_rng(0), classes=3)
    none = convexity(between, np.empty(0, int))
    assert math.isnan(none.accuracy) and none.status == "no_pairs" and none.left_out == (0, 1, 2)
    empty = printed_segments(z[:0], np.empty(0, int), 2, 10, np.random.default_rng(0), classes=3)
    assert convexity(empty, np.empty(0, int)).attempts == 6


def test_errors_come_before_the_work():
    z, g = latents(20), np.random.default_rng(0)
    bad = z.copy()
    bad[3] = np.nan
    with pytest.raises(InputError, match=r"1 of 20 latent rows not finite \(first 3\)"):
        segments(bad, half_space(z), 2, g, classes=2)
    with pytest.raises(InputError, match="linear, spherical; got 'bent'"):
        segments(z, half_space(z), 2, g, classes=2, path="bent")
    between = segments(z, half_space(z), 2, g, classes=2)
    with pytest.raises(InputError, match="one predicted label a row: 12, got 3"):
        convexity(between, [0, 0, 0])
