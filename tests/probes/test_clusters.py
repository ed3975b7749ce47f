"""Borders of K-means cells, and what is scored on them."""

import numpy as np
import pytest
from scipy import stats

from pushforward.probes.clusters import border_mass, cluster, linear_accuracy

RNG = np.random.default_rng


def test_border_mass_of_points_on_a_line():
    centres = np.array([[-1.0, 0.0], [1.0, 0.0]])
    points = np.stack([np.linspace(-1, 1, 2001), RNG(0).standard_normal(2001)], axis=1)
    assert border_mass(points, centres, 0.25) == pytest.approx(25.0, abs=0.1)
    assert border_mass(5 * points, 5 * centres, 0.25) == pytest.approx(25.0, abs=0.1)
    assert border_mass(centres, centres, 0.999) == 0 and border_mass(centres, centres, 1.001) == 100


def test_the_nearest_border_counts():
    centres = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 10.0]])
    point = np.array([[0.0, 4.5]])  # 0.1 of half the distance from the third cell, a whole one from the second
    assert border_mass(point, centres, 0.11) == 100 and border_mass(point, centres, 0.09) == 0


def test_border_mass_of_a_cut_gaussian_is_that_of_the_normal_law():
    points, reach = RNG(0).standard_normal((200_000, 2)), np.sqrt(2 / np.pi)  # where K-means puts two centres
    expected = 100 * (2 * stats.norm.cdf(0.1 * reach) - 1)
    assert border_mass(points, np.array([[-reach, 0.0], [reach, 0.0]]), 0.1) == pytest.approx(expected, rel=0.05)


def test_a_single_gaussian_is_cut_into_linearly_separable_cells():
    """Why the accuracy alone says nothing."""
    points = RNG(0).standard_normal((6000, 32)).astype(np.float32)
    found = cluster(points[1000:], points[:1000], 10, 0.1, RNG(1))
    assert found.accuracy > 90 and found.found == 10
    assert found.silhouette < 0.1 and found.border_mass > 15


def test_far_clusters_have_empty_borders():
    points = RNG(0).standard_normal((1200, 8)) * 0.05 + np.eye(8)[RNG(1).integers(8, size=1200)]
    found = cluster(points[200:], points[:200], 8, 0.1, RNG(2))
    assert found.accuracy == 100 and found.border_mass == 0 and found.silhouette > 0.8


@pytest.mark.fault("F42")
@pytest.mark.parametrize("different", [1, 3])
def test_fewer_different_points_than_clusters_leave_nothing_defined(different):
    points = np.eye(4)[np.arange(60) % different]
    found = cluster(points[10:], points[:10], 5, 0.1, RNG(0))
    assert found.found == different
    assert np.isnan([found.accuracy, found.silhouette, found.border_mass]).all()


@pytest.mark.fault("F42")
def test_a_test_set_within_one_cell_has_no_silhouette():
    points = np.concatenate([np.zeros((10, 2)), RNG(0).standard_normal((50, 2)) + 9])
    train = np.concatenate([points, -points])
    found = cluster(train, points[:5] + 0.01, 3, 0.1, RNG(0))
    assert np.isnan(found.silhouette) and found.accuracy == 100


def test_scale_and_place_of_the_points_do_not_change_the_classifier():
    points = RNG(0).standard_normal((2000, 4))
    labels = (points @ RNG(1).standard_normal(4) > 0).astype(np.int64)
    plain, moved = (
        linear_accuracy(x[500:], labels[500:], x[:500], labels[:500], 2) for x in (points, 1e-3 * points + 7)
    )
    assert plain == pytest.approx(moved, abs=0.5) and plain > 99
