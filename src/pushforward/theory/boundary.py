"""Gaussian measure of the epsilon-boundary of the equal-measure simplicial cluster, exact.

The epsilon-boundary (ICML Definition 3.4) holds the points closer than epsilon to another cell: a strip of width
2 epsilon around every wall. In the cluster these are the points whose two largest cell coordinates differ by less than
sqrt(2) epsilon, so m independent normals are all that is needed, whatever d >= m - 1.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.integrate import quad
from scipy.special import log_ndtr, ndtr, ndtri

from pushforward.errors import InputError

LOG_SQRT_2PI = 0.5 * np.log(2 * np.pi)


def boundary_measure(m: float, eps: float) -> float:
    """gamma(boundary of width eps) = m Int phi(x) (Phi(x)^(m-1) - Phi(x - sqrt2 eps)^(m-1)) dx.

    Written as a difference inside the integral, it keeps its relative precision as eps -> 0.

    Args:
        m: number of cells, at least 2; up to 1e12 is tested.
        eps: distance in the latent space, >= 0.

    Raises:
        InputError: m < 2 or eps < 0.
    """
    _check(m, eps)
    shift = np.sqrt(2) * eps

    def integrand(x: float) -> float:
        near, far = log_ndtr(x), log_ndtr(x - shift)
        maximum = np.exp(np.log(m) - x * x / 2 - LOG_SQRT_2PI + (m - 1) * near)
        return float(-maximum * np.expm1((m - 1) * (far - near)))

    return min(1.0, _integrate(integrand, m))


def expected_maximum(m: float) -> float:
    """E[max of m independent standard normals] = m (m - 1) Int phi(x)^2 Phi(x)^(m-2) dx."""
    _check(m, 0.0)

    def integrand(x: float) -> float:
        return float(np.exp(np.log(m) + np.log(m - 1) - x * x - 2 * LOG_SQRT_2PI + (m - 2) * log_ndtr(x)))

    return _integrate(integrand, m)


def boundary_slope(m: float) -> float:
    """Derivative of `boundary_measure` in eps at 0: sqrt2 E[max], twice the Gaussian perimeter of the walls."""
    return float(np.sqrt(2) * expected_maximum(m))


def sector_slope(m: int) -> float:
    """The same derivative for m half-lines from the origin of R^2, at any angles: each has length 1/(2 sqrt(2 pi))."""
    return float(m / np.sqrt(2 * np.pi))


def slab_slope(m: int) -> float:
    """The same derivative for m parallel slabs of equal measure: 2 sum_k phi(Phi^-1(k/m))."""
    walls = ndtri(np.arange(1, m) / m)
    return float(2 * np.exp(-(walls**2) / 2 - LOG_SQRT_2PI).sum())


def boundary_upper_bound(m: float, eps: float) -> float:
    """2 eps sqrt(log m) >= boundary_measure(m, eps) for all m >= 2 and eps >= 0, since E[max] <= sqrt(2 log m)."""
    _check(m, eps)
    return float(2 * eps * np.sqrt(np.log(m)))


def isoperimetric_border(w: ArrayLike, eps: float) -> np.ndarray:
    """Least measure of the eps-border inside a cell of measure w: Phi(t + eps) - Phi(t), t = Phi^-1(1 - w).

    It is that of a half-space (Borell; Sudakov and Tsirelson): the complement's eps-neighbourhood is at least as large.

    Args:
        w: measures in [0, 1], any shape.
        eps: distance, >= 0.
    """
    w = np.asarray(w, dtype=float)
    if np.any((w < 0) | (w > 1)) or not eps >= 0:
        raise InputError(f"isoperimetric_border needs measures in [0, 1] and eps >= 0; w = {w}, eps = {eps} came.")
    return w - ndtr(ndtri(w) - eps)


def _integrate(integrand: Callable[[float], float], m: float) -> float:
    """Integral over the line of a function that lives where the maximum of m normals does."""
    peak = np.sqrt(2 * np.log(m))
    points = [*(peak + np.array([-4.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0])), 0.0]
    low, high = -12.0, np.sqrt(2 * (np.log(m) + 80))
    value, _ = quad(integrand, low, high, points=points, epsabs=1e-14, epsrel=1e-12, limit=400)
    return float(value)


def _check(m: float, eps: float) -> None:
    if not (m >= 2 and eps >= 0):
        raise InputError(f"A boundary needs m >= 2 cells and eps >= 0; m = {m}, eps = {eps} came.")
