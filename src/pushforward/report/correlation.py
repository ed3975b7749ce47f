"""Correlations over a handful of runs, with intervals that say how little a handful tells; a reason where undefined."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from pushforward.errors import InputError
from pushforward.report.intervals import LEVEL, Interval

FEWEST = 3  # two points always lie on a line
RESAMPLES = 2000
EQUAL = 1e-12  # spread, relative to the largest value, below which numbers count as equal


@dataclass(frozen=True)
class Correlation:
    """A coefficient of correlation.

    Attributes:
        interval: the coefficient in [-1, 1] and its interval; `n` pairs, `undefined` pairs left out; NaN unless "ok".
        status: "ok", "few_points" or "constant".
        reason: why there is no coefficient, or no interval.
    """

    interval: Interval
    status: str = "ok"
    reason: str = ""


def pearson(x: Iterable[float], y: Iterable[float], level: float = LEVEL) -> Correlation:
    """Pearson's coefficient with Fisher's interval, over "runs".

    Args:
        x: (n,); NaN where undefined, such pairs are left out and counted.
        y: (n,).
        level: confidence level.

    Raises:
        InputError: different lengths.
    """
    first, second = (np.asarray(list(values), dtype=np.float64) for values in (x, y))
    if first.shape != second.shape:
        raise InputError(f"expected pairs; got {len(first)} and {len(second)} numbers.")
    known = np.isfinite(first) & np.isfinite(second)
    first, second, left_out = first[known], second[known], int((~known).sum())
    if status := _trouble(first, second):
        return Correlation(Interval(math.nan, math.nan, math.nan, len(first), "runs", left_out), *status)
    r, n = _coefficient(first, second), len(first)
    if n == FEWEST or abs(r) > 1 - EQUAL:
        reason = "three points have no interval" if n == FEWEST else "the points lie on a line: no interval"
        return Correlation(Interval(r, math.nan, math.nan, n, "runs", left_out), reason=reason)
    return Correlation(Interval(r, *fisher(r, n, level), n, "runs", left_out))


def fisher(r: float, n: int, level: float = LEVEL) -> tuple[float, float]:
    """Ends of Fisher's interval of a coefficient |r| < 1 from n > 3 pairs: tanh(artanh r ± z / sqrt(n - 3))."""
    half = float(stats.norm.ppf((1 + level) / 2)) / math.sqrt(n - 3)
    return math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half)


def spearman(
    x: Sequence[float],
    groups: Sequence[Iterable[float]],
    over: str,
    generator: np.random.Generator,
    level: float = LEVEL,
) -> Correlation:
    """Rank correlation of x with the means of groups, bootstrapped within the groups.

    The interval says how sure the order of these means is; it runs over the groups' entries, not over x.

    Args:
        x: (n,).
        groups: n groups of numbers of any sizes, NaN where undefined; a group without a number is left out and counted.
        over: what varies within a group: "snapshots" or "sample sets".
        generator: source of the resamples.
        level: confidence level.

    Raises:
        InputError: different lengths.
    """
    if len(x) != len(groups):
        raise InputError(f"expected a group for each of {len(x)} numbers; got {len(groups)}.")
    each = [np.asarray(list(group), dtype=np.float64) for group in groups]
    pairs = [(a, own[np.isfinite(own)]) for a, own in zip(x, each, strict=True) if np.isfinite(own).any()]
    ranks, left_out = np.array([a for a, _ in pairs], dtype=np.float64), len(groups) - len(pairs)
    means = np.array([own.mean() for _, own in pairs])
    if status := _trouble(ranks, means):
        return Correlation(Interval(math.nan, math.nan, math.nan, len(pairs), over, left_out), *status)
    rho = _rank_correlation(ranks, means)
    if min(len(own) for _, own in pairs) < 2:
        reason = f"a single number among {over}: no interval"
        return Correlation(Interval(rho, math.nan, math.nan, len(pairs), over, left_out), reason=reason)
    drawn = [own[generator.integers(0, len(own), (RESAMPLES, len(own)))].mean(axis=1) for _, own in pairs]
    found = [_rank_correlation(ranks, row) for row in np.stack(drawn, axis=1)]
    low, high = np.nanquantile(found, [(1 - level) / 2, (1 + level) / 2])
    return Correlation(Interval(rho, float(low), float(high), len(pairs), over, left_out))


def _trouble(x: np.ndarray, y: np.ndarray) -> tuple[str, str] | None:
    """Status and reason where no coefficient is defined."""
    if len(x) < FEWEST:
        return "few_points", f"{len(x)} points; a correlation needs {FEWEST}"
    if any(np.ptp(values) <= EQUAL * np.abs(values).max() for values in (x, y)):
        return "constant", "all values of one variable are equal"
    return None


def _coefficient(x: np.ndarray, y: np.ndarray) -> float:
    a, b = x - x.mean(), y - y.mean()
    size = math.sqrt(float((a @ a) * (b @ b)))
    return float(np.clip(a @ b / size, -1, 1)) if size else math.nan


def _rank_correlation(x: np.ndarray, y: np.ndarray) -> float:
    return _coefficient(stats.rankdata(x), stats.rankdata(y))
