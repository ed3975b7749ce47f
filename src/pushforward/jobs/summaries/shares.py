"""Counts as percentages with Wilson's interval."""

import math

from scipy.stats import binomtest

from pushforward.report.intervals import LEVEL, Interval


def percent(count: int, n: int, over: str) -> Interval:
    """`count` of `n` in percent, with Wilson's interval; no number where there is nothing to count."""
    if not n:
        return Interval(math.nan, math.nan, math.nan, 0, over)
    ends = binomtest(count, n).proportion_ci(LEVEL, method="wilson")
    return Interval(100 * count / n, 100 * float(ends.low), 100 * float(ends.high), n, over)
