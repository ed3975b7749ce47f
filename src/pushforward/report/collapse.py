"""What collapses in a small latent space: precision, recall, both or neither. Decided by numbers alone.

A metric collapses where, at the smallest latent dimension, it is less than half of what it is at the largest, and the
two differ beyond their intervals. Where one of the four numbers has no interval, nothing is decided.
"""

import math
from dataclasses import dataclass

from pushforward.report.intervals import Interval
from pushforward.report.labels import number

SHARE = 0.5
OUTCOMES = ("precision", "recall", "both", "neither", "undecided")


@dataclass(frozen=True)
class Ends:
    """A metric at the smallest and at the largest latent dimension."""

    smallest: Interval
    largest: Interval

    @property
    def change(self) -> Interval:
        """Smallest minus largest."""
        return difference(self.smallest, self.largest)

    @property
    def known(self) -> bool:
        """Whether the change has an interval."""
        return math.isfinite(self.change.half_width)

    @property
    def collapsed(self) -> bool:
        """Whether the metric is lost at the smallest dimension."""
        return self.smallest.mean < SHARE * self.largest.mean and self.change.high < 0


def difference(first: Interval, second: Interval) -> Interval:
    """First minus second, with the half-width of a difference, sqrt(h_1^2 + h_2^2).

    Without ends where one of the two has none, or where they run over different axes: these are never mixed.
    """
    delta, half = first.mean - second.mean, math.hypot(first.half_width, second.half_width)
    if first.over != second.over:
        half = math.nan
    return Interval(delta, delta - half, delta + half, min(first.n, second.n), first.over)


def outcome(precision: Ends, recall: Ends) -> str:
    """Which of the two collapses, one of `OUTCOMES`."""
    if not (precision.known and recall.known):
        return "undecided"
    both = {(True, True): "both", (True, False): "precision", (False, True): "recall"}
    return both.get((precision.collapsed, recall.collapsed), "neither")


def sentence(precision: Ends, recall: Ends) -> str:
    """`precision 82.9 ± 0.5 against 73.0 ± 0.4, recall 1.7 ± 0.2 against 93.9 ± 0.3: recall collapses`."""
    found = outcome(precision, recall)
    said = {"both": "both collapse", "neither": "neither collapses", "undecided": "undecided without intervals"}
    told = (f"{name} {_words(own.smallest)} against {_words(own.largest)}" for name, own in _named(precision, recall))
    return f"{', '.join(told)}: {said.get(found, f'{found} collapses')}"


def _named(precision: Ends, recall: Ends) -> tuple[tuple[str, Ends], ...]:
    return ("precision", precision), ("recall", recall)


def _words(own: Interval) -> str:
    spread = f" ± {number(own.half_width, like=own.mean)}" if math.isfinite(own.half_width) else ""
    return f"{number(own.mean)}{spread}"
