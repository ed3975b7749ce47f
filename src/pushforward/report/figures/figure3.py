"""Figure 3: cells of the latent plane for m equidistant modes of R^m, and how long their walls are."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pushforward.report import style
from pushforward.report.figures import plane
from pushforward.report.intervals import Interval


@dataclass(frozen=True)
class Panel:
    """One generator.

    Attributes:
        modes: m.
        labels: nearest mode at each point of the latent grid, (N, N).
        note: under the title.
        boundary: boundary measure per epsilon, as eps goes to 0.
    """

    modes: int
    labels: np.ndarray
    note: str
    boundary: Interval


@dataclass(frozen=True)
class References:
    """Boundary measure per epsilon of known partitions in equal cells.

    Attributes:
        modes: numbers of cells (k,).
        sectors: of that many sectors of the plane, (k,).
        cluster: of the simplicial cluster, a lower bound for every partition, (k,).
        grid_modes: numbers of cells (j,) for `grid`.
        grid: of the best product of parallel slabs, (j,).
    """

    modes: np.ndarray
    sectors: np.ndarray
    cluster: np.ndarray
    grid_modes: np.ndarray
    grid: np.ndarray


@style.use()
def draw(panels: Sequence[Panel], references: References) -> Figure:
    """The partitions side by side, then their boundaries beside those of known partitions."""
    drawing = style.figure(style.DOUBLE, 2.15)
    grid = drawing.subplots(1, len(panels) + 1, squeeze=False)[0]
    for letter, axes, panel in zip("abcdefgh", grid, panels, strict=False):
        plane.cells(axes, plane.ticks(len(panel.labels)), panel.labels, style.colours(panel.modes))
        plane.half_mass(axes)
        plane.frame(axes)
        axes.set_title(f"{letter}  m = {panel.modes}\n{panel.note}")
    for axes in grid[1:-1]:
        axes.set(ylabel="", yticklabels=[])
    _lengths(grid[-1], panels, references)
    grid[-1].set_title(f"{'abcdefgh'[len(panels)]}  boundary / ε\nas ε → 0")
    return drawing


def _lengths(axes: Axes, panels: Sequence[Panel], known: References) -> None:
    axes.plot(known.modes, known.sectors, color=style.VERMILLION, label="$m$ sectors")
    axes.plot(known.grid_modes, known.grid, "s", color=style.BLUE, markerfacecolor="none", label="best grid")
    axes.plot(known.modes, known.cluster, color=style.BLACK, linestyle=":", label="lower bound")
    modes, mean = ([getattr(own, name) for own in panels] for name in ("modes", "boundary"))
    half = [own.half_width for own in mean]
    axes.errorbar(modes, [own.mean for own in mean], yerr=half, fmt=".", color=style.BLACK, label="learned")
    axes.set_xlabel("modes $m$", labelpad=1)
    axes.set(ylim=(0, None), xticks=modes)
    axes.legend(loc="upper left", handlelength=1.2, borderaxespad=0.1, labelspacing=0.2, borderpad=0)
