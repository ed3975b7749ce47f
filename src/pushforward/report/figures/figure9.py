"""Figure 9: precision against the number of modes, for each dimension of the latent space, with bounds."""

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pushforward.report import style
from pushforward.report.intervals import Interval

MARKERS = "osD^vP"
QUARTER, MODE, PRINTED, CLUSTER, NO_CLUSTER = NAMES = (
    "α within D/4",
    "α within the mode",
    "Cor. 3.6, printed",
    "cluster, exact",
    "no cluster, m > d + 1",
)


@dataclass(frozen=True)
class Point:
    """All trainings of one run.

    Attributes:
        modes: m.
        latent_dim: d.
        quarter: share of samples closer to a mode than a quarter of the distance between two, in [0, 1].
        mode: share within balls that hold 99 % of their mode.
        printed: Corollary 3.6 as printed, with the largest slope met.
        cluster: exact precision that the simplicial cluster allows at that slope.
    """

    modes: int
    latent_dim: int
    quarter: Interval
    mode: Interval
    printed: Interval
    cluster: Interval

    @property
    def attainable(self) -> bool:
        """Whether the cluster exists in this latent space."""
        return self.modes <= self.latent_dim + 1


@style.use()
def draw(points: Sequence[Point]) -> Figure:
    """The precision of all runs in one panel, as printed; beside it, for each dimension, with the bounds."""
    dimensions = sorted({point.latent_dim for point in points})
    columns = min(3, len(dimensions))
    drawing = style.figure(style.DOUBLE, 3.2)
    left, right = drawing.subfigures(1, 2, squeeze=False, width_ratios=[1.05, 2])[0]
    axes = left.subplots()
    _measured(axes, points, dimensions)
    axes.set_title("a  precision")
    grid = right.subplots(-(-len(dimensions) // columns), columns, sharex=True, sharey=True, squeeze=False)
    for place, own, letter in zip(grid.flat, dimensions, "bcdefghijkl", strict=False):
        _bounded(place, [point for point in points if point.latent_dim == own])
        place.set_title(f"{letter}  $d$ = {own}")
    for empty in grid.flat[len(dimensions) :]:
        empty.axis("off")
    for place in grid[-1]:
        place.set_xlabel("modes $m$", labelpad=1)
    known = dict(zip(*reversed(grid.flat[0].get_legend_handles_labels()), strict=True))
    right.legend([known[name] for name in NAMES], NAMES, loc="outside upper center", ncols=3, handlelength=1.6)
    _scale(axes, points)
    _scale(grid.flat[0], points)
    axes.set_xlabel("modes $m$", labelpad=1)
    return drawing


def _measured(axes: Axes, points: Sequence[Point], dimensions: Sequence[int]) -> None:
    shades = mpl.colormaps["viridis"](np.linspace(0, 0.9, len(dimensions)))
    for own, shade, marker in zip(dimensions, shades, MARKERS * 2, strict=False):
        row = sorted((point for point in points if point.latent_dim == own), key=lambda point: point.modes)
        _curve(axes, row, [point.quarter for point in row], color=shade, marker=marker, label=f"$d$ = {own}")
    axes.legend(loc="lower left", handlelength=1.6, labelspacing=0.25)
    axes.set_ylabel("precision α (share within $D/4$ of a mode)")


def _bounded(axes: Axes, points: Sequence[Point]) -> None:
    row = sorted(points, key=lambda point: point.modes)
    looks: dict[str, object] = {"color": style.VERMILLION, "linestyle": "--"}
    _curve(axes, row, [point.printed for point in row], label=PRINTED, marker="_", **looks)
    _curve(axes, row, [point.cluster for point in row], label=CLUSTER, marker="_", color=style.BLUE)
    _curve(axes, row, [point.mode for point in row], label=MODE, color=style.UNSURE, marker=".")
    _curve(axes, row, [point.quarter for point in row], label=QUARTER, color=style.BLACK, marker=".")
    open_ended = [point for point in row if not point.attainable]
    axes.plot(
        [point.modes for point in open_ended],
        [point.cluster.mean for point in open_ended],
        "o",
        color=style.BLUE,
        markerfacecolor="white",
        label=NO_CLUSTER,
    )


def _curve(axes: Axes, row: Sequence[Point], values: Sequence[Interval], **look: object) -> None:
    """A line through the means, with the intervals as bars."""
    half = [0.0 if np.isnan(value.half_width) else value.half_width for value in values]
    modes = [point.modes for point in row]
    axes.errorbar(modes, [value.mean for value in values], yerr=half, capsize=1.5, elinewidth=0.7, **look)  # type: ignore[arg-type]


def _scale(axes: Axes, points: Sequence[Point]) -> None:
    """Number of modes on a logarithmic scale with the numbers that were run."""
    modes = sorted({point.modes for point in points})
    axes.set_xscale("log")
    axes.set_xticks(modes, [str(m) for m in modes])
    axes.set_xticks([], minor=True)
    axes.set_ylim(0, 1.02)
