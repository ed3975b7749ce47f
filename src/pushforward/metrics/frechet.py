"""Frechet distance between the Gaussians fitted to two sets of features (Heusel et al. 2017).

The distance is |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)). The trace of the root is the sum of the square roots of the
eigenvalues of L^T S2 L with S1 = L L^T: a symmetric problem, where a root of the unsymmetric product takes minutes.
On Inception features it is called FID; on an oracle's features, as in the first version of the paper, FD.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pushforward.arrays import Doubles, finite_matrix
from pushforward.errors import InputError

ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class Statistics:
    """Mean (D,) and covariance (D, D; divisor n - 1) of n features, in float64."""

    mean: Doubles
    covariance: Doubles
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
    """Mean and covariance of features (n, D).

    Raises:
        InputError: fewer than two rows, or rows that are not finite.
    """
    features = finite_matrix(features, "feature")
    return streamed_statistics(
        features[start : start + ROWS_AT_ONCE] for start in range(0, len(features), ROWS_AT_ONCE)
    )


def streamed_statistics(batches: Iterable[Any]) -> Statistics:
    """Mean and covariance of features that come in batches (b, D), none of which is kept.

    Batches are joined in float64 by the rule of Chan, Golub and LeVeque (1979), after the first row is taken off all:
    so neither their size nor a mean far off costs accuracy, and equal rows give a covariance of exactly 0.

    Raises:
        InputError: fewer than two rows in all, rows that are not finite, or batches of different widths.
    """
    n, shift = 0, None
    for batch in batches:
        rows = finite_matrix(batch, "feature").astype(np.float64)
        if len(rows) == 0:
            continue
        if shift is None:
            shift, mean, scatter = rows[0].copy(), np.zeros(rows.shape[1]), np.zeros((rows.shape[1],) * 2)
        if rows.shape[1] != len(shift):
            raise InputError(f"features must have one width, got {len(shift)} and {rows.shape[1]}: use one extractor.")
        rows -= shift
        step = rows.mean(axis=0) - mean
        rows -= mean + step
        scatter += rows.T @ rows
        scatter += np.outer(step, step * (n * len(rows) / (n + len(rows))))
        mean += step * (len(rows) / (n + len(rows)))
        n += len(rows)
    if shift is None or n < 2:
        raise InputError(f"a covariance needs at least two feature rows, got {n}: draw more samples.")
    return Statistics(shift + mean, scatter / (n - 1), n)


def frechet(first: Statistics, second: Statistics) -> Frechet:
    """Distance between two Gaussians; their order does not matter.

    Raises:
        InputError: features of different widths, or means and covariances that are not finite.
    """
    width = len(first.mean)
    if first.mean.shape != second.mean.shape:
        raise InputError(f"features must have one width, got {width} and {len(second.mean)}: use one extractor.")
    if not all(np.isfinite(x).all() for s in (first, second) for x in (s.mean, s.covariance)):
        raise InputError("means and covariances must be finite: repair the features first.")
    # one order for both ways round, so that both ways round the same numbers are added
    a, b = sorted((first, second), key=lambda s: (s.n, float(np.trace(s.covariance))))
    gap = a.mean - b.mean
    spread = float(np.trace(a.covariance) + np.trace(b.covariance))
    raw = float(gap @ gap) + spread - 2 * _trace_of_root(a, b)
    return Frechet(max(raw, 0.0), raw, first.n, second.n, *_state(first, second))


def _trace_of_root(a: Statistics, b: Statistics) -> float:
    """Trace of (S1 S2)^(1/2)."""
    one, other = torch.from_numpy(a.covariance), torch.from_numpy(b.covariance)
    root = _root(one)
    values = _eigenvalues(root.T @ other @ root)
    # n features span n - 1 directions: what lies beyond is rounding, and its square root would not be small
    rank = min(len(values), a.n - 1, b.n - 1)
    return float(values[len(values) - rank :].clamp(min=0).sqrt().sum())


def _eigenvalues(symmetric: Tensor) -> Tensor:
    """Eigenvalues in rising order, by one thread: more of them mostly wait for each other, on busy cores for long."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return torch.linalg.eigvalsh(symmetric)
    finally:
        torch.set_num_threads(threads)


def _root(covariance: Tensor) -> Tensor:
    """Some L with S = L L^T, also where S is singular."""
    lower, failed = torch.linalg.cholesky_ex(covariance)
    if not failed:
        return lower
    values, vectors = torch.linalg.eigh(covariance)
    return vectors * values.clamp(min=0).sqrt()


def _state(first: Statistics, second: Statistics) -> tuple[str, str]:
    constant = [name for name, s in (("first", first), ("second", second)) if np.trace(s.covariance) == 0]
    if constant:
        return "constant", f"all features of the {' and of the '.join(constant)} set are the same point"
    n, width = min(first.n, second.n), len(first.mean)
    if n <= width:
        return "few_samples", f"{n} features of width {width} leave the covariance singular: biased upwards"
    return "ok", ""
