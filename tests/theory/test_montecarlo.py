from functools import partial

import numpy as np
import pytest

from pushforward.errors import InputError
from pushforward.theory.boundary import boundary_measure
from pushforward.theory.montecarlo import boundary_measure_mc, boundary_measure_sampled, nearest_other_cell
from pushforward.theory.partition import simplicial_labels
from pushforward.theory.simplex import random_rotation, simplex_directions, wall_gap


@pytest.mark.parametrize(("m", "eps"), [(2, 0.3), (3, 0.2), (10, 0.05), (100, 0.5)])
@pytest.mark.parametrize("extra", [0, 6])
def test_sampled_measure_does_not_depend_on_the_dimension(m, eps, extra):
    rng, d = np.random.default_rng(m + extra), m - 1 + extra
    u = simplex_directions(m, d, random_rotation(d, rng))
    found = boundary_measure_sampled(partial(wall_gap, directions=u), d=d, eps=eps, n=40_000, generator=rng)
    assert found.value == pytest.approx(boundary_measure(m, eps), abs=4 * found.standard_error)


def test_error_falls_as_the_root_of_the_number_of_draws():
    rng, exact = np.random.default_rng(1), boundary_measure(3, 0.2)
    distance = partial(wall_gap, directions=simplex_directions(3, 2))
    sizes, repeats = [10**3, 10**4, 10**5, 10**6], [200, 100, 20, 6]
    errors = []
    for n, times in zip(sizes, repeats, strict=True):
        found = [boundary_measure_sampled(distance, d=2, eps=0.2, n=n, generator=rng).value for _ in range(times)]
        errors.append(np.sqrt(np.mean((np.array(found) - exact) ** 2)))
    slope = np.polyfit(np.log(sizes), np.log(errors), 1)[0]
    assert slope == pytest.approx(-0.5, abs=0.15)


@pytest.mark.parametrize(("m", "d", "eps"), [(2, 1, 0.3), (3, 2, 0.2), (3, 8, 0.2), (10, 9, 0.05), (10, 15, 0.05)])
def test_search_by_labels_alone(m, d, eps):
    rng = np.random.default_rng(d)
    labels = simplicial_labels(simplex_directions(m, d, random_rotation(d, rng)))
    found = boundary_measure_mc(labels, d=d, eps=eps, n=2000, generator=rng)
    assert found.value == pytest.approx(boundary_measure(m, eps), abs=4 * found.standard_error)


@pytest.mark.parametrize(("m", "d", "eps"), [(4, 3, 0.2), (30, 40, 0.1)])
def test_searched_distance_is_an_upper_bound_that_is_nearly_met(m, d, eps):
    rng = np.random.default_rng(d)
    u = simplex_directions(m, d, random_rotation(d, rng))
    z = rng.standard_normal((400, d))
    bound, gap = nearest_other_cell(simplicial_labels(u), z, eps, rng), wall_gap(z, u)
    assert np.all(bound >= gap - 1e-9)
    near = gap < eps
    assert near.sum() > 50
    assert np.mean(bound[near] < eps) > 0.97
    assert np.median(bound[near] / gap[near]) == pytest.approx(1.0, abs=0.01)


def test_search_on_a_curved_wall():
    rng = np.random.default_rng(2)
    z = rng.standard_normal((300, 3))
    bound = nearest_other_cell(lambda z: (np.linalg.norm(z, axis=1) < 1.3).astype(int), z, 0.2, rng)
    gap = np.abs(np.linalg.norm(z, axis=1) - 1.3)
    near = gap < 0.2
    assert np.all(bound >= gap - 1e-6)
    assert np.median(bound[near] / gap[near]) == pytest.approx(1.0, abs=0.02)


def test_a_partition_of_one_cell_has_no_boundary():
    found = boundary_measure_mc(lambda z: np.zeros(len(z)), d=3, eps=0.5, n=50, generator=np.random.default_rng(0))
    assert found.value == 0.0


def test_too_few_draws_are_refused():
    with pytest.raises(InputError, match="n >= 2"):
        boundary_measure_sampled(lambda z: z[:, 0], d=2, eps=0.1, n=1, generator=np.random.default_rng(0))
