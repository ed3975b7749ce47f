"""Measured numbers as they stand in a figure's JSON: always with an interval, and with what it runs over."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from scipy.stats import binomtest

from pushforward.report.intervals import LEVEL, Interval, summarise


def share(hits: np.ndarray) -> Interval:
    """Share of true values among independent draws (n,), with Wilson's interval."""
    count, n = int(np.count_nonzero(hits)), len(hits)
    ends = binomtest(count, n).proportion_ci(LEVEL, method="wilson")
    return Interval(count / n, float(ends.low), float(ends.high), n, "samples")


def plain(interval: Interval) -> dict[str, Any]:
    """An interval as JSON-able values."""
    return asdict(interval)


def over_seeds(records: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """Mean and interval over trainings of each number that the records hold, one record a training."""
    return {name: plain(summarise([record[name] for record in records], "seeds")) for name in records[0]}


def words(interval: Interval, digits: int = 2) -> str:
    """`1.02 [1.01, 1.03]`; without brackets where there is no interval, `n/a` where there is no number.

    Trainings for which the number is undefined are counted behind it.
    """
    if not np.isfinite(interval.mean):
        return "n/a"
    ends = f" [{interval.low:.{digits}f}, {interval.high:.{digits}f}]" if np.isfinite(interval.low) else ""
    left_out = f" (undefined for {interval.undefined})" if interval.undefined else ""
    return f"{interval.mean:.{digits}f}{ends}{left_out}"


def cell(value: float, status: str, reason: str) -> dict[str, Any]:
    """A number of a record, with why it is undefined where it is."""
    return {"value": value, "status": status, "reason": reason}
