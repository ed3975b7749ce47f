"""Unequal cells: the simplicial cluster translated so that its cells have given measures, and its epsilon-boundary.

Milman and Neeman (2022) prove that, for m <= d + 1, no partition in cells of these measures has a smaller perimeter,
which is the limit eps -> 0; for finite eps nothing is proved.

Integrals run over y = g_i + b_i on one grid shared by all cells. The integrands are analytic and decay like a Gaussian,
where the trapezoid rule is exact to rounding.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_ndtr

from pushforward.errors import InputError
from pushforward.theory.boundary import LOG_SQRT_2PI

STEP = 1 / 24
TAIL = 10.0


def cell_weights(offsets: ArrayLike) -> np.ndarray:
    """Measures (m,) of the cells {g_i + b_i largest} for offsets b (m,)."""
    _, density, log_cdf = _factors(np.asarray(offsets, dtype=float))
    return STEP * np.exp(density + log_cdf.sum(axis=1, keepdims=True) - log_cdf).sum(axis=0)


def wall_measures(offsets: ArrayLike) -> np.ndarray:
    """Gaussian (d - 1)-dimensional measure (m, m) of the wall between every two cells; zero diagonal.

    Wall ij has measure sqrt2 Int phi(y - b_i) phi(y - b_j) prod_{k != i,j} Phi(y - b_k) dy.
    """
    _, density, log_cdf = _factors(np.asarray(offsets, dtype=float))
    half = np.exp(density - log_cdf + log_cdf.sum(axis=1, keepdims=True) / 2)
    walls = np.sqrt(2) * STEP * (half.T @ half)
    np.fill_diagonal(walls, 0.0)
    return walls


def offsets_for_weights(weights: ArrayLike, tolerance: float = 1e-12) -> np.ndarray:
    """Offsets b (m,), of mean 0, whose cells have the given measures.

    Newton's method on log w(b) = log w: dw_i/db_j = -(measure of wall ij) / sqrt2, halving the step while it does not
    bring the residual down.

    Args:
        weights: (m,) positive, summing to 1.
        tolerance: largest |log w(b) - log w| left.

    Raises:
        InputError: fewer than two cells, or weights that are not positive or do not sum to 1, or are too small to
            resolve.
    """
    weights = _weights(weights)
    target = np.log(weights)
    b = np.zeros(len(weights))
    residual = target - np.log(cell_weights(b))
    for _ in range(200):
        worst = np.abs(residual).max()
        if worst <= tolerance:
            return b
        walls = wall_measures(b) / np.sqrt(2)
        slope = (np.diag(walls.sum(axis=1)) - walls) / np.exp(target - residual)[:, None]
        step = np.linalg.lstsq(slope, residual, rcond=None)[0]
        for _ in range(30):
            trial = b + step - (b + step).mean()
            with np.errstate(divide="ignore"):
                found = target - np.log(cell_weights(trial))
            if np.abs(found).max() < worst:
                break
            step = step / 2
        else:
            if worst <= 1e3 * tolerance:  # rounding: no step improves any more
                return b
            break
        b, residual = trial, found
    raise InputError(
        f"No offsets give cells of weights {weights} (smallest {weights.min():.3g}); drop cells this small."
    )


def boundary_measure_weighted(weights: ArrayLike, eps: float) -> float:
    """Measure of the eps-boundary of the simplicial cluster with these cell measures (m,), eps >= 0."""
    if not eps >= 0:
        raise InputError(f"A boundary needs eps >= 0, {eps} came.")
    b = offsets_for_weights(weights)
    y, density, log_cdf = _factors(b)
    log_far = log_ndtr(y[:, None] - b - np.sqrt(2) * eps)
    others = log_cdf.sum(axis=1, keepdims=True) - log_cdf
    others_far = log_far.sum(axis=1, keepdims=True) - log_far
    return float(-STEP * (np.exp(density + others) * np.expm1(others_far - others)).sum())


def boundary_slope_weighted(weights: ArrayLike) -> float:
    """Derivative of `boundary_measure_weighted` in eps at 0: each wall counted from both sides."""
    return float(wall_measures(offsets_for_weights(weights)).sum())


def _factors(b: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Grid y, and log phi(y - b_j), log Phi(y - b_j), both (grid, m)."""
    y = np.arange(b.min() - TAIL, b.max() + TAIL, STEP)
    shifted = y[:, None] - b
    return y, -(shifted**2) / 2 - LOG_SQRT_2PI, log_ndtr(shifted)


def _weights(weights: ArrayLike) -> np.ndarray:
    w = np.asarray(weights, dtype=float)
    if w.ndim != 1 or len(w) < 2 or not np.all(w > 0) or abs(w.sum() - 1) > 1e-9:
        raise InputError(f"Weights of at least two cells, positive and summing to 1, were expected; {w} came.")
    return w / w.sum()
