"""Figure 1: the propeller, and the latent sphere of a generator of three classes, coloured by what the oracle sees."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from matplotlib.patches import Circle

from pushforward.report import style
from pushforward.report.figures import sphere
from pushforward.report.figures.sphere import View

REACH, ROOM = 1.32, 1.06  # half-widths of the propeller's picture and of the others, in radii
TITLE, LEGEND = 0.15, 0.22  # inches above the panels, where titles may reach into them, and below
UNSURE = style.PURPLE


@dataclass(frozen=True)
class Surface:
    """What is seen on the near half of a sphere.

    Attributes:
        title: of the panel, one or two lines.
        view: from where.
        labels: class at each pixel of the square around the sphere, (n, n).
        unsure: pixels whose class is in doubt, or near a wall, (n, n).
    """

    title: str
    view: View
    labels: np.ndarray
    unsure: np.ndarray


@dataclass(frozen=True)
class Example:
    """An image (H, W) or (H, W, 3), in [0, 1], of class `label`, at (x, y) on the sphere of one learned surface."""

    surface: int
    x: float
    y: float
    label: int
    image: np.ndarray


@style.use()
def draw(
    optimum: Surface,
    learned: Sequence[Surface],
    directions: np.ndarray,
    examples: Sequence[Example],
    names: Sequence[str],
) -> Figure:
    """The optimal cells, with walls that carry on beyond the sphere, beside those of a generator; all at one scale.

    Args:
        optimum: the optimal cells.
        learned: the generator's, seen from several sides.
        directions: of the optimal cells, (3, 3).
        examples: images that the generator makes, put where their latents are.
        names: of the classes.
    """
    widths = np.array([REACH] + [ROOM] * len(learned))
    unit = style.DOUBLE / (2 * widths.sum())  # inches a radius
    height = 2 * REACH * unit + TITLE + LEGEND
    drawing = Figure(figsize=(style.DOUBLE, height))
    left = np.concatenate([[0.0], 2 * unit * widths.cumsum()]) / style.DOUBLE
    for letter, own, start, width in zip("abcdef", (optimum, *learned), left, widths, strict=False):
        axes = drawing.add_axes((start, LEGEND / height, 2 * unit * width / style.DOUBLE, 2 * REACH * unit / height))
        axes.set(xlim=(-width, width), ylim=(-REACH, REACH))
        axes.axis("off")
        _surface(axes, own, directions if own is optimum else None)
        drawing.text(start + 0.01, 1 - 0.06 / height, f"{letter}  {own.title}", va="top")
    for example in examples:
        _example(drawing.axes[1 + example.surface], example)
    _legend(drawing, names)
    return drawing


def _surface(axes: Axes, own: Surface, directions: np.ndarray | None) -> None:
    points, inside = own.view.visible(len(own.labels))
    palette = np.array([to_rgb(colour) for colour in (*style.colours(3), UNSURE)])
    surface, reach = sphere.lit(palette[np.where(own.unsure, 3, own.labels)], points, own.view), 1.0
    if directions is not None:
        axis = np.cross(directions[0], directions[1])
        surface = sphere.with_blades(surface, inside, own.view, axis / np.linalg.norm(axis), -directions, REACH)
        reach = len(surface) / len(own.labels)
    extent = (-reach, reach, -reach, reach)
    shown = axes.imshow(surface, extent=extent, origin="lower", aspect="auto", interpolation="antialiased")
    if directions is None:
        shown.set_clip_path(Circle((0, 0), 1, transform=axes.transData))


def _example(axes: Axes, own: Example) -> None:
    box = OffsetImage(own.image, zoom=16 / own.image.shape[0], cmap="gray_r", interpolation="nearest")
    frame = {"edgecolor": "white", "linewidth": 0.8, "boxstyle": "square,pad=0.05"}
    axes.add_artist(AnnotationBbox(box, (own.x, own.y), bboxprops=frame, pad=0.05))


def _legend(drawing: Figure, names: Sequence[str]) -> None:
    entries = zip((*style.colours(3), UNSURE), (*names, "oracle in doubt; near an optimal wall"), strict=True)
    dots = [Line2D([], [], marker="o", linestyle="", color=colour, label=name) for colour, name in entries]
    drawing.legend(handles=dots, loc="lower center", ncols=len(dots), handletextpad=0.1, columnspacing=1.2)
