"""Figure 2: three equidistant and three nearly aligned modes: data, cells of the latent plane, slopes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from pushforward.report import style
from pushforward.report.figures import plane

FAINTEST = 1e-2  # slopes below this share of the steepest one look alike


@dataclass(frozen=True)
class Row:
    """One data set and one generator trained on it.

    Attributes:
        title: what the modes are.
        data_note: over the data: the precision, and the radius it is for.
        cells_note: over the cells: the isoperimetric ratio.
        centres: of the modes, (m, 2).
        targets: points of the mixture, (k, 2).
        samples: generated points, (n, 2).
        classes: nearest mode of each, (n,).
        labels: class at each point of the latent grid, (N, N).
        guide: class there in the reference that the cells are nearest to, (N, N); None where there is none.
        norms: Frobenius norm of the Jacobian on its own grid, (M, M).
    """

    title: str
    data_note: str
    cells_note: str
    centres: np.ndarray
    targets: np.ndarray
    samples: np.ndarray
    classes: np.ndarray
    labels: np.ndarray
    guide: np.ndarray | None
    norms: np.ndarray


@style.use()
def draw(rows: Sequence[Row]) -> Figure:
    """A row for each data set."""
    drawing = style.figure(style.DOUBLE, 2.3 * len(rows))
    grid = drawing.subplots(len(rows), 3, squeeze=False)
    steepest = max(float(row.norms.max()) for row in rows) or 1.0  # a constant generator has no slope at all
    for number, (row, (left, middle, right)) in enumerate(zip(rows, grid, strict=True)):
        letters = "abcdef"[3 * number :]
        _data(left, row)
        left.set_title(f"{letters[0]}  {row.title}\n{row.data_note}")
        plane.cells(middle, plane.ticks(len(row.labels)), row.labels, style.colours(len(row.centres)))
        if row.guide is not None:
            plane.walls(middle, plane.ticks(len(row.guide)), row.guide, colour="black", dashed=True)
        plane.half_mass(middle)
        plane.frame(middle)
        middle.set_title(f"{letters[1]}  cells of the latent plane\n{row.cells_note}")
        _slopes(drawing, right, row.norms, steepest)
        right.set_title(f"{letters[2]}  slope of the generator\n$\\|J_G(z)\\|_F$")
    return drawing


def _data(axes: Axes, row: Row) -> None:
    palette = style.colours(len(row.centres))
    colours = [palette[k] for k in row.classes]
    for points, colour, size in ((row.samples, colours, 1.5), (row.targets, "black", 1.0)):
        axes.scatter(points[:, 0], points[:, 1], c=colour, s=size, linewidths=0, rasterized=True)
    middle = (row.centres.max(axis=0) + row.centres.min(axis=0)) / 2
    reach = 1.3 * float(np.abs(row.centres - middle).max())
    axes.set(xlim=(middle[0] - reach, middle[0] + reach), ylim=(middle[1] - reach, middle[1] + reach), aspect="equal")
    seen = np.all(np.abs(row.samples - middle) <= reach, axis=1).mean()
    if seen < 1:
        axes.text(0.5, 0.98, f"{1 - seen:.1%} outside", transform=axes.transAxes, ha="center", va="top", fontsize=7)
    axes.set_xlabel("$x_1$", labelpad=-1)
    axes.set_ylabel("$x_2$", labelpad=-1)


def _slopes(drawing: Figure, axes: Axes, norms: np.ndarray, steepest: float) -> None:
    edge = plane.HALF_WIDTH
    shown = axes.imshow(
        norms,
        extent=(-edge, edge, -edge, edge),
        origin="lower",
        norm=LogNorm(FAINTEST * steepest, steepest),
        rasterized=True,
    )
    plane.frame(axes)
    drawing.colorbar(shown, ax=axes, extend="min", shrink=0.9, pad=0.02)
