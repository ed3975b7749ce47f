"""Simplicial clusters: the cells of m equidistant directions, the best partition of a Gaussian space (ICML 3.2).

With g = sqrt((m - 1) / m) <z, u_i>, i = 1..m, a standard Gaussian z gives m independent standard normals less their
mean, and the cell of z is the argmax of g. All that follows is written in these cell coordinates g, so it does not
depend on d. Unequal cells are the same cluster translated: argmax of g_i + offset_i.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import helmert

from pushforward.errors import InputError


def simplex_directions(m: int, d: int, rotation: ArrayLike | None = None) -> np.ndarray:
    """Unit vectors u_1..u_m of R^d with <u_i, u_j> = -1/(m - 1) for i != j.

    Args:
        m: number of cells, 2 <= m <= d + 1.
        d: dimension of the latent space.
        rotation: optional orthogonal matrix (d, d), applied to every direction.

    Returns:
        The directions, (m, d).

    Raises:
        InputError: m > d + 1, m < 2, or a rotation that is no orthogonal (d, d) matrix.
    """
    if m < 2:
        raise InputError(f"A partition needs m >= 2 cells, m = {m} came.")
    if m > d + 1:
        raise InputError(
            f"m = {m} equidistant directions need m <= d + 1, but d = {d}: take d >= {m - 1} or m <= {d + 1}."
        )
    # Column i of the Helmert basis of the hyperplane orthogonal to (1, ..., 1) is e_i less its mean, |.|^2 = 1 - 1/m.
    directions = np.zeros((m, d))
    directions[:, : m - 1] = np.sqrt(m / (m - 1)) * helmert(m).T
    return directions if rotation is None else directions @ _orthogonal(rotation, d).T


def random_rotation(d: int, generator: np.random.Generator) -> np.ndarray:
    """An orthogonal matrix (d, d) drawn from the Haar measure."""
    q, r = np.linalg.qr(generator.standard_normal((d, d)))
    return q * np.sign(np.diag(r))


def cell_coordinates(z: np.ndarray, directions: np.ndarray, offsets: ArrayLike | None = None) -> np.ndarray:
    """Cell coordinates g (n, m) of latents z (n, d), plus `offsets` (m,); differences g_i - g_j have variance 2."""
    m = len(directions)
    g = np.sqrt((m - 1) / m) * (np.asarray(z) @ directions.T)
    return g if offsets is None else g + np.asarray(offsets)


def cell_index(z: np.ndarray, directions: np.ndarray, offsets: ArrayLike | None = None) -> np.ndarray:
    """Cell (n,) of each latent z (n, d), from 0 to m - 1."""
    return cell_coordinates(z, directions, offsets).argmax(axis=1)


def wall_gap(z: np.ndarray, directions: np.ndarray, offsets: ArrayLike | None = None) -> np.ndarray:
    """Distance (n,) from z (n, d) to the nearest other cell: gap of the two largest cell coordinates over sqrt 2."""
    g = np.partition(cell_coordinates(z, directions, offsets), -2, axis=1)
    return (g[:, -1] - g[:, -2]) / np.sqrt(2)


def signed_distances(z: np.ndarray, directions: np.ndarray, offsets: ArrayLike | None = None) -> np.ndarray:
    """Signed distance (n, m) from z (n, d) to every cell, negative inside.

    Outside, the cell {x_i >= x_j for all j} is reached by pooling g_i with the coordinates above the common mean;
    that mean is the largest (g_i + s_1 + ... + s_k) / (k + 1), with s the coordinates in decreasing order.
    """
    g = cell_coordinates(z, directions, offsets)
    ordered = -np.sort(-g, axis=1)  # (n, m)
    mean, total = g.copy(), g.copy()
    for k in range(g.shape[1] - 1):
        total += ordered[:, k : k + 1]
        mean = np.maximum(mean, total / (k + 2))
    squared = (mean - g) ** 2
    for k in range(g.shape[1] - 1):
        squared += np.maximum(ordered[:, k : k + 1] - mean, 0.0) ** 2
    inside = np.arange(g.shape[1]) == g.argmax(axis=1)[:, None]
    depth = (ordered[:, :1] - ordered[:, 1:2]) / np.sqrt(2)
    return np.where(inside, -depth, np.sqrt(squared))


@dataclass(frozen=True)
class Propeller:
    """The cluster of three cells: directions (3, d) of the cells, and of the walls (3, d).

    In the plane spanned by the directions wall k is the half-line from the origin that faces away from cell k and
    parts the two others; for d > 2 it is that half-line times the remaining d - 2 axes.
    """

    directions: np.ndarray
    walls: np.ndarray


def propeller(d: int = 2, rotation: ArrayLike | None = None) -> Propeller:
    """The partition of R^d in three sectors of 120 degrees (ICML Figure 1, left)."""
    directions = simplex_directions(3, d, rotation)
    return Propeller(directions, -directions)


def _orthogonal(rotation: ArrayLike, d: int) -> np.ndarray:
    matrix = np.asarray(rotation, dtype=float)
    if matrix.shape != (d, d) or not np.allclose(matrix @ matrix.T, np.eye(d), atol=1e-8):
        raise InputError(f"rotation must be an orthogonal ({d}, {d}) matrix; one of shape {matrix.shape} came.")
    return matrix
