import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from pushforward.errors import InputError
from pushforward.theory.boundary import boundary_measure, boundary_slope
from pushforward.theory.simplex import simplex_directions, wall_gap
from pushforward.theory.weighted import (
    boundary_measure_weighted,
    boundary_slope_weighted,
    cell_weights,
    offsets_for_weights,
    wall_measures,
)

WEIGHTS = (0.5, 0.3, 0.15, 0.05)


def test_offsets_known_to_four_digits():
    np.testing.assert_allclose(offsets_for_weights(WEIGHTS), [0.7254, 0.3085, -0.1862, -0.8477], atol=5e-5)


@pytest.mark.parametrize("m", [2, 3, 7, 40])
def test_weights_to_offsets_and_back(m):
    rng = np.random.default_rng(m)
    for concentration in (0.5, 1.0, 10.0):
        w = np.maximum(rng.dirichlet(np.full(m, concentration)), 1e-7)
        w /= w.sum()
        b = offsets_for_weights(w)
        np.testing.assert_allclose(cell_weights(b), w, rtol=1e-8)
        assert abs(b.mean()) < 1e-10


def test_cell_weights_agree_with_adaptive_integration():
    b = np.array([0.7, 0.3, -0.2, -0.8])
    for i in range(4):
        others = np.delete(np.arange(4), i)
        value, _ = quad(lambda x, i=i, o=others: norm.pdf(x) * np.prod(norm.cdf(x + b[i] - b[o])), -10, 10)
        assert cell_weights(b)[i] == pytest.approx(value, abs=1e-8)


@pytest.mark.parametrize("m", [2, 3, 10, 200])
def test_equal_weights_give_no_offsets_and_the_equal_formula(m):
    w = np.full(m, 1 / m)
    np.testing.assert_allclose(offsets_for_weights(w), 0, atol=1e-8)
    assert boundary_slope_weighted(w) == pytest.approx(boundary_slope(m), abs=1e-10)
    for eps in (1e-6, 0.1, 1.0):
        assert boundary_measure_weighted(w, eps) == pytest.approx(boundary_measure(m, eps), rel=1e-8)


def test_boundary_values_and_monte_carlo():
    assert boundary_measure_weighted(WEIGHTS, 0.1) == pytest.approx(0.11710, abs=5e-6)
    assert boundary_measure_weighted(WEIGHTS, 0.4) == pytest.approx(0.41999, abs=5e-6)
    rng, n = np.random.default_rng(0), 200_000
    gap = wall_gap(rng.standard_normal((n, 5)), simplex_directions(4, 5), offsets_for_weights(WEIGHTS))
    for eps in (0.1, 0.4):
        exact = boundary_measure_weighted(WEIGHTS, eps)
        assert np.mean(gap < eps) == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / n))


def test_two_cells_are_a_slab_off_the_origin():
    t = norm.ppf(0.8)
    exact = norm.cdf(t + 0.2) - norm.cdf(t - 0.2)
    assert boundary_measure_weighted([0.8, 0.2], 0.2) == pytest.approx(exact, abs=1e-12)
    assert boundary_slope_weighted([0.8, 0.2]) == pytest.approx(2 * norm.pdf(t), abs=1e-12)


def test_walls_are_the_derivative_of_the_weights():
    b, step = offsets_for_weights(WEIGHTS), 1e-5
    walls = wall_measures(b)
    for j in range(4):
        e = step * np.eye(4)[j]
        change = (cell_weights(b + e) - cell_weights(b - e)) / (2 * step)
        np.testing.assert_allclose(np.delete(change, j), -np.delete(walls[:, j], j) / np.sqrt(2), atol=1e-8)
    assert boundary_measure_weighted(WEIGHTS, 1e-6) / 1e-6 == pytest.approx(walls.sum(), rel=1e-5)


@pytest.mark.parametrize("weights", [[1.0], [0.5, 0.6], [1.0, 0.0], [0.7, 0.5, -0.2], [[0.5, 0.5]], [np.nan, 0.5]])
def test_impossible_weights_are_refused(weights):
    with pytest.raises(InputError, match="positive and summing to 1"):
        offsets_for_weights(weights)


def test_negative_eps_is_refused():
    with pytest.raises(InputError, match="eps >= 0"):
        boundary_measure_weighted(WEIGHTS, -0.1)
