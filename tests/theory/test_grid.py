import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import norm

from pushforward.errors import InputError
from pushforward.theory.boundary import boundary_measure
from pushforward.theory.grid import boundary_measure_grid, label_grid, wall_crossings
from pushforward.theory.partition import simplicial_labels
from pushforward.theory.simplex import random_rotation, simplex_directions, wall_gap


def mean_measure(labels, d, eps, resolution, grids, rng):
    found = []
    for _ in range(grids):
        grid = label_grid(labels, d, resolution, rotation=random_rotation(d, rng), shift=rng.uniform(-0.5, 0.5))
        found.append(boundary_measure_grid(labels, grid, eps))
    return np.mean(found)


@pytest.mark.parametrize(
    ("m", "d", "eps", "resolution", "tolerance"),
    [(2, 2, 0.2, 201, 0.02), (3, 2, 0.1, 401, 0.01), (3, 2, 0.2, 401, 0.005), (4, 3, 0.4, 65, 0.02)],
)
def test_cluster_on_a_grid(m, d, eps, resolution, tolerance):
    labels = simplicial_labels(simplex_directions(m, d))
    found = mean_measure(labels, d, eps, resolution, 4, np.random.default_rng(m))
    assert found == pytest.approx(boundary_measure(m, eps), rel=tolerance)


def test_slabs_on_a_grid():
    walls, eps = ndtri([1 / 3, 2 / 3]), 0.1
    found = mean_measure(lambda z: np.searchsorted(walls, z[:, 0]), 2, eps, 401, 4, np.random.default_rng(0))
    exact = sum(norm.cdf(w + eps) - norm.cdf(w - eps) for w in walls)
    assert found == pytest.approx(exact, rel=0.01)


def test_cell_measures_and_wall_points():
    u = simplex_directions(3, 2)
    labels = simplicial_labels(u)
    grid = label_grid(labels, 2, 301, rotation=random_rotation(2, np.random.default_rng(1)))
    assert grid.weights.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(grid.cell_weights(3), 1 / 3, atol=2e-3)
    points = wall_crossings(labels, grid) @ grid.rotation.T
    assert wall_gap(points, u).max() < 2 * grid.pitch / 2**12


def test_a_partition_of_one_cell_has_no_boundary():
    labels = lambda z: np.zeros(len(z), dtype=int)  # noqa: E731
    assert boundary_measure_grid(labels, label_grid(labels, 2, 101), 0.5) == 0.0


def test_other_dimensions_and_too_fine_distances_are_refused():
    labels = simplicial_labels(simplex_directions(3, 2))
    with pytest.raises(InputError, match="d = 2 or 3"):
        label_grid(labels, 4, 50)
    with pytest.raises(InputError, match="finer than the grid"):
        boundary_measure_grid(labels, label_grid(labels, 2, 51), 0.05)
