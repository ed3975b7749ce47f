"""Numbers with their uncertainty, drawn alike in every figure: bars of the first training, dots of the others."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes

from pushforward.report import style
from pushforward.report.intervals import Interval

CORRECTED: dict[str, Any] = {"color": style.BLUE, "marker": "o", "linestyle": "-"}
AS_PRINTED: dict[str, Any] = {"color": style.VERMILLION, "marker": "s", "linestyle": "--"}
PAPER: dict[str, Any] = {"color": style.BLACK, "marker": "x", "linestyle": "none"}


@dataclass(frozen=True)
class Measured:
    """One number.

    Attributes:
        first: mean and interval of the first training.
        others: means of the other trainings.
        sound: whether its status is "ok"; drawn hollow where not.
    """

    first: Interval
    others: tuple[float, ...] = ()
    sound: bool = True


@dataclass(frozen=True)
class Paper:
    """A printed number and its half-width (NaN where none is printed)."""

    value: float
    half_width: float = math.nan


def curve(axes: Axes, x: Sequence[float], values: Sequence[Measured], **look: Any) -> None:
    """A line through the first training's means with bars, hollow where degenerate, and a dot an other training."""
    axes.errorbar(
        x, [own.first.mean for own in values], yerr=_half(values), capsize=1.5, elinewidth=0.7, markersize=3.2, **look
    )
    hollow = [(a, own.first.mean) for a, own in zip(x, values, strict=True) if not own.sound]
    shape = {"color": look["color"], "marker": look["marker"], "linestyle": "none"}
    axes.plot(*_columns(hollow), markerfacecolor="white", markersize=3.2, zorder=4, **shape)
    dots = [(a, other) for a, own in zip(x, values, strict=True) for other in own.others]
    axes.plot(*_columns(dots), ".", color=look["color"], alpha=0.6, markersize=4.5, markeredgewidth=0)


def crosses(axes: Axes, x: Sequence[float], printed: Sequence[Paper], **look: Any) -> None:
    """Printed numbers with their half-widths."""
    half = [0.0 if math.isnan(own.half_width) else own.half_width for own in printed]
    style_of = {**PAPER, **look}
    axes.errorbar(
        x, [own.value for own in printed], yerr=half, capsize=0, elinewidth=0.7, markersize=3.8, zorder=5, **style_of
    )


def _half(values: Sequence[Measured]) -> list[float]:
    return [0.0 if math.isnan(own.first.half_width) else own.first.half_width for own in values]


def _columns(points: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [x for x, _ in points], [y for _, y in points]
