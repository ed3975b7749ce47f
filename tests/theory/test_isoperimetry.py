import math

import numpy as np
import pytest
from scipy.special import ndtri

from pushforward.errors import InputError
from pushforward.theory.boundary import boundary_slope, sector_slope, slab_slope
from pushforward.theory.isoperimetry import isoperimetric_ratio, isoperimetric_ratio_grid
from pushforward.theory.optimal import SimplexProjectionGenerator, equidistant_centres
from pushforward.theory.partition import generator_labels, nearest_centre, simplicial_labels
from pushforward.theory.simplex import random_rotation, simplex_directions
from pushforward.theory.weighted import offsets_for_weights

SLABS = ndtri([1 / 3, 2 / 3])


def slabs(z):
    return np.searchsorted(SLABS, z @ np.array([0.6, 0.8]))


def sectors(m):
    return lambda z: np.floor(m * (np.arctan2(z[:, 1], z[:, 0]) / (2 * np.pi) % 1)).astype(int) % m


@pytest.mark.parametrize(("m", "d"), [(2, 2), (3, 2), (3, 8), (10, 12)])
def test_the_cluster_has_ratio_one(m, d):
    rng = np.random.default_rng(m * d)
    labels = simplicial_labels(simplex_directions(m, d, random_rotation(d, rng)))
    found = isoperimetric_ratio(labels, d=d, classes=m, generator=rng, ellipses=1000, confidence=0.999)
    assert found.status == "ok"
    assert found.attainable
    assert found.low - 1e-4 <= 1 <= found.high + 1e-4
    assert found.high - found.low < 0.06
    assert found.optimal == pytest.approx(boundary_slope(m), rel=1e-3)


def test_the_cluster_with_unequal_cells_has_ratio_one():
    rng = np.random.default_rng(7)
    offsets = offsets_for_weights([0.5, 0.3, 0.15, 0.05])
    labels = simplicial_labels(simplex_directions(4, 5, random_rotation(5, rng)), offsets)
    found = isoperimetric_ratio(labels, d=5, classes=4, generator=rng, confidence=0.999)
    assert found.low <= 1 <= found.high
    np.testing.assert_allclose(found.weights, [0.5, 0.3, 0.15, 0.05], atol=0.02)


def test_parallel_slabs_are_a_fifth_longer():
    found = isoperimetric_ratio(slabs, d=2, classes=3, generator=np.random.default_rng(0), ellipses=4000)
    exact = slab_slope(3) / boundary_slope(3)
    assert exact == pytest.approx(1.4544 / 1.19683, abs=1e-4)
    assert found.low > 1.1
    assert found.ratio == pytest.approx(exact, abs=2 * (found.high - found.low))


@pytest.mark.parametrize("m", [4, 6, 12])
def test_more_sectors_than_a_plane_has_room_for(m):
    found = isoperimetric_ratio(sectors(m), d=2, classes=m, generator=np.random.default_rng(m), ellipses=1000)
    assert not found.attainable
    assert found.low > 1
    assert found.boundary == pytest.approx(sector_slope(m), rel=0.01)
    assert found.boundary / found.sectors == pytest.approx(1.0, abs=0.01)


def test_the_interval_covers():
    """Of 60 intervals at 95 % at least 49 hold the truth (a chance below 1e-4 to fail)."""
    rng, exact = np.random.default_rng(1), slab_slope(3) / boundary_slope(3)
    held = 0
    for _ in range(60):
        found = isoperimetric_ratio(slabs, d=2, classes=3, generator=rng, ellipses=200, points=128)
        held += found.low <= exact <= found.high
    assert held >= 49


def test_on_grids_at_finite_eps_it_agrees_with_the_limit():
    rng = np.random.default_rng(2)
    cluster = simplicial_labels(simplex_directions(3, 2))
    best = isoperimetric_ratio_grid(cluster, d=2, classes=3, eps=0.1, generator=rng, grids=4)
    assert best.ratio == pytest.approx(1.0, abs=0.01)
    worse = isoperimetric_ratio_grid(slabs, d=2, classes=3, eps=0.1, generator=rng, grids=4)
    assert worse.ratio == pytest.approx(slab_slope(3) / boundary_slope(3), abs=0.04)
    assert worse.low > best.high
    assert worse.eps == 0.1


def test_an_optimal_generator_under_the_nearest_centre_oracle():
    centres = equidistant_centres(4)
    generate = SimplexProjectionGenerator.with_lipschitz(centres, 6, 5.0).float()
    labels = generator_labels(generate, nearest_centre(centres.float()))
    found = isoperimetric_ratio(
        labels, d=6, classes=4, generator=np.random.default_rng(3), ellipses=400, points=128, confidence=0.999
    )
    assert found.low <= 1 <= found.high


def test_a_class_that_never_occurs_is_left_out():
    labels = simplicial_labels(simplex_directions(3, 2))
    found = isoperimetric_ratio(
        lambda z: 2 * labels(z), d=2, classes=6, generator=np.random.default_rng(4), ellipses=400
    )
    assert found.cells == 3
    assert found.weights[1] == found.weights[3] == found.weights[5] == 0
    assert found.ratio == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("measure", [isoperimetric_ratio, isoperimetric_ratio_grid])
def test_one_class_has_no_ratio(measure):
    eps = {"eps": 0.2} if measure is isoperimetric_ratio_grid else {}
    found = measure(lambda z: np.full(len(z), 2), d=2, classes=3, generator=np.random.default_rng(0), **eps)
    assert found.status == "single_class"
    assert math.isnan(found.ratio)
    assert "class 2" in found.reason


def test_too_small_a_sample_is_refused():
    with pytest.raises(InputError, match="at least 40 ellipses"):
        isoperimetric_ratio(slabs, d=2, classes=3, generator=np.random.default_rng(0), ellipses=10)
    with pytest.raises(InputError, match="at least 2 grids"):
        isoperimetric_ratio_grid(slabs, d=2, classes=3, eps=0.2, generator=np.random.default_rng(0), grids=1)
