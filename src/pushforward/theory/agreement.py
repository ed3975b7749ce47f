"""Best-rotation agreement: the share of latents on which a partition and a rotated simplicial cluster agree."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import log_softmax
from scipy.stats import norm

from pushforward.errors import InputError
from pushforward.theory.partition import Labels, in_batches
from pushforward.theory.simplex import cell_coordinates, cell_index, simplex_directions
from pushforward.theory.weighted import offsets_for_weights

MOST_TURNED = 64  # coordinates of a rotation beyond which random turns find nothing


@dataclass(frozen=True)
class Agreement:
    """Agreement of a partition with the best simplicial cluster found.

    Attributes:
        share, low, high: share of the Gaussian mass with equal class, in [0, 1], with Wilson's interval, measured on
            latents that the fit has not seen; NaN where undefined.
        directions: of the cluster (cells, d), row k for class `present[k]`.
        offsets: of the cluster (cells,).
        present: classes that occur.
        status, reason: "ok", "single_class", or "too_many_cells" where cells > d + 1 and there is no cluster.
    """

    share: float
    low: float
    high: float
    directions: np.ndarray
    offsets: np.ndarray
    present: np.ndarray
    status: str = "ok"
    reason: str = ""


def best_rotation_agreement(
    labels: Labels, *, d: int, generator: np.random.Generator, n: int = 20000, confidence: float = 0.95
) -> Agreement:
    """Largest agreement found between a partition and the simplicial clusters with its cell measures.

    Each class keeps its own cell: permuting the cells of a cluster is one of its rotations or reflections, all of which
    are searched. The search starts at the orthogonal Procrustes match of the class-mean latents with the directions,
    climbs the likelihood of the labels under a softmax of the cell coordinates, ever sharper, and ends, in few
    dimensions, with random turns, ever smaller, kept where they raise the share itself. The share reported is a lower
    bound on the maximum over rotations: the search may stop at a local one.

    Args:
        labels: latents (k, d) -> class numbers (k,).
        d: dimension of the latent space.
        generator: source of the latents.
        n: latents for the fit, and as many for the share.
        confidence: level of the interval.
    """
    if n < 100:
        raise InputError(f"An agreement needs n >= 100 latents, {n} came.")
    z = generator.standard_normal((2 * n, d))
    y = in_batches(labels, z)
    present, y = np.unique(y, return_inverse=True)
    m = len(present)
    if m < 2:
        return _undefined(present, d, "single_class", f"every latent drawn has class {present[0]}")
    if m > d + 1:
        return _undefined(present, d, "too_many_cells", f"{m} cells, but a cluster in R^{d} has at most {d + 1}")
    offsets = offsets_for_weights(np.bincount(y) / len(y))
    directions = fit_rotation(z[:n], y[:n], offsets, generator)
    share = float(np.mean(cell_index(z[n:], directions, offsets) == y[n:]))
    return Agreement(share, *_wilson(share, n, confidence), directions, offsets, present)


def fit_rotation(z: np.ndarray, y: np.ndarray, offsets: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Directions (m, d) of a simplicial cluster that agrees with the classes y (n,) of latents z (n, d).

    Args:
        z: latents (n, d).
        y: classes 0..m-1 (n,).
        offsets: of the cluster (m,), kept as they are.
        generator: source of the last, random turns.
    """
    m = len(offsets)
    vertices = simplex_directions(m, m - 1)
    best = vertices @ _polar(vertices.T @ (np.eye(m)[y].T @ z))
    share, directions = _share(z, y, best, offsets), best
    for sharpness in (1.0, 3.0, 9.0):
        directions = _climb(z, y, directions, offsets, sharpness)
        found = _share(z, y, directions, offsets)
        if found > share:
            best, share = directions, found
    turns = 80 if (m - 1) * z.shape[1] <= MOST_TURNED else 0
    for size in np.geomspace(4.0, 0.01, turns):
        turned = vertices @ _polar(vertices.T @ best + size * generator.standard_normal((m - 1, z.shape[1])))
        found = _share(z, y, turned, offsets)
        if found > share:
            best, share = turned, found
    return best


def _climb(
    z: np.ndarray, y: np.ndarray, directions: np.ndarray, offsets: np.ndarray, sharpness: float, steps: int = 30
) -> np.ndarray:
    """Projected gradient ascent of the mean log-likelihood over rotations, with a step that adapts."""
    vertices = simplex_directions(len(offsets), len(offsets) - 1)
    one_hot = np.eye(len(offsets))[y]

    def likelihood(trial: np.ndarray) -> tuple[float, np.ndarray]:
        log_p = log_softmax(sharpness * cell_coordinates(z, trial, offsets), axis=1)
        return float(log_p[np.arange(len(y)), y].mean()), log_p

    step, (value, log_p) = 1.0, likelihood(directions)
    for _ in range(steps):
        gradient = sharpness * (one_hot - np.exp(log_p)).T @ z / len(z)
        trial = vertices @ _polar(vertices.T @ (directions + step * gradient))
        reached, log_q = likelihood(trial)
        if reached > value:
            gained, directions, value, log_p, step = reached - value, trial, reached, log_q, 2 * step
            if gained < 1e-5:
                break
        else:
            step /= 4
    return directions


def _polar(matrix: np.ndarray) -> np.ndarray:
    """The matrix with orthonormal rows that is nearest to `matrix` (k, d), k <= d."""
    left, _, right = np.linalg.svd(matrix, full_matrices=False)
    return left @ right


def _share(z: np.ndarray, y: np.ndarray, directions: np.ndarray, offsets: np.ndarray) -> float:
    return float(np.mean(cell_index(z, directions, offsets) == y))


def _wilson(share: float, n: int, confidence: float) -> tuple[float, float]:
    """Wilson's interval of a binomial share."""
    q = float(norm.ppf((1 + confidence) / 2)) ** 2 / n
    half = math.sqrt(q * (share * (1 - share) + q / 4))
    return (share + q / 2 - half) / (1 + q), (share + q / 2 + half) / (1 + q)


def _undefined(present: np.ndarray, d: int, status: str, reason: str) -> Agreement:
    nan = math.nan
    return Agreement(
        nan, nan, nan, np.full((len(present), d), nan), np.full(len(present), nan), present, status, reason
    )
