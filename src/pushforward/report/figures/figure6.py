"""Figure 6: precision and density against LogReg and Convex accuracy over the runs, and their correlations."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pushforward.report import style
from pushforward.report.correlation import Correlation
from pushforward.report.figures.measured import AS_PRINTED, CORRECTED, PAPER, Measured, Paper
from pushforward.report.labels import metric as label_of

PAIRS = (
    ("precision", "logreg_acc"),
    ("precision", "convex_acc"),
    ("density", "logreg_acc"),
    ("density", "convex_acc"),
)
SHORT = {"precision": "prec.", "density": "dens.", "logreg_acc": "LogReg", "convex_acc": "Convex"}
LOOKS = {"paper": PAPER, "printed": AS_PRINTED, "corrected": CORRECTED}
LABELS = {"paper": "printed", "printed": "ours, as printed", "corrected": "ours, corrected"}
HEIGHTS = {"paper": 0.25, "printed": 0.0, "corrected": -0.25}  # offsets within a line of the last panel
SMALLEST, GROWTH = 2.6, 0.7  # size of the first marker, and how much larger each next one is
LEAST, MOST = -0.99, 0.9993  # ends of the axis of coefficients, which is drawn in artanh r


@dataclass(frozen=True)
class Row:
    """One data set.

    Attributes:
        dataset: its name.
        ours: protocol ("printed", "corrected") -> metric -> one number a run, in the order given.
        paper: metric -> the printed numbers, in their order; empty where nothing is printed.
        correlations: series ("paper", "printed", "corrected") -> pair -> coefficient; "paper" is from printed numbers.
        stated: pair -> the coefficient that the paper's text states.
    """

    dataset: str
    ours: Mapping[str, Mapping[str, Sequence[Measured]]]
    paper: Mapping[str, Sequence[Paper]]
    correlations: Mapping[str, Mapping[tuple[str, str], Correlation]]
    stated: Mapping[tuple[str, str], float]


@style.use()
def draw(rows: Sequence[Row]) -> Figure:
    """For each data set four scatter plots, the later runs with larger markers, and the coefficients."""
    drawing = style.figure(style.DOUBLE, 0.45 + 1.5 * max(len(rows), 1))
    grid = drawing.subplots(max(len(rows), 1), len(PAIRS) + 1, squeeze=False, width_ratios=[1, 1, 1, 1, 1.3])
    for row, places in zip(rows, grid, strict=False):
        for left, axes, pair in zip((places[0], *places), places, PAIRS, strict=False):
            _scatter(axes, row, pair)
            if pair in PAIRS[1::2]:  # beside a panel with the same vertical axis
                axes.sharey(left)
                axes.tick_params(labelleft=False)
            else:
                axes.set_ylabel(f"{label_of(pair[0]).label} (%)", labelpad=1)
        _coefficients(places[-1], row)
        places[0].annotate(row.dataset, (0, 1.06), xycoords="axes fraction", fontweight="bold", annotation_clip=False)
    for axes, pair in zip(grid[-1], PAIRS, strict=False):
        axes.set_xlabel(f"{SHORT[pair[1]]} acc. (%)", labelpad=1)
    grid[-1, -1].set_xlabel("Pearson's $r$", labelpad=1)
    drawing.legend(*_legend(grid[0, -1], rows), loc="outside upper center", ncols=5, handlelength=1.6)
    return drawing


def _scatter(axes: Axes, row: Row, pair: tuple[str, str]) -> None:
    quality, geometry = pair
    most = math.inf if quality == "density" else 100.0
    for protocol, own in row.ours.items():
        sound = [a.sound and b.sound for a, b in zip(own[geometry], own[quality], strict=True)]
        _points(axes, _pairs(own[geometry]), _pairs(own[quality]), sound, protocol, most)
    if row.paper:
        x, y = ([(own.value, own.half_width) for own in row.paper[name]] for name in (geometry, quality))
        _points(axes, x, y, [True] * len(x), "paper", most)
    axes.margins(0.12)
    axes.locator_params(nbins=4)


def _pairs(values: Sequence[Measured]) -> list[tuple[float, float]]:
    return [(own.first.mean, own.first.half_width) for own in values]


def _points(
    axes: Axes,
    x: Sequence[tuple[float, float]],
    y: Sequence[tuple[float, float]],
    sound: Sequence[bool],
    series: str,
    most: float,
) -> None:
    """Points with bars along both axes, hollow where degenerate; what is undefined has no point.

    Bars end where no number can be: intervals of two snapshots reach far beyond. `most` is that end of the y axis.
    """
    look = {key: value for key, value in LOOKS[series].items() if key != "linestyle"}
    for place, ((a, a_half), (b, b_half), good) in enumerate(zip(x, y, sound, strict=True)):
        edge = {"markeredgewidth": 0.9} if series == "paper" else {"markeredgecolor": "white", "markeredgewidth": 0.3}
        hollow = {"markerfacecolor": "white", "markeredgewidth": 0.9, "markeredgecolor": look["color"]}
        if math.isfinite(a) and math.isfinite(b):
            axes.errorbar(
                a, b, xerr=_bar(a, a_half, 100), yerr=_bar(b, b_half, most), capsize=0, elinewidth=0.7,
                markersize=SMALLEST + GROWTH * place, **look, **(edge if good else hollow),
            )  # fmt: skip


def _bar(value: float, half: float, most: float) -> list[list[float]]:
    """Lengths down and up, in percent."""
    half = half if math.isfinite(half) else 0.0
    return [[max(min(half, value), 0.0)], [max(min(half, most - value), 0.0)]]


def _coefficients(axes: Axes, row: Row) -> None:
    """Pearson's coefficients with their intervals, a line for each pair; the reason where there is none."""
    for line, pair in enumerate(PAIRS):
        axes.axhspan(-line - 0.45, -line + 0.45, color="#F2F2F2" if line % 2 == 0 else "white", linewidth=0)
        for series, found in row.correlations.items():
            height, own = -line + HEIGHTS[series], found[pair]
            if own.status == "ok":
                _coefficient(axes, own, height, LOOKS[series])
            else:
                said = own.status.replace("_", " ")
                axes.text(0, height, f" {said}", color=LOOKS[series]["color"], fontsize=6, va="center")
        if pair in row.stated:
            axes.plot(row.stated[pair], -line + HEIGHTS["paper"], "D", color="black", markersize=4.5, fillstyle="none")
    axes.set_xscale("function", functions=(lambda r: np.arctanh(np.clip(r, LEAST, MOST)), np.tanh))
    axes.set(xlim=(LEAST, MOST), ylim=(0.5 - len(PAIRS), 0.5))
    axes.set_xticks([-0.9, 0, 0.9, 0.99], ["−.9", "0", ".9", ".99"])
    axes.set_yticks([-line for line in range(len(PAIRS))], [f"{SHORT[a]}, {SHORT[b]}" for a, b in PAIRS], fontsize=6.5)
    axes.axvline(0, color="#B0B0B0", linewidth=0.6)
    axes.tick_params(axis="y", length=0)


def _coefficient(axes: Axes, own: Correlation, height: float, look: Mapping[str, Any]) -> None:
    """A coefficient with its interval; beyond the end of the axis it is drawn there."""
    r, low, high = (
        float(np.clip(end, LEAST, MOST)) for end in (own.interval.mean, own.interval.low, own.interval.high)
    )
    ends = [[0.0], [0.0]] if math.isnan(low) else [[r - low], [high - r]]
    marker = {key: value for key, value in look.items() if key != "linestyle"}
    axes.errorbar(
        [r], [height], xerr=ends, capsize=0, elinewidth=0.9, markersize=3.2, linestyle="none", clip_on=False, **marker
    )


def _legend(axes: Axes, rows: Sequence[Row]) -> tuple[list[Any], list[str]]:
    drawn = [series for series in LOOKS if any(series in row.correlations for row in rows)]
    handles = [axes.plot([], [], **{**LOOKS[series], "linestyle": "none"})[0] for series in drawn]
    names = [LABELS[series] for series in drawn]
    if any(row.stated for row in rows):
        handles += axes.plot([], [], "D", color="black", markersize=4.5, fillstyle="none")
        names.append("$r$ stated in the text")
    return handles, names
