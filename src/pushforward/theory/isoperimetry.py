"""How far a partition is from the best one of Milman and Neeman (2022) with the same cell measures."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from pushforward.errors import InputError
from pushforward.theory.boundary import sector_slope
from pushforward.theory.ellipses import Ellipses, draw_ellipses
from pushforward.theory.grid import boundary_measure_grid, label_grid
from pushforward.theory.partition import Labels
from pushforward.theory.simplex import random_rotation
from pushforward.theory.weighted import boundary_measure_weighted, boundary_slope_weighted

GROUPS = 20  # blocks of ellipses left out in turn by the jackknife


@dataclass(frozen=True)
class IsoperimetricRatio:
    """Boundary of a partition over that of the simplicial cluster with the same cell measures; 1 is the least.

    Attributes:
        ratio, low, high: the ratio and its confidence interval; NaN where undefined.
        boundary: boundary measure per epsilon of the partition (as eps -> 0, or at the eps given).
        optimal: the same for the simplicial cluster.
        sectors: the same for as many half-lines from the origin of a plane; the reference where cells > d + 1.
        weights: measure of each class, classes that never occur included.
        cells: classes that occur.
        attainable: cells <= d + 1, so that the cluster exists in this latent space. Beyond, it is still a lower bound.
        eps: distance, 0.0 for the limit.
        status, reason: "ok", or "single_class" where there is no boundary to measure.
    """

    ratio: float
    low: float
    high: float
    boundary: float
    optimal: float
    sectors: float
    weights: tuple[float, ...]
    cells: int
    attainable: bool
    eps: float
    status: str = "ok"
    reason: str = ""


def isoperimetric_ratio(
    labels: Labels,
    *,
    d: int,
    classes: int,
    generator: np.random.Generator,
    ellipses: int = 2000,
    points: int = 256,
    confidence: float = 0.95,
) -> IsoperimetricRatio:
    """Gaussian perimeter of a partition over the least possible, in any dimension: the limit eps -> 0.

    Walls are counted along random ellipses (see `ellipses`); the interval is a delete-one-block jackknife with
    Student's t over 20 blocks of ellipses, measured cell weights included.

    Args:
        labels: latents (k, d) -> class numbers 0..classes-1.
        d: dimension of the latent space.
        classes: number of classes.
        generator: source of the ellipses.
        ellipses: random ellipses, at least 40; each costs `points` labels.
        points: labels per ellipse.
        confidence: level of the interval.
    """
    if ellipses < 2 * GROUPS:
        raise InputError(f"The interval needs at least {2 * GROUPS} ellipses, {ellipses} came.")
    drawn = draw_ellipses(labels, d, ellipses, generator, points)
    weights = drawn.weights(classes)
    if np.count_nonzero(weights) < 2:
        return _single_class(weights, d, eps=0.0)
    block = np.arange(ellipses) % GROUPS
    crossings = drawn.crossings()

    def measure(kept: np.ndarray) -> tuple[float, float]:
        part = Ellipses(drawn.z[kept], drawn.v[kept], drawn.labels[kept]).weights(classes)
        return float(crossings[kept].mean() / math.sqrt(2 * math.pi)), boundary_slope_weighted(part[part > 0])

    boundary, optimal = measure(np.full(ellipses, True))
    left_out = np.array([part / best for part, best in (measure(block != k) for k in range(GROUPS))])
    error = math.sqrt((GROUPS - 1) * left_out.var())
    half = float(student.ppf((1 + confidence) / 2, GROUPS - 1)) * error
    return _record(boundary, optimal, half, weights, d, eps=0.0)


def isoperimetric_ratio_grid(
    labels: Labels,
    *,
    d: int,
    classes: int,
    eps: float,
    generator: np.random.Generator,
    resolution: int = 401,
    grids: int = 8,
    confidence: float = 0.95,
) -> IsoperimetricRatio:
    """The same ratio at a finite epsilon, for d = 2 or 3, by distance transforms on grids.

    Each of the `grids` randomly rotated and shifted grids gives one ratio; the interval is Student's t over them. At
    finite epsilon nothing proves that 1 is the least.
    """
    if grids < 2:
        raise InputError(f"The interval needs at least 2 grids, {grids} came.")
    ratios, boundaries, shares = [], [], []
    for _ in range(grids):
        rotation, shift = random_rotation(d, generator), generator.uniform(-0.5, 0.5)
        grid = label_grid(labels, d, resolution, rotation=rotation, shift=shift)
        weights = grid.cell_weights(classes)
        if np.count_nonzero(weights) < 2:
            return _single_class(weights, d, eps)
        boundaries.append(boundary_measure_grid(labels, grid, eps) / eps)
        ratios.append(boundaries[-1] * eps / boundary_measure_weighted(weights[weights > 0], eps))
        shares.append(weights)
    half = float(student.ppf((1 + confidence) / 2, grids - 1)) * float(np.std(ratios, ddof=1)) / math.sqrt(grids)
    boundary, ratio = float(np.mean(boundaries)), float(np.mean(ratios))
    return _record(boundary, boundary / ratio, half, np.mean(shares, axis=0), d, eps)


def _record(
    boundary: float, optimal: float, half: float, weights: np.ndarray, d: int, eps: float
) -> IsoperimetricRatio:
    ratio, cells = boundary / optimal, int(np.count_nonzero(weights))
    return IsoperimetricRatio(
        ratio=ratio,
        low=ratio - half,
        high=ratio + half,
        boundary=boundary,
        optimal=optimal,
        sectors=sector_slope(cells),
        weights=tuple(map(float, weights)),
        cells=cells,
        attainable=cells <= d + 1,
        eps=eps,
    )


def _single_class(weights: np.ndarray, d: int, eps: float) -> IsoperimetricRatio:
    nan = math.nan
    reason = f"every latent drawn has class {int(weights.argmax())}: no wall, no ratio"
    return IsoperimetricRatio(
        nan, nan, nan, 0.0, 0.0, nan, tuple(map(float, weights)), 1, True, eps, "single_class", reason
    )
