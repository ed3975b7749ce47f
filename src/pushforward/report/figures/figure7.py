"""Figure 7: generators that reach the bound for three modes of the plane, in the latent plane and in the data plane."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Polygon

from pushforward.report import style
from pushforward.report.figures import plane

POINT = 0.03  # radius at which a mode without one is drawn


@dataclass(frozen=True)
class Construction:
    """One generator G with modes X (3, 2).

    Attributes:
        title: of the column.
        note: under the title: its Lipschitz constant.
        weights: barycentric coordinates of G(z) in the triangle X on the grid, (n, n, 3).
        active: number of modes that G mixes at each grid point, (n, n): it is constant where it is 1.
        images: G(z) for Gaussian z, (k, 2).
        image_weights: their barycentric coordinates, (k, 3).
        radius: of the modes.
        share: share of Gaussian z that G maps into the modes, in [0, 1].
    """

    title: str
    note: str
    weights: np.ndarray
    active: np.ndarray
    images: np.ndarray
    image_weights: np.ndarray
    radius: float
    share: float


@style.use()
def draw(constructions: Sequence[Construction], centres: np.ndarray, axis: np.ndarray, eps: float) -> Figure:
    """A column per generator: above what it does to the latent plane, below the image of a Gaussian sample.

    Args:
        constructions: the generators.
        centres: modes X (3, 2).
        axis: coordinates (n,) of the grid.
        eps: half-width of the strips.
    """
    drawing = style.figure(style.DOUBLE, 4.25)
    grid = drawing.subplots(2, len(constructions), squeeze=False, height_ratios=[1, 0.85])
    for column, own in enumerate(constructions):
        _latent(grid[0, column], own, axis)
        _data(grid[1, column], own, centres)
        grid[0, column].set_title(f"{'abc'[column]}  {own.title}\n{own.note}")
    grid[0, 0].annotate(
        "",
        (-eps, -2.6),
        (eps, -2.6),
        arrowprops={"arrowstyle": "<->", "linewidth": 0.8, "shrinkA": 0, "shrinkB": 0},
    )
    grid[0, 0].text(eps + 0.12, -2.6, r"$2\varepsilon$", va="center", color="white")
    return drawing


def mixed(weights: np.ndarray) -> np.ndarray:
    """Colours (..., 3) of barycentric coordinates (..., 3): the modes' colours in these shares."""
    palette = np.array([to_rgb(colour) for colour in style.colours(3)])
    return np.clip(weights, 0, 1) @ palette


def _latent(axes: Axes, own: Construction, axis: np.ndarray) -> None:
    plane.picture(axes, axis, mixed(own.weights))
    axes.contour(axis, axis, own.active, levels=[1.5, 2.5], colors="white", linewidths=[0.9, 0.9])
    for k, direction in enumerate(_middles(own, axis)):
        axes.text(direction[0], direction[1], f"$X_{k + 1}$", ha="center", va="center", color="white", fontsize=9)
    plane.frame(axes)


def _middles(own: Construction, axis: np.ndarray) -> list[np.ndarray]:
    """Where to write the names of the modes: in the middle of the regions mapped onto them."""
    points = plane.points(axis).reshape(len(axis), len(axis), 2)
    alone = (own.active == 1) & (np.linalg.norm(points, axis=2) < 2.6)
    return [points[alone & (own.weights.argmax(axis=2) == k)].mean(axis=0) for k in range(3)]


def _data(axes: Axes, own: Construction, centres: np.ndarray) -> None:
    axes.add_patch(Polygon(centres, fill=False, edgecolor="#B0B0B0", linewidth=0.6))
    axes.scatter(own.images[:, 0], own.images[:, 1], c=mixed(own.image_weights), s=1.0, linewidths=0, rasterized=True)
    for k, (centre, colour) in enumerate(zip(centres, style.colours(3), strict=True)):
        axes.add_patch(Circle(centre, max(own.radius, POINT), facecolor=colour, alpha=0.45, linewidth=0))
        x, y = centre * (1 + 0.18 / np.linalg.norm(centre))
        axes.text(x, y, f"$X_{k + 1}$", ha="center", va="center")
    axes.text(0, centres[1:, 1].mean() - 0.17, f"in the modes: α = {own.share:.3f}", ha="center", va="top")
    axes.set(aspect="equal", xlim=(-0.8, 0.8), ylim=(-0.6, 0.82))
    axes.axis("off")
