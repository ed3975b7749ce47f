"""Epsilon-boundary of any partition of R^2 or R^3, on a grid: Euclidean distance transforms, Gaussian weights."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.ndimage import distance_transform_edt
from scipy.spatial import cKDTree
from scipy.special import ndtr

from pushforward.errors import InputError
from pushforward.theory.partition import Labels, in_batches


@dataclass(frozen=True)
class LabelGrid:
    """Labels on a rotated and shifted grid of pitch h that covers |coordinate| <= half_width.

    Attributes:
        ticks: coordinates (N,) of the grid points along each axis.
        rotation: (d, d), takes grid coordinates to latents.
        labels: class numbers, (N,) * d.
        weights: Gaussian measure of the cube around each grid point, (N,) * d, summing to 1.
    """

    ticks: np.ndarray
    rotation: np.ndarray
    labels: np.ndarray
    weights: np.ndarray

    @property
    def pitch(self) -> float:
        """Distance h between neighbours."""
        return float(self.ticks[1] - self.ticks[0])

    def points(self) -> np.ndarray:
        """Grid coordinates of all points, (N,) * d + (d,)."""
        return np.stack(np.meshgrid(*[self.ticks] * self.labels.ndim, indexing="ij"), axis=-1)

    def cell_weights(self, classes: int) -> np.ndarray:
        """Gaussian measure (classes,) of each cell."""
        return np.bincount(self.labels.ravel(), weights=self.weights.ravel(), minlength=classes)


def label_grid(
    labels: Labels,
    d: int,
    resolution: int,
    *,
    rotation: ArrayLike | None = None,
    shift: float = 0.0,
    half_width: float = 5.5,
) -> LabelGrid:
    """Label a grid of `resolution` points per axis in R^2 or R^3, shifted by `shift` steps along every axis.

    Raises:
        InputError: another dimension than 2 or 3, or fewer than 8 points per axis.
    """
    if d not in (2, 3) or resolution < 8:
        raise InputError(
            f"Grids are for d = 2 or 3 with at least 8 points per axis; d = {d}, resolution = {resolution} came. "
            "In other dimensions use boundary_measure_mc or isoperimetric_ratio."
        )
    pitch = 2 * half_width / resolution
    ticks = (np.arange(resolution) - (resolution - 1) / 2 + shift) * pitch
    mass = ndtr(ticks + pitch / 2) - ndtr(ticks - pitch / 2)
    weights = mass / mass.sum()
    for _ in range(d - 1):
        weights = np.multiply.outer(weights, mass / mass.sum())
    frame = np.eye(d) if rotation is None else np.asarray(rotation, dtype=float)
    grid = LabelGrid(ticks, frame, np.zeros(weights.shape, dtype=np.int64), weights)
    found = in_batches(labels, grid.points() @ frame.T)
    return LabelGrid(ticks, frame, found, weights)


def boundary_measure_grid(labels: Labels, grid: LabelGrid, eps: float) -> float:
    """Gaussian measure of the points closer than eps to another cell.

    The distance transform gives each grid point's distance to the nearest grid point of another label: at most eps
    decides "near", and at least eps plus the diagonal of a grid cube decides "far". The layer between is decided by
    the distance to the walls themselves, located by bisection on the grid's edges. Error: second order in pitch / eps
    for the distance, and the count of grid points, which random rotations and shifts average out.
    """
    if not eps > 2 * grid.pitch:
        raise InputError(f"eps = {eps} is finer than the grid: it must exceed two steps of {grid.pitch:.3g}.")
    distance = np.full(grid.labels.shape, np.inf)
    present = np.unique(grid.labels)
    if len(present) == 1:
        return 0.0
    for cell in present:
        own = grid.labels == cell
        distance[own] = distance_transform_edt(own, sampling=grid.pitch)[own]
    near = distance <= eps
    undecided = ~near & (distance < eps + np.sqrt(grid.labels.ndim) * grid.pitch)
    walls = cKDTree(wall_crossings(labels, grid))
    reached, _ = walls.query(grid.points()[undecided], distance_upper_bound=eps)
    near[undecided] = np.isfinite(reached)
    return float(grid.weights[near].sum())


def wall_crossings(labels: Labels, grid: LabelGrid, halvings: int = 12) -> np.ndarray:
    """Points (k, d), in grid coordinates, where a label changes along the edges of the grid."""
    points, found = grid.points(), []
    for axis in range(grid.labels.ndim):
        before = np.take(grid.labels, range(len(grid.ticks) - 1), axis=axis)
        after = np.take(grid.labels, range(1, len(grid.ticks)), axis=axis)
        changed = before != after
        start = np.take(points, range(len(grid.ticks) - 1), axis=axis)[changed]
        own, step = before[changed], grid.pitch * np.eye(grid.labels.ndim)[axis]
        low, high = np.zeros(len(own)), np.ones(len(own))
        for _ in range(halvings):
            middle = (low + high) / 2
            same = in_batches(labels, (start + middle[:, None] * step) @ grid.rotation.T) == own
            low, high = np.where(same, middle, low), np.where(same, high, middle)
        found.append(start + high[:, None] * step)
    return np.concatenate(found)
