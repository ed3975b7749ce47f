import math

import numpy as np
import pytest
from scipy.special import ndtri

from pushforward.errors import InputError
from pushforward.theory.partition import simplicial_labels
from pushforward.theory.simplex import random_rotation, simplex_directions
from pushforward.theory.walls import slabs, wall_angles

WALLS = ndtri([1 / 3, 2 / 3])


@pytest.mark.parametrize(("m", "d", "angles"), [(3, 2, 3), (3, 8, 3), (4, 3, 12)])
def test_walls_of_the_cluster_meet_at_120_degrees(m, d, angles):
    rng = np.random.default_rng(d)
    u = simplex_directions(m, d, random_rotation(d, rng))
    report = wall_angles(simplicial_labels(u), d=d, generator=rng, ellipses=400)
    assert len(report.walls) == m * (m - 1) // 2
    assert len(report.angles) == angles
    for angle in report.angles:
        assert angle.degrees == pytest.approx(120, abs=1e-3)
        assert angle.low - 1e-3 <= 120 <= angle.high + 1e-3
    for wall in report.walls:
        assert wall.bend < 1e-5
        assert wall.offset == pytest.approx(0, abs=1e-5)
        normal = (u[wall.j] - u[wall.i]) / np.linalg.norm(u[wall.j] - u[wall.i])
        np.testing.assert_allclose(wall.normal, normal, atol=1e-4)
    assert sum(wall.share for wall in report.walls) == pytest.approx(1)


def test_unequal_angles_are_measured():
    """Three half-lines at 0, 90 and 210 degrees: the cells open by 90, 120 and 150."""
    edges = np.radians([0, 90, 210])
    labels = lambda z: np.searchsorted(edges, np.arctan2(z[:, 1], z[:, 0]) % (2 * np.pi)) - 1  # noqa: E731
    report = wall_angles(labels, d=2, generator=np.random.default_rng(0), ellipses=300)
    assert {a.cell: round(a.degrees, 2) for a in report.angles} == {0: 90.0, 1: 120.0, 2: 150.0}


def test_wavy_walls_have_wide_intervals_around_120():
    def wavy(z):
        angle = np.arctan2(z[:, 1], z[:, 0]) + 0.3 * np.sin(np.linalg.norm(z, axis=1))
        return np.floor(3 * (angle / (2 * np.pi) % 1)).astype(int) % 3

    report = wall_angles(wavy, d=2, generator=np.random.default_rng(1), ellipses=2000, points=64)
    for angle in report.angles:
        assert angle.low < angle.degrees < angle.high
        assert angle.degrees == pytest.approx(120, abs=6)
        assert 0.5 < angle.high - angle.low < 12
    assert min(wall.bend for wall in report.walls) > 0.05


def test_two_parallel_lines_are_recognised():
    axis = np.array([0.6, 0.8])
    found = slabs(
        wall_angles(lambda z: np.searchsorted(WALLS, z @ axis), d=2, generator=np.random.default_rng(2), ellipses=300)
    )
    assert found.status == "ok"
    assert found.middle == 1
    assert found.degrees == pytest.approx(0, abs=1e-3)
    assert found.other_share == 0
    assert found.bend < 1e-5


def test_nearly_parallel_lines_keep_their_angle():
    """Two lines at an angle of 20 degrees that meet far away."""
    tilt = np.radians(10)
    first, second = np.array([np.cos(tilt), np.sin(tilt)]), np.array([np.cos(tilt), -np.sin(tilt)])
    labels = lambda z: (z @ first > -0.7).astype(int) + ((z @ first > -0.7) & (z @ second > 0.7))  # noqa: E731
    found = slabs(wall_angles(labels, d=2, generator=np.random.default_rng(3), ellipses=500))
    assert found.middle == 1
    assert found.degrees == pytest.approx(20, abs=0.1)
    assert found.other_share < 0.02


def test_a_propeller_is_not_two_parallel_lines():
    labels = simplicial_labels(simplex_directions(3, 2))
    found = slabs(wall_angles(labels, d=2, generator=np.random.default_rng(4), ellipses=500))
    assert found.degrees == pytest.approx(120, abs=1e-3)
    assert found.other_share == pytest.approx(1 / 3, abs=0.03)


def test_partitions_without_two_walls():
    rng = np.random.default_rng(5)
    two = wall_angles(simplicial_labels(simplex_directions(2, 2)), d=2, generator=rng, ellipses=100)
    assert (len(two.walls), two.angles) == (1, ())
    assert slabs(two).status == "missing_walls"
    one = wall_angles(lambda z: np.zeros(len(z), dtype=int), d=2, generator=rng, ellipses=100)
    assert one.status == "missing_walls"
    assert math.isnan(slabs(one).degrees)
    with pytest.raises(InputError, match="d >= 2"):
        wall_angles(lambda z: z[:, 0] > 0, d=1, generator=rng)
