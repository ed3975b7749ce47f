import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import kstest

from pushforward.errors import InputError
from pushforward.theory.boundary import boundary_slope, slab_slope
from pushforward.theory.ellipses import draw_ellipses, wall_points
from pushforward.theory.partition import simplicial_labels
from pushforward.theory.simplex import random_rotation, simplex_directions, wall_gap
from pushforward.theory.weighted import boundary_slope_weighted, offsets_for_weights


def slope_and_error(labels, d, n, rng, points=256):
    slopes = draw_ellipses(labels, d, n, rng, points).crossings() / np.sqrt(2 * np.pi)
    return slopes.mean(), slopes.std(ddof=1) / np.sqrt(n)


@pytest.mark.parametrize("d", [1, 2, 30])
def test_a_half_space_is_crossed_twice_by_every_ellipse(d):
    rng = np.random.default_rng(d)
    labels = simplicial_labels(simplex_directions(2, d, random_rotation(d, rng)))
    slope, error = slope_and_error(labels, d, 200, rng)
    assert slope == pytest.approx(np.sqrt(2 / np.pi), abs=1e-12)
    assert error < 1e-12


@pytest.mark.parametrize(("m", "d"), [(3, 2), (3, 8), (10, 9), (10, 15), (60, 64)])
def test_walls_of_the_cluster_in_any_dimension(m, d):
    rng = np.random.default_rng(m + d)
    labels = simplicial_labels(simplex_directions(m, d, random_rotation(d, rng)))
    slope, error = slope_and_error(labels, d, 1000 if m < 60 else 200, rng)
    assert 0 < error < 0.02 * slope
    assert slope == pytest.approx(boundary_slope(m), abs=4 * error)


def test_walls_of_unequal_cells_and_of_slabs():
    rng, w = np.random.default_rng(3), (0.5, 0.3, 0.15, 0.05)
    labels = simplicial_labels(simplex_directions(4, 5, random_rotation(5, rng)), offsets_for_weights(w))
    ellipses = draw_ellipses(labels, 5, 2000, rng)
    np.testing.assert_allclose(ellipses.weights(4), w, atol=0.02)
    slopes = ellipses.crossings() / np.sqrt(2 * np.pi)
    assert slopes.mean() == pytest.approx(boundary_slope_weighted(w), abs=4 * slopes.std() / np.sqrt(2000))

    walls, axis = ndtri([1 / 3, 2 / 3]), np.array([0.6, 0.8])
    slope, error = slope_and_error(lambda z: np.searchsorted(walls, z @ axis), 2, 4000, rng)
    assert slope == pytest.approx(slab_slope(3), abs=4 * error)
    assert slope - boundary_slope(3) > 4 * error


def test_curved_walls():
    """A ball of radius r in R^3: its sphere has Gaussian measure 4 pi r^2 (2 pi)^(-3/2) exp(-r^2 / 2)."""
    rng, r = np.random.default_rng(4), 1.3
    slope, error = slope_and_error(lambda z: (np.linalg.norm(z, axis=1) < r).astype(int), 3, 3000, rng)
    sphere = 4 * np.pi * r**2 * (2 * np.pi) ** -1.5 * np.exp(-(r**2) / 2)
    assert slope == pytest.approx(2 * sphere, abs=4 * error)


def test_extrapolation_removes_the_loss_of_coarse_steps():
    rng = np.random.default_rng(5)
    labels = simplicial_labels(simplex_directions(10, 9))
    ellipses = draw_ellipses(labels, 9, 4000, rng, points=32)
    exact = boundary_slope(10) * np.sqrt(2 * np.pi)
    plain = (ellipses.labels != np.roll(ellipses.labels, -1, axis=1)).sum(axis=1)
    assert plain.mean() < 0.98 * exact
    assert abs(ellipses.crossings().mean() / exact - 1) < 0.5 * abs(plain.mean() / exact - 1)


def test_wall_points_lie_on_the_walls_as_their_surface_measure():
    rng = np.random.default_rng(6)
    u = simplex_directions(3, 4, random_rotation(4, rng))
    labels = simplicial_labels(u)
    points = wall_points(labels, draw_ellipses(labels, 4, 500, rng, points=64))
    assert wall_gap(points.position, u).max() < 1e-6
    np.testing.assert_array_equal(labels(points.position), points.before)
    np.testing.assert_array_equal(labels(points.position + 1e-4 * points.velocity), points.after)
    # A plane x_1 = t of R^3: the other coordinates of points on it are standard normal.
    plane = lambda z: (z[:, 0] > 0.7).astype(int)  # noqa: E731
    points = wall_points(plane, draw_ellipses(plane, 3, 1500, rng, points=64))
    np.testing.assert_allclose(points.position[:, 0], 0.7, atol=1e-5)
    first = np.unique(points.ellipse, return_index=True)[1]  # one per ellipse: independent
    assert kstest(points.position[first, 1], "norm").pvalue > 1e-3
    assert kstest(points.position[first, 2], "norm").pvalue > 1e-3


def test_a_partition_of_one_cell_has_no_wall():
    labels = lambda z: np.zeros(len(z), dtype=int)  # noqa: E731
    ellipses = draw_ellipses(labels, 3, 10, np.random.default_rng(0), points=16)
    assert not ellipses.crossings().any()
    assert len(wall_points(labels, ellipses).position) == 0


def test_an_odd_number_of_points_is_refused():
    with pytest.raises(InputError, match="even number of points"):
        draw_ellipses(lambda z: z[:, 0] > 0, 2, 10, np.random.default_rng(0), points=65)
