"""The plane of latents, or of data: a grid of its points, cells by colour, walls as lines."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Circle

from pushforward.report import style

HALF_WIDTH = 3.0  # the square [-3, 3]^2 holds 99.5 % of a standard Gaussian
HALF_MASS = float(np.sqrt(2 * np.log(2)))  # radius of the disc that holds half of it


def ticks(n: int, half_width: float = HALF_WIDTH) -> np.ndarray:
    """Coordinates (n,) of the pixel centres of a square picture."""
    return (2 * np.arange(n) + 1 - n) / n * half_width


def points(axis: np.ndarray) -> np.ndarray:
    """All points (n * n, 2) of the picture, row by row from the bottom: reshape to (n, n), row 0 lowest."""
    return np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)


def cells(axes: Axes, axis: np.ndarray, labels: np.ndarray, colours: Sequence[str]) -> None:
    """Fill each cell of the labels (n, n) with its class's colour, and draw the walls."""
    palette = np.array([to_rgb(colour) for colour in colours])
    picture(axes, axis, palette[labels])
    walls(axes, axis, labels)


def picture(axes: Axes, axis: np.ndarray, colours: np.ndarray) -> None:
    """Show colours (n, n, 3) in [0, 1]."""
    edge = _edge(axis)
    axes.imshow(colours, extent=(-edge, edge, -edge, edge), origin="lower", rasterized=True)


def walls(axes: Axes, axis: np.ndarray, labels: np.ndarray, colour: str = "white", dashed: bool = False) -> None:
    """Draw where the labels (n, n) change, as one line around each class that occurs."""
    dashes = "dashed" if dashed else "solid"
    for own in np.unique(labels)[:-1]:
        # A wall belongs to the lower of its two classes, or its dashes would be drawn twice.
        rest = np.ma.masked_where(labels < own, labels == own)
        axes.contour(axis, axis, rest, levels=[0.5], colors=colour, linewidths=0.9, linestyles=dashes)


def frame(axes: Axes, half_width: float = HALF_WIDTH, names: tuple[str, str] = ("$z_1$", "$z_2$")) -> None:
    """Equal axes over the square, with three ticks each."""
    axes.set(
        xlim=(-half_width, half_width),
        ylim=(-half_width, half_width),
        xticks=[-half_width, 0, half_width],
        yticks=[-half_width, 0, half_width],
        aspect="equal",
    )
    axes.set_xlabel(names[0], labelpad=-1)
    axes.set_ylabel(names[1], labelpad=-4)


def half_mass(axes: Axes) -> None:
    """The circle around half of the Gaussian mass."""
    axes.add_patch(Circle((0, 0), HALF_MASS, fill=False, linestyle=(0, (1, 1.5)), linewidth=0.8, edgecolor=style.BLACK))


def _edge(axis: np.ndarray) -> float:
    return float(axis[-1] + (axis[1] - axis[0]) / 2)
