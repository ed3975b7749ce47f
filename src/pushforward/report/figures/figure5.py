"""Figure 5: precision, recall, density and coverage against the latent dimension, in both orders of the two sets."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pushforward.report import style
from pushforward.report.figures.measured import AS_PRINTED, CORRECTED, Measured, Paper, crosses, curve
from pushforward.report.labels import metric as label_of

METRICS = ("precision", "recall", "density", "coverage")
CORRECT, SWAPPED, OTHER_ORDER, PAPER, TRAININGS = NAMES = (
    "sets in their right order",
    "swapped, as printed",
    "as printed",
    "printed number",
    "other trainings",
)
APART = 0.13  # least distance of two tick labels, as a share of the axis


@dataclass(frozen=True)
class Row:
    """One data set.

    Attributes:
        dataset: its name.
        dimensions: latent dimensions (k,), increasing.
        corrected: metric -> k numbers, the sets in their right order.
        printed: metric -> k numbers as the authors' code computes them.
        paper: metric -> latent dimension -> the printed number; empty where nothing is printed.
    """

    dataset: str
    dimensions: Sequence[int]
    corrected: Mapping[str, Sequence[Measured]]
    printed: Mapping[str, Sequence[Measured]]
    paper: Mapping[str, Mapping[int, Paper]]


@style.use()
def draw(rows: Sequence[Row], swapped: bool) -> Figure:
    """A row of panels for each data set, a column for each metric.

    Args:
        rows: one a data set.
        swapped: whether the printed protocol is known to swap the two sets.
    """
    drawing = style.figure(style.DOUBLE, 0.45 + 1.35 * max(len(rows), 1))
    grid = drawing.subplots(max(len(rows), 1), len(METRICS), squeeze=False)
    for row, places in zip(rows, grid, strict=False):
        for axes, metric in zip(places, METRICS, strict=True):
            _panel(axes, row, metric, SWAPPED if swapped else OTHER_ORDER)
        places[0].set_ylabel(f"{row.dataset}\n(%)")
    for axes, metric in zip(grid[0], METRICS, strict=True):
        axes.set_title(label_of(metric).label, loc="center")
    for axes in grid[-1]:
        axes.set_xlabel("latent dimension $d$", labelpad=1)
    known: dict[str, Artist] = {}
    for axes in grid.flat:
        known |= dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    shown = {name: known[name] for name in NAMES if name in known}
    drawing.legend(list(shown.values()), list(shown), loc="outside upper center", ncols=len(NAMES), handlelength=2.2)
    return drawing


def _panel(axes: Axes, row: Row, metric: str, printed: str) -> None:
    curve(axes, row.dimensions, row.printed[metric], label=printed, **AS_PRINTED)
    curve(axes, row.dimensions, row.corrected[metric], label=CORRECT, **CORRECTED)
    paper = row.paper.get(metric, {})
    if paper:
        crosses(axes, list(paper), list(paper.values()), label=PAPER)
    if any(own.others for own in (*row.corrected[metric], *row.printed[metric])):
        axes.plot([], [], ".", color=style.UNSURE, markersize=4.5, label=TRAININGS)
    axes.set_xscale("log")
    dimensions = sorted({*row.dimensions, *paper})
    ticks = spread(dimensions)
    axes.set_xticks(ticks, [str(d) for d in ticks])
    axes.set_xticks([], minor=True)
    axes.set_xlim(dimensions[0] / 1.25, dimensions[-1] * 1.25)
    axes.set_ylim(0, max(104.0, axes.get_ylim()[1]))


def spread(values: Sequence[int]) -> list[int]:
    """Those of increasing positive values that can be labelled on a logarithmic axis; always the first and the last."""
    length = math.log(values[-1] / values[0]) or 1.0
    kept = [values[0]]
    for value in values[1:]:
        far = math.log(value / kept[-1]) / length >= APART
        if far and (value == values[-1] or math.log(values[-1] / value) / length >= APART):
            kept.append(value)
    return kept if values[-1] in kept else [*kept, values[-1]]
