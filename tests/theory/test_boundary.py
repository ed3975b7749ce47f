import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from pushforward.errors import InputError
from pushforward.theory.boundary import (
    boundary_measure,
    boundary_slope,
    boundary_upper_bound,
    expected_maximum,
    isoperimetric_border,
    sector_slope,
    slab_slope,
)


@pytest.mark.parametrize("eps", [0.0, 1e-9, 1e-4, 0.1, 0.5, 1.0, 3.0, 20.0])
def test_two_cells_are_a_slab(eps):
    assert boundary_measure(2, eps) == pytest.approx(2 * ndtr(eps) - 1, abs=1e-9)


def test_small_boundaries_keep_their_relative_precision():
    assert boundary_measure(2, 1e-12) == pytest.approx(np.sqrt(2 / np.pi) * 1e-12, rel=1e-9)


@pytest.mark.parametrize(
    ("m", "slope", "tolerance"),
    [
        (2, np.sqrt(2 / np.pi), 1e-8),
        (3, 3 / np.sqrt(2 * np.pi), 1e-8),
        (4, 1.45576, 1e-5),
        (5, 1.64468, 1e-5),
        (10, 2.17612, 1e-5),
        (100, 3.54627, 1e-5),
        (1000, 4.58408, 1e-5),
    ],
)
def test_slope_at_zero(m, slope, tolerance):
    assert boundary_slope(m) == pytest.approx(slope, abs=tolerance)
    assert boundary_measure(m, 1e-4) / 1e-4 == pytest.approx(slope, abs=1e-3)


@pytest.mark.parametrize("eps", [0.01, 0.2, 0.6])
def test_three_cells_are_wedges_with_their_apex_moved(eps):
    """At depth eps a 120-degree cell is a 120-degree wedge whose apex has moved by eps / sin 60 degrees."""
    angle = np.linspace(-np.pi / 3, np.pi / 3, 4001)
    # A wedge seen from the origin: the ray at `angle` enters it at this radius, and holds exp(-r^2 / 2) / (2 pi).
    enters = eps / np.sin(np.pi / 3 - np.abs(angle[1:-1]))
    wedge = np.trapezoid(np.concatenate([[0], np.exp(-(enters**2) / 2), [0]]), angle) / (2 * np.pi)
    assert boundary_measure(3, eps) == pytest.approx(1 - 3 * wedge, abs=1e-6)


def test_grows_with_eps_and_m_between_the_half_space_and_the_closed_bound():
    eps = [1e-3, 0.05, 0.3, 1.0, 2.5]
    last = np.zeros(len(eps))
    for m in range(2, 201):
        measures = np.array([boundary_measure(m, e) for e in eps])
        assert np.all(np.diff(measures) > 0)
        assert np.all(np.diff(np.diff(measures) / np.diff(eps)) < 0)  # concave in eps
        assert np.all(measures > last)
        assert np.all(measures <= [boundary_upper_bound(m, e) for e in eps])
        assert np.all(measures >= [m * isoperimetric_border(1 / m, e) - 1e-12 for e in eps])
        last = measures


@pytest.mark.parametrize("m", [1e4, 1e6, 1e9, 1e12])
def test_very_many_cells(m):
    slope = boundary_slope(m)
    assert slope < 2 * np.sqrt(np.log(m))
    assert boundary_measure(m, 1e-6) / 1e-6 == pytest.approx(slope, rel=1e-5)
    assert boundary_measure(m, 0.1) < 0.1 * slope
    assert boundary_measure(m, 10.0) == pytest.approx(1.0, abs=1e-12)
    # Extreme values: the median of the maximum is where Phi^m = 1/2.
    median = -ndtri(-np.expm1(np.log(0.5) / m))
    assert expected_maximum(m) == pytest.approx(median, rel=0.02)


def test_half_spaces_have_the_least_border():
    w = np.linspace(0.01, 0.99, 25)
    t = ndtri(1 - w)
    np.testing.assert_allclose(isoperimetric_border(w, 0.3), ndtr(t + 0.3) - ndtr(t), atol=1e-14)
    assert isoperimetric_border(1e-12, 1e-3) < 1e-12
    assert isoperimetric_border(0.5, 0.1) == pytest.approx(ndtr(0.1) - 0.5, abs=1e-15)


def test_slabs_and_sectors_have_longer_walls_than_the_cluster():
    assert slab_slope(3) == pytest.approx(1.4544, abs=5e-5)
    assert slab_slope(3) == pytest.approx(4 * np.exp(-(ndtri(1 / 3) ** 2) / 2) / np.sqrt(2 * np.pi), abs=1e-12)
    assert sector_slope(3) == pytest.approx(boundary_slope(3), abs=1e-12)  # three sectors are the propeller
    assert slab_slope(2) == pytest.approx(boundary_slope(2), abs=1e-12)
    for m in range(4, 13):
        assert slab_slope(m) > boundary_slope(m) + 0.1
        assert sector_slope(m) > boundary_slope(m) + 0.1


@pytest.mark.parametrize(("m", "eps"), [(1, 0.1), (3, -0.1), (3, float("nan"))])
def test_impossible_boundaries_are_refused(m, eps):
    with pytest.raises(InputError, match="m >= 2 cells and eps >= 0"):
        boundary_measure(m, eps)
    with pytest.raises(InputError, match=r"\[0, 1\]"):
        isoperimetric_border(1.2, 0.1)
