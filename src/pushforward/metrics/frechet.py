"""Frechet distance between the Gaussians fitted to two sets of features (Heusel et al. 2017).

||m1 - m2||^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)). The trace of the root is the sum of the square roots of the eigenvalues
of L^T S2 L with S1 = L L^T: a symmetric problem, so that no root of an unsymmetric product is needed.
On Inception features this is FID; on the oracle's features (first version of the paper) it is called FD.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from pushforward.arrays import finite_matrix
from pushforward.errors import InputError

BLOCK = 4096


@dataclass(frozen=True)
class Statistics:
    """Mean (D,) and covariance (D, D; divisor n - 1) of n features, in float64."""

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    n: int


@dataclass(frozen=True)
class Frechet:
    """A distance in squared units of the features.

    Attributes:
        value: the distance, at least 0.
        raw: before it was cut off at 0; rounding can make it slightly negative.
        n_first: features behind the first statistics.
        n_second: features behind the second.
        status: "ok", "few_samples" (n <= D: the covariance is singular and the distance biased upwards) or "constant".
        reason: why.
    """

    value: float
    raw: float
    n_first: int
    n_second: int
    status: str = "ok"
    reason: str = ""


def statistics(features: Any) -> Statistics:
    """Mean and covariance of features (n, D), summed in blocks in float64 around the mean.

    Raises:
        InputError: fewer than two rows, or rows that are not finite.
    """
    features = finite_matrix(features, "feature")
    n, width = features.shape
    if n < 2:
        raise InputError(f"a covariance needs at least two feature rows, got {n}.")
    mean = features.mean(axis=0, dtype=np.float64)
    scatter = np.zeros((width, width))
    for start in range(0, n, BLOCK):
        centred = features[start : start + BLOCK].astype(np.float64) - mean
        scatter += centred.T @ centred
    return Statistics(mean, scatter / (n - 1), n)


def frechet(first: Statistics, second: Statistics) -> Frechet:
    """Distance between two Gaussians; the order does not matter.

    Raises:
        InputError: features of different widths, or covariances that are not finite.
    """
    if first.mean.shape != second.mean.shape:
        raise InputError(
            f"features must have one width, got {len(first.mean)} and {len(second.mean)}: use one extractor."
        )
    if not all(np.isfinite(x).all() for s in (first, second) for x in (s.mean, s.covariance)):
        raise InputError("means and covariances must be finite: repair the features first.")
    gap = first.mean - second.mean
    spread = float(np.trace(first.covariance) + np.trace(second.covariance))
    raw = float(gap @ gap) + spread - 2 * _trace_of_root(first.covariance, second.covariance)
    width = len(gap)
    status, reason = "ok", ""
    if min(np.trace(first.covariance), np.trace(second.covariance)) == 0:
        status, reason = "constant", "a set of features is constant: the distance is that of the means and a spread"
    elif min(first.n, second.n) <= width:
        status, reason = "few_samples", f"{min(first.n, second.n)} features of width {width}: biased upwards"
    return Frechet(max(raw, 0.0), raw, first.n, second.n, status, reason)


def _trace_of_root(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Trace of (A B)^(1/2) of two positive semi-definite matrices."""
    for factored, other in ((a, b), (b, a)):
        try:
            lower = linalg.cholesky(factored, lower=True, check_finite=False)
        except linalg.LinAlgError:
            continue
        return _sum_of_roots(lower.T @ other @ lower)
    values, vectors = linalg.eigh(a, check_finite=False)
    root = vectors * np.sqrt(np.clip(values, 0, None))
    return _sum_of_roots(root.T @ b @ root)


def _sum_of_roots(symmetric: NDArray[np.float64]) -> float:
    values = linalg.eigvalsh(symmetric, check_finite=False, overwrite_a=True)
    return math.fsum(np.sqrt(np.clip(values, 0, None)))
