"""Figure 8: density and coverage of truncated generators, against the share of latents that each method keeps."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, NullLocator

from pushforward.report import style
from pushforward.report.figures.measured import Measured, Paper, crosses, curve
from pushforward.report.labels import metric as label_of

METRICS = ("density", "coverage")
PROTOCOLS = {"printed": "as printed", "corrected": "corrected"}
BASELINE = "baseline"
LOOKS: dict[str, tuple[str, str]] = {
    BASELINE: (style.BLACK, "oh"),
    "DeliGAN": (style.ORANGE, "Dp"),
    "JBT": (style.PURPLE, "^<"),
    "linear": (style.GREEN, "s8"),
    "simplicial": (style.BLUE, "oh"),
    "random directions": (style.VERMILLION, "v>"),
    "norm": (style.SKY, "PX"),
}
"""The methods there are: the colour of each, and the markers of its first and further lines."""

DASHES = ("-", "--", ":", "-.")  # the first line of a method, its second, ...
SHARES = (100, 80, 60, 30, 10, 3, 1, 0.3, 0.1, 0.03, 0.01)  # of latents kept, in percent: where ticks may stand
TITLE = 38  # points between a panel and its title where thresholds stand between them
APART = 0.09  # least distance of two thresholds that are written out, as a share of the axis


@dataclass(frozen=True)
class Line:
    """One method on one data set, at decreasing acceptance.

    Attributes:
        name: in the legend.
        method: one of `LOOKS`.
        repeat: 0 for the first kind of lines of this method, 1 for its second, ...
        kept: share of N(0, I) that is kept, (k,), in percent, above 0.
        taus: thresholds (k,); NaN where there is none.
        values: metric -> protocol -> k numbers.
        paper: metric -> where and what is printed: shares kept in percent, and numbers.
    """

    name: str
    method: str
    repeat: int
    kept: Sequence[float]
    taus: Sequence[float]
    values: Mapping[str, Mapping[str, Sequence[Measured]]]
    paper: Mapping[str, Sequence[tuple[float, Paper]]]


@style.use()
def draw(datasets: Mapping[str, Sequence[Line]]) -> Figure:
    """A column a data set, a row a metric and protocol; for a single data set the protocols stand side by side."""
    single = len(datasets) == 1
    rows, columns = (2, 2) if single else (4, max(len(datasets), 1))
    drawing = style.figure(style.DOUBLE, 0.8 + (1.6 if single else 1.4) * rows)
    grid = drawing.subplots(rows, columns, sharex="col", squeeze=False)
    for place, (dataset, lines) in enumerate(datasets.items()):
        for number, (metric, protocol) in enumerate((m, p) for m in METRICS for p in PROTOCOLS):
            row, column = divmod(number, 2) if single else (number, place)
            axes = grid[row, column]
            for line in lines:
                _line(axes, line, metric, protocol)
            _baseline(axes, lines, metric, protocol)
            if column == 0:
                axes.set_ylabel(f"{label_of(metric).label} (%)" + ("" if single else f"\n{PROTOCOLS[protocol]}"))
            if row == 0:
                title = f"{dataset}, {PROTOCOLS[protocol]}" if single else dataset
                axes.set_title(title, loc="center", y=1, pad=TITLE if any(map(_gated, datasets.values())) else 4)
        for column in range(columns) if single else [place]:
            _scale(list(grid[:, column]), lines)
    drawing.legend(*_legend(grid[0, 0], datasets), loc="outside upper center", ncols=4, handlelength=2.4)
    return drawing


def _line(axes: Axes, line: Line, metric: str, protocol: str) -> None:
    curve(axes, line.kept, line.values[metric][protocol], **_look(line))
    known = line.paper.get(metric, ()) if protocol == "printed" else ()
    if known:
        crosses(axes, [kept for kept, _ in known], [own for _, own in known], color=LOOKS[line.method][0])


def _look(line: Line) -> dict[str, Any]:
    colour, markers = LOOKS[line.method]
    return {
        "color": colour,
        "marker": markers[line.repeat % len(markers)],
        "linestyle": DASHES[line.repeat % len(DASHES)],
    }


def _gated(lines: Sequence[Line]) -> Line | None:
    """The simplicial line whose thresholds are written out."""
    return next((own for own in lines if own.method == "simplicial" and any(map(math.isfinite, own.taus))), None)


def _baseline(axes: Axes, lines: Sequence[Line], metric: str, protocol: str) -> None:
    """The level of the untruncated generator, through the whole panel."""
    for line in lines:
        if line.method == BASELINE and line.values[metric][protocol]:
            level = line.values[metric][protocol][0].first.mean
            if math.isfinite(level):
                axes.axhline(level, color=LOOKS[BASELINE][0], linewidth=0.6, linestyle=":", zorder=0)


def _scale(column: list[Axes], lines: Sequence[Line]) -> None:
    """Share kept, on a logarithmic axis that falls to the right; over the uppermost panel the simplicial thresholds."""
    kept = [share for line in lines for share in line.kept]
    least = min([*kept, 60.0])
    for axes in column:
        axes.set_xscale("log")
        axes.set_xlim(125, least / 1.25)
        ticks = [share for share in SHARES if share >= least / 1.2 and (least >= 25 or share not in (80, 60))]
        axes.set_xticks(ticks, [f"{share:g}" for share in ticks])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.margins(y=0.1)
    column[-1].set_xlabel("latents kept (%)", labelpad=1)
    gated = _gated(lines)
    if gated is not None:
        _thresholds(column[0], gated)


def _thresholds(axes: Axes, line: Line) -> None:
    top = axes.twiny()
    top.set_xscale("log")
    top.set_xlim(axes.get_xlim())
    left, right = (math.log(end) for end in axes.get_xlim())
    shown: list[tuple[float, float]] = []
    for kept, tau in zip(line.kept, line.taus, strict=True):
        far = not shown or math.log(shown[-1][0] / kept) >= APART * (left - right)
        if math.isfinite(tau) and far:
            shown.append((kept, tau))
    colour = LOOKS["simplicial"][0]
    top.set_xticks([kept for kept, _ in shown], [f"{tau:.4g}" for _, tau in shown], rotation=90, fontsize=6)
    top.xaxis.set_minor_locator(NullLocator())
    top.tick_params(axis="x", colors=colour, pad=1)
    top.spines["top"].set(visible=True, color=colour)
    top.set_xlabel("τ, simplicial", color=colour, labelpad=4, fontsize=7)


def _legend(axes: Axes, datasets: Mapping[str, Sequence[Line]]) -> tuple[list[Any], list[str]]:
    lines = {line.name: line for own in datasets.values() for line in own}
    ordered = sorted(lines.values(), key=lambda line: (list(LOOKS).index(line.method), line.repeat))
    handles = [axes.plot([], [], **_look(line), markersize=3.2)[0] for line in ordered]
    names = [line.name for line in ordered]
    if any(line.paper.get(metric) for line in lines.values() for metric in METRICS):
        handles += axes.plot([], [], "x", color="black", markersize=3.8)
        names.append("printed number")
    return handles, names
