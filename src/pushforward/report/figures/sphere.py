"""A sphere as the eye sees it from far away: which of its points are visible, and how surfaces around it hide it."""

from dataclasses import dataclass

import numpy as np

LIGHT = np.array([-0.4, 0.6, 0.7]) / np.linalg.norm([-0.4, 0.6, 0.7])  # right, up, towards the eye
BLADE, OPACITY = 0.45, 0.5  # grey and opacity of a blade
EDGE_ON = 1e-9  # a blade turned away by less than this shows nothing of itself
LENGTH = 1.25  # radius of a blade, which is half a disc


@dataclass(frozen=True)
class View:
    """An orthographic view of the unit sphere.

    Attributes:
        frame: orthonormal rows (3, 3): right, up, and from the centre towards the eye.
    """

    frame: np.ndarray

    @classmethod
    def along(cls, towards: np.ndarray, up: np.ndarray) -> "View":
        """Seen from `towards` (3,), with `up` (3,) pointing upwards in the picture."""
        front = towards / np.linalg.norm(towards)
        rise = up - (up @ front) * front
        rise = rise / np.linalg.norm(rise)
        return cls(np.stack([np.cross(rise, front), rise, front]))

    def behind(self) -> "View":
        """The opposite view, with the same upward direction: the two show the whole sphere."""
        right, up, front = self.frame
        return View(np.stack([-right, up, -front]))

    def visible(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Points of the unit sphere behind each of n x n pixels of its picture, and which pixels show it.

        Returns:
            Unit vectors (n, n, 3), row 0 lowest, those off the sphere on its edge; and the mask (n, n).
        """
        x, y = _pixels(n, 1.0)
        inside = x**2 + y**2 <= 1
        depth = np.sqrt(np.clip(1 - x**2 - y**2, 0, None))
        points = np.stack([x, y, depth], axis=-1) @ self.frame
        return points / np.linalg.norm(points, axis=-1, keepdims=True), inside


def lit(colours: np.ndarray, points: np.ndarray, view: View) -> np.ndarray:
    """Colours (n, n, 3) of the sphere's surface at its points (n, n, 3), darker away from the light."""
    brightness = np.clip(points @ (LIGHT @ view.frame), 0, 1)
    return colours * (0.72 + 0.28 * brightness)[..., None]


def with_blades(
    surface: np.ndarray, inside: np.ndarray, view: View, axis: np.ndarray, walls: np.ndarray, reach: float
) -> np.ndarray:
    """The picture of the sphere with half-planes through it, each bounded by a line through the centre.

    Args:
        surface: colours (n, n, 3) of the sphere's picture.
        inside: pixels (n, n) that show it.
        view: of the picture.
        axis: unit vector (3,) of the line that bounds all half-planes.
        walls: unit vectors (k, 3), at right angles to the axis, into each half-plane.
        reach: half-width of the picture.

    Returns:
        Colours with opacity (N, N, 4); pixels are as wide as those given.
    """
    margin = round((reach - 1) * len(surface) / 2)
    x, y = _pixels(len(surface) + 2 * margin, 1 + 2 * margin / len(surface))
    sphere = np.pad(inside, margin)
    layers = [_blade(x, y, view, axis, wall) for wall in walls]
    depth = np.where(sphere, np.sqrt(np.clip(1 - x**2 - y**2, 0, None)), -np.inf)
    colour = np.pad(surface, ((margin, margin), (margin, margin), (0, 0)))
    layers.append((depth, colour, sphere.astype(float)))
    return _composed(layers)


def _blade(
    x: np.ndarray, y: np.ndarray, view: View, axis: np.ndarray, wall: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Depth, colour and opacity of one half-plane at each pixel."""
    right, up, front = view.frame
    normal = np.cross(axis, wall)
    facing = float(front @ normal)
    if abs(facing) < EDGE_ON:
        return np.full(x.shape, -np.inf), np.ones((*x.shape, 3)), np.zeros(x.shape)
    depth = -(x * (right @ normal) + y * (up @ normal)) / facing
    point = x[..., None] * right + y[..., None] * up + depth[..., None] * front
    here = (np.linalg.norm(point, axis=-1) <= LENGTH) & (point @ wall >= 0)
    grey = BLADE + 0.35 * abs(float(normal @ (LIGHT @ view.frame)))
    return np.where(here, depth, -np.inf), np.full((*x.shape, 3), grey), OPACITY * here


def _composed(layers: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> np.ndarray:
    """Layers over each other at every pixel, the nearest on top: premultiplied, then divided by the opacity."""
    depth, colour, opacity = (np.stack(parts) for parts in zip(*layers, strict=True))
    order = np.argsort(depth, axis=0)
    total, cover = np.zeros(colour.shape[1:]), np.zeros(opacity.shape[1:])
    for rank in order:
        own = np.take_along_axis(opacity, rank[None], 0)[0]
        shade = np.take_along_axis(colour, rank[None, ..., None], 0)[0]
        total = total * (1 - own[..., None]) + shade * own[..., None]
        cover = cover * (1 - own) + own
    picture = np.divide(total, cover[..., None], out=np.ones_like(total), where=cover[..., None] > 0)
    return np.concatenate([picture, cover[..., None]], axis=-1)


def _pixels(n: int, half_width: float) -> tuple[np.ndarray, np.ndarray]:
    line = (2 * np.arange(n) + 1 - n) / n * half_width
    x, y = np.meshgrid(line, line)
    return x, y
