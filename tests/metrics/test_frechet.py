import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm
from scipy.stats import ortho_group

from pushforward.errors import InputError
from pushforward.metrics.frechet import Statistics, frechet, statistics, streamed_statistics


def sets(seed, D=12, n=200, m=230):
    g = np.random.default_rng(seed)
    spectrum = np.arange(1, D + 1) ** -1.0
    return g.normal(size=(n, D)) * spectrum, g.normal(size=(m, D)) @ (0.3 * g.normal(size=(D, D))) * spectrum + 0.1


def distance(x, y):
    return frechet(statistics(x), statistics(y)).value


seeds = st.integers(0, 2**32 - 1)


def test_statistics_are_those_of_numpy():
    x, _ = sets(0, n=9000)
    found = statistics(x.astype(np.float32))
    np.testing.assert_allclose(found.mean, x.astype(np.float32).mean(0, dtype=float), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(found.covariance, np.cov(x.astype(np.float32).astype(float).T), rtol=1e-10, atol=1e-14)
    assert found.n == 9000 and found.covariance.dtype == np.float64


@pytest.mark.fault("F37")
@settings(max_examples=25, deadline=None)
@given(seed=seeds, cuts=st.lists(st.integers(0, 200), max_size=6), offset=st.sampled_from([0.0, 1e6]))
def test_batches_and_order_change_nothing(seed, cuts, offset):
    x = sets(seed)[0] + offset
    whole = statistics(x)
    shuffled = np.random.default_rng(seed).permutation(x)
    for found in (streamed_statistics(np.split(x, sorted(cuts))), statistics(shuffled)):
        np.testing.assert_allclose(found.mean, whole.mean, rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(found.covariance, whole.covariance, rtol=1e-9, atol=1e-9)
        assert found.n == whole.n


@pytest.mark.parametrize("D", [1, 30, 100])
def test_equals_the_matrix_square_root(D):
    x, y = sets(1, D, 500, 600)
    a, b = statistics(x), statistics(y)
    gap = a.mean - b.mean
    product = sqrtm(a.covariance @ b.covariance)
    expected = gap @ gap + np.trace(a.covariance) + np.trace(b.covariance) - 2 * np.trace(np.real(product))
    assert frechet(a, b).value == pytest.approx(expected, rel=1e-6)


def test_equals_the_closed_form_of_independent_features():
    mean, one, two = np.array([1.0, 2.0, 0.5]), np.array([4.0, 1.0, 0.25]), np.array([1.0, 9.0, 0.0])
    a, b = Statistics(np.zeros(3), np.diag(one), 99), Statistics(mean, np.diag(two), 99)
    expected = (mean**2).sum() + ((np.sqrt(one) - np.sqrt(two)) ** 2).sum()
    assert frechet(a, b).value == pytest.approx(expected, rel=1e-12)


@settings(max_examples=25, deadline=None)
@given(seed=seeds, scale=st.floats(0.01, 100))
def test_invariances(seed, scale):
    x, y = sets(seed)
    g = np.random.default_rng(seed)
    rotation, shift = ortho_group.rvs(x.shape[1], random_state=g), 10 * g.normal(size=x.shape[1])
    before = distance(x, y)
    assert distance(x @ rotation + shift, y @ rotation + shift) == pytest.approx(before, rel=1e-6)
    assert distance(scale * x, scale * y) == pytest.approx(scale**2 * before, rel=1e-6)


@settings(max_examples=15, deadline=None)
@given(seed=seeds, n=st.integers(3, 60), m=st.integers(3, 60))
def test_both_ways_round_are_one_number(seed, n, m):
    a, b = (statistics(x) for x in sets(seed, 30, n, m))
    assert frechet(a, b).raw == frechet(b, a).raw


@pytest.mark.fault("F37")
def test_singular_covariances_keep_their_digits():
    x, y = sets(2, 200, 40, 60)
    a, b = statistics(x), statistics(y)
    # the trace of the root is the nuclear norm of X Y' of the centred sets, which needs no square of a small number
    norms = np.linalg.svd((x - x.mean(0)) @ (y - y.mean(0)).T, compute_uv=False).sum() / np.sqrt(39 * 59)
    gap = a.mean - b.mean
    expected = gap @ gap + np.trace(a.covariance) + np.trace(b.covariance) - 2 * norms
    record = frechet(a, b)
    assert record.value == pytest.approx(expected, rel=1e-7)
    assert record.status == "few_samples" and "40 features of width 200" in record.reason
    assert (record.n_first, record.n_second) == (40, 60)


@pytest.mark.fault("F37")
def test_a_set_is_at_no_distance_from_itself():
    x, _ = sets(3, 64, 1000)
    record = frechet(statistics(x), statistics(x))
    assert record.value >= 0 and abs(record.raw) < 1e-6 and record.status == "ok" and record.reason == ""


@pytest.mark.fault("F37")
def test_constant_sets():
    same = statistics(np.full((50, 4), 0.1, np.float32))
    assert not same.covariance.any()
    both = frechet(same, statistics(np.full((60, 4), 0.1, np.float32)))
    assert both.value == 0 and both.status == "constant" and "first" in both.reason and "second" in both.reason
    x, _ = sets(4, 4)
    one = frechet(statistics(x), statistics(np.zeros((50, 4))))
    expected = (x.mean(0) ** 2).sum() + np.trace(np.cov(x.T))
    assert one.value == pytest.approx(expected) and one.status == "constant" and "second" in one.reason


@pytest.mark.fault("F35")
@pytest.mark.fault("F37")
def test_errors_come_before_the_work():
    x, _ = sets(0)
    bad = x.copy()
    bad[[17, 99]] = np.nan
    with pytest.raises(InputError, match=r"2 of 200 feature rows not finite \(first 17\)"):
        statistics(bad)
    for few in (x[:1], x[:0]):
        with pytest.raises(InputError, match="at least two feature rows"):
            statistics(few)
    with pytest.raises(InputError, match="one width, got 12 and 5"):
        streamed_statistics([x, x[:, :5]])
    with pytest.raises(InputError, match="one width"):
        frechet(statistics(x), statistics(x[:, :5]))
    with pytest.raises(InputError, match="finite"):
        frechet(statistics(x), Statistics(np.full(12, np.nan), np.eye(12), 20))


def test_thread_setting_survives():
    before = torch.get_num_threads()
    distance(*sets(0))
    assert torch.get_num_threads() == before
