"""Angles between the walls of a partition, and how straight and how parallel they are.

Wall ij is described by the hyperplane fitted to its points, which `ellipses.wall_points` draws from its Gaussian
surface measure: the mean point, and as normal the direction in which the points vary least. In the simplicial cluster
every two walls of a cell meet at 120 degrees.
"""

import math
from dataclasses import dataclass

import numpy as np

from pushforward.errors import InputError
from pushforward.theory.ellipses import WallPoints, draw_ellipses, wall_points
from pushforward.theory.partition import Labels

RESAMPLES = 200


@dataclass(frozen=True)
class Wall:
    """The wall between classes i < j.

    Attributes:
        i, j: the classes.
        share: its share of the Gaussian measure of all walls.
        normal: unit normal (d,) of the fitted hyperplane, from i to j.
        offset: <normal, mean point>, the hyperplane's signed distance from the origin.
        bend: root mean square distance of its points from the hyperplane; 0 for a flat wall.
    """

    i: int
    j: int
    share: float
    normal: np.ndarray
    offset: float
    bend: float


@dataclass(frozen=True)
class WallAngle:
    """Angle in degrees inside `cell` between its walls with classes j < k, with a percentile bootstrap interval."""

    cell: int
    j: int
    k: int
    degrees: float
    low: float
    high: float


@dataclass(frozen=True)
class WallReport:
    """All walls that hold enough points, and the angles between those of the same cell."""

    walls: tuple[Wall, ...]
    angles: tuple[WallAngle, ...]
    status: str = "ok"
    reason: str = ""


@dataclass(frozen=True)
class Slabs:
    """How near three cells are to two parallel walls.

    Attributes:
        middle: the class between the two walls: the one whose walls hold most of the measure.
        degrees, low, high: angle between its two walls, with interval; 0 for parallel, 120 in the propeller.
        other_share: share of the wall measure outside these two walls; 0 for slabs, 1/3 in the propeller.
        bend: largest root mean square distance of the points of the two walls from straight lines.
        status, reason: "ok", or "missing_walls" where there are no two walls to compare.
    """

    middle: int
    degrees: float
    low: float
    high: float
    other_share: float
    bend: float
    status: str = "ok"
    reason: str = ""


def wall_angles(
    labels: Labels,
    *,
    d: int,
    generator: np.random.Generator,
    ellipses: int = 1000,
    points: int = 128,
    least_share: float = 0.02,
    confidence: float = 0.95,
) -> WallReport:
    """Fit a hyperplane to every wall of a partition of R^d, d >= 2, and measure the angles inside the cells.

    Args:
        labels: latents (k, d) -> class numbers (k,).
        d: dimension of the latent space.
        generator: source of the ellipses and of the bootstrap, which resamples ellipses.
        ellipses: random ellipses.
        points: labels per ellipse.
        least_share: walls with a smaller share of the wall measure are left out, as are those with fewer than 5 (d + 1)
            points.
        confidence: level of the intervals.
    """
    if d < 2:
        raise InputError(f"Walls meet at angles for d >= 2; d = {d} came.")
    found = wall_points(labels, draw_ellipses(labels, d, ellipses, generator, points))
    pairs = _pairs(found, d, least_share)
    walls = _fit(found, np.ones(ellipses), pairs)
    if not walls:
        return WallReport((), (), "missing_walls", f"no wall holds {least_share:.0%} of the walls and enough points")
    angles = _angles(walls)
    draws: dict[tuple[int, int, int], list[float]] = {key: [] for key in angles}
    for _ in range(RESAMPLES if angles else 0):
        times = np.bincount(generator.integers(ellipses, size=ellipses), minlength=ellipses).astype(float)
        for key, degrees in _angles(_fit(found, times, pairs)).items():
            draws[key].append(degrees)
    tails = [50 * (1 - confidence), 50 * (1 + confidence)]
    measured = tuple(
        WallAngle(*key, degrees, *map(float, np.percentile(draws[key], tails))) for key, degrees in angles.items()
    )
    return WallReport(tuple(walls.values()), measured)


def slabs(report: WallReport) -> Slabs:
    """Read a report on three cells as two parallel walls (three nearly aligned modes, ICML Figure 2, second row)."""
    if not report.angles:
        nan = math.nan
        return Slabs(-1, nan, nan, nan, nan, nan, "missing_walls", "two walls of one cell are needed")
    share = {(w.i, w.j): w.share for w in report.walls}
    bend = {(w.i, w.j): w.bend for w in report.walls}

    def pair(angle: WallAngle) -> list[tuple[int, int]]:
        return [(min(angle.cell, other), max(angle.cell, other)) for other in (angle.j, angle.k)]

    angle = max(report.angles, key=lambda a: sum(share[p] for p in pair(a)))
    walls = pair(angle)
    return Slabs(
        middle=angle.cell,
        degrees=angle.degrees,
        low=angle.low,
        high=angle.high,
        other_share=1.0 - sum(share[p] for p in walls),
        bend=max(bend[p] for p in walls),
    )


def _pairs(found: WallPoints, d: int, least_share: float) -> list[tuple[int, int]]:
    """Class pairs i < j whose wall holds enough points to be fitted."""
    first, second = np.minimum(found.before, found.after), np.maximum(found.before, found.after)
    pairs, counts = np.unique(np.stack([first, second], axis=1), axis=0, return_counts=True)
    enough = counts >= max(5 * (d + 1), least_share * len(first))
    return [(int(i), int(j)) for i, j in pairs[enough]]


def _fit(found: WallPoints, times: np.ndarray, pairs: list[tuple[int, int]]) -> dict[tuple[int, int], Wall]:
    """Walls by class pair; `times` (ellipses,) is how often each ellipse counts."""
    weight, walls = times[found.ellipse], {}
    for i, j in pairs:
        here = ((found.before == i) & (found.after == j)) | ((found.before == j) & (found.after == i))
        if not weight[here].any():  # none of its ellipses was drawn in this resample
            continue
        w = weight[here] / weight[here].sum()
        mean = w @ found.position[here]
        spread = found.position[here] - mean
        variance, axes = np.linalg.eigh((spread * w[:, None]).T @ spread)
        towards_j = np.where(found.before[here] == i, 1.0, -1.0)
        normal = axes[:, 0] * np.sign(w * towards_j @ (found.velocity[here] @ axes[:, 0]))
        share, bend = float(weight[here].sum() / weight.sum()), math.sqrt(max(0.0, float(variance[0])))
        walls[i, j] = Wall(i, j, share, normal, float(normal @ mean), bend)
    return walls


def _angles(walls: dict[tuple[int, int], Wall]) -> dict[tuple[int, int, int], float]:
    """Degrees inside each cell between every two of its walls: 180 less the angle of their outward normals."""
    outward: dict[int, list[tuple[int, np.ndarray]]] = {}
    for (i, j), wall in walls.items():
        outward.setdefault(i, []).append((j, wall.normal))
        outward.setdefault(j, []).append((i, -wall.normal))
    angles = {}
    for cell, faces in outward.items():
        faces.sort(key=lambda face: face[0])
        for a, (j, normal) in enumerate(faces):
            for k, other in faces[a + 1 :]:
                cosine = float(np.clip(normal @ other, -1.0, 1.0))
                angles[cell, j, k] = 180.0 - math.degrees(math.acos(cosine))
    return angles
