"""Gaps between clusters, told from cuts through a bulk."""

import json
import math
from dataclasses import asdict, fields

import numpy as np
import pytest
from sklearn.datasets import load_digits

from pushforward.artifacts import read_json, write_json
from pushforward.errors import InputError
from pushforward.probes.disconnectedness import (
    ESTIMATES,
    disconnectedness,
    estimate,
    matched_gaussian,
    normalised,
)

RNG = np.random.default_rng


def gaussian(n=3000, d=24):
    return RNG(0).standard_normal((n, d)) / np.sqrt(np.arange(1, d + 1)) + 0.5


def apart(n=1500, d=12, modes=6):
    labels = RNG(1).integers(modes, size=n)
    return RNG(0).standard_normal((n, d)) * 0.05 + np.eye(d)[labels], labels


def test_one_gaussian_scores_high_and_shows_no_gap():
    found = disconnectedness(gaussian(), generator=RNG(0))
    assert found.status == "ok" and found.cluster_accuracy.mean > 88
    assert found.cluster_accuracy.mean == pytest.approx(found.control_accuracy.mean, abs=3)
    assert abs(found.gap.mean) < found.gap.half_width + 8
    assert abs(found.silhouette.mean - found.control_silhouette.mean) < 0.03


def test_separate_modes_show_their_gaps():
    points, labels = apart()
    found = disconnectedness(points, labels, generator=RNG(0), clusters=6)
    assert found.gap.mean == 100 and found.border_mass.mean == 0 < 5 < found.control_border_mass.mean
    assert found.cluster_accuracy.mean == found.label_accuracy.mean == 100
    assert found.agreement.mean == pytest.approx(1)
    assert found.silhouette.mean > 0.7 > 0.3 > found.control_silhouette.mean
    assert (found.n_train, found.n_test, found.label_status) == (1250, 250, "ok")


def test_labels_that_mean_nothing_do_not_agree():
    points, labels = apart()
    found = disconnectedness(points, RNG(3).permutation(labels), generator=RNG(0), clusters=6, rounds=3)
    assert abs(found.agreement.mean) < 0.05 and found.label_accuracy.mean < 35
    assert found.gap.mean == 100


def test_digits_lie_in_clusters():
    digits = load_digits()
    found = disconnectedness(digits.data, digits.target, generator=RNG(0), rounds=3)
    assert found.gap.mean - found.gap.half_width > 10
    assert 0.4 < found.agreement.mean < 0.9 and found.label_accuracy.mean > 90


def test_the_same_generator_gives_the_same_record():
    points, labels = apart(300)
    first, again, other = (disconnectedness(points, labels, generator=RNG(s), clusters=7) for s in (0, 0, 1))
    assert asdict(first) == asdict(again) != asdict(other)


def test_points_without_a_label_count_for_clusters_only():
    points, labels = apart(600)
    some = np.where(RNG(2).random(600) < 0.5, -1, labels)
    found = disconnectedness(points, some, generator=RNG(0), clusters=6, rounds=2)
    assert found.label_accuracy.mean == 100 and found.n_test == 100


@pytest.mark.parametrize(
    ("labels", "status"),
    [(None, "no_labels"), (np.full(300, -1), "no_labels"), (np.full(300, 3), "single_class")],
)
def test_labels_that_say_nothing_leave_the_rest_defined(labels, status):
    found = disconnectedness(apart(300)[0], labels, generator=RNG(0), clusters=6, rounds=2)
    assert found.label_status == status and found.label_reason
    assert math.isnan(found.label_accuracy.mean) and math.isnan(found.agreement.mean)
    assert found.status == "ok" and found.gap.mean == 100


def test_labels_of_a_few_points_may_miss_a_split():
    labels = np.full(300, -1)
    labels[:2] = 0, 1
    found = disconnectedness(apart(300)[0], labels, generator=RNG(0), clusters=6, rounds=2)
    assert (found.label_status, found.label_reason) == ("undefined", "a split has too few labelled points")


@pytest.mark.fault("F42")
@pytest.mark.parametrize(
    "points",
    [np.ones((90, 3)), np.zeros((90, 3)), np.arange(1.0, 91)[:, None] * [[1, 2, 2]], np.eye(3)[np.arange(90) % 3]],
)
def test_collapsed_embeddings_are_degenerate(points):
    found = disconnectedness(points, np.arange(90) % 2, generator=RNG(0), clusters=5, rounds=2)
    assert found.status == "few_clusters" and "of 5 clusters" in found.reason
    assert all(math.isnan(getattr(found, name).mean) for name in ESTIMATES)
    assert found.label_status == "undefined"


@pytest.mark.fault("F35")
def test_embeddings_that_are_not_finite_are_named():
    points, _ = apart(300)
    points[[17, 40, 99], 2] = np.nan
    with pytest.raises(InputError, match=r"3 of 300 embedding rows not finite \(first 17\)"):
        disconnectedness(points, generator=RNG(0))


@pytest.mark.fault("F42")
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"clusters": 251}, r"must lie in 2\.\.250, the number of training points, not 251"),
        ({"clusters": 1}, "must lie in"),
        ({"rounds": 0}, "1 round"),
        ({"epsilon": 0.0}, "epsilon above 0"),
        ({"test_share": 0.001}, "at least 2 test points"),
        ({"labels": np.zeros(299, dtype=int)}, "labels must be 300 integers"),
        ({"labels": np.full(300, -2)}, "from -1"),
        ({"labels": np.zeros(300)}, "got float64"),
    ],
)
def test_wrong_arguments_are_named(wrong, message):
    with pytest.raises(InputError, match=message):
        disconnectedness(apart(300)[0], **wrong, generator=RNG(0))


def test_the_control_has_mean_covariance_and_length_of_the_data():
    points = normalised(gaussian(20_000, 6) + 3)
    control = matched_gaussian(points)(RNG(5))
    np.testing.assert_allclose(np.linalg.norm(control, axis=1), 1, rtol=1e-12)
    np.testing.assert_allclose(control.mean(0), points.mean(0), atol=0.01)
    np.testing.assert_allclose(np.cov(control.T), np.cov(points.T), atol=0.003)


def test_lengths_are_one_but_for_zeros():
    rows = normalised(np.array([[3.0, 4.0], [0.0, 0.0]], dtype=np.float32))
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows, [[0.6, 0.8], [0, 0]])


def test_estimates_are_student_intervals():
    found = estimate([1.0, 2.0, 3.0, 4.0])
    assert (found.mean, found.rounds) == (2.5, (1.0, 2.0, 3.0, 4.0))
    assert found.half_width == pytest.approx(3.182446 * 1.290994 / 2, rel=1e-5)
    assert math.isnan(estimate([1.0]).half_width) and math.isnan(estimate([1.0, math.nan]).mean)


def test_the_record_can_be_written(tmp_path):
    found = disconnectedness(apart(300)[0], generator=RNG(0), clusters=6, rounds=2)
    write_json(tmp_path / "record.json", asdict(found))
    back = read_json(tmp_path / "record.json")
    assert back["gap"]["mean"] == 100 and back["agreement"]["mean"] is None
    assert set(back) == {field.name for field in fields(found)} and json.dumps(back)
