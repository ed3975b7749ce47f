"""Gaussian perimeter of any partition in any dimension, by counting walls along random ellipses.

For independent z, v ~ N(0, I_d) the curve z(t) = cos(t) z + sin(t) v stays Gaussian, and its velocity v(t) is at every
t independent of z(t) and Gaussian too. Rice's formula then gives, for the number N of walls crossed in a full turn,

    E[N] = 2 pi P E|N(0, 1)| = 2 sqrt(2 pi) P,

with P the Gaussian (d - 1)-dimensional measure of all walls, each counted once. The slope of the epsilon-boundary's
measure at 0 counts each wall from both sides: 2 P = E[N] / sqrt(2 pi). No constant depends on d, no neighbour is
searched for, and a half-space is measured without variance: every ellipse crosses it twice.
Points where the curve crosses are distributed on the walls as their Gaussian surface measure.
"""

from dataclasses import dataclass

import numpy as np

from pushforward.errors import InputError
from pushforward.theory.partition import Labels, in_batches


@dataclass(frozen=True)
class Ellipses:
    """Labels along random ellipses: latents z (n, d), velocities v (n, d), labels (n, K) at the angles 2 pi k / K."""

    z: np.ndarray
    v: np.ndarray
    labels: np.ndarray

    def crossings(self) -> np.ndarray:
        """Walls crossed by each ellipse (n,), extrapolated to a continuous curve.

        Label changes between neighbours miss what happens within a step, a share of order 1/K; the same labels at
        twice the step give the first order of that loss, which is taken off: 2 N_K - N_(K/2).
        """
        fine = (self.labels != np.roll(self.labels, -1, axis=1)).sum(axis=1)
        coarse = (self.labels != np.roll(self.labels, -2, axis=1)).sum(axis=1) / 2
        return 2.0 * fine - coarse

    def weights(self, classes: int) -> np.ndarray:
        """Share of the Gaussian mass (classes,) in each cell."""
        return np.bincount(self.labels.ravel(), minlength=classes) / self.labels.size


def draw_ellipses(labels: Labels, d: int, n: int, generator: np.random.Generator, points: int = 256) -> Ellipses:
    """Label `points` latents along each of n random ellipses of R^d.

    Args:
        labels: latents (k, d) -> class numbers (k,).
        d: dimension of the latent space.
        n: number of ellipses.
        generator: source of the ellipses.
        points: labels per ellipse, even.

    Raises:
        InputError: an odd or too small number of points.
    """
    if points < 8 or points % 2:
        raise InputError(f"An ellipse needs an even number of points, at least 8; {points} came.")
    z, v = generator.standard_normal((2, n, d))
    t = 2 * np.pi * np.arange(points) / points
    cosine, sine = np.cos(t)[:, None], np.sin(t)[:, None]
    chunk = max(1, 65536 // points)
    found = [
        in_batches(labels, cosine * z[k : k + chunk, None] + sine * v[k : k + chunk, None]) for k in range(0, n, chunk)
    ]
    return Ellipses(z, v, np.concatenate(found))


@dataclass(frozen=True)
class WallPoints:
    """Points on the walls: position and velocity (k, d), class before and after (k,), number of the ellipse (k,)."""

    position: np.ndarray
    velocity: np.ndarray
    before: np.ndarray
    after: np.ndarray
    ellipse: np.ndarray


def wall_points(labels: Labels, ellipses: Ellipses, halvings: int = 20) -> WallPoints:
    """Every label change along the ellipses, located by bisection to an angle of 2 pi / (K 2^halvings)."""
    step = 2 * np.pi / ellipses.labels.shape[1]
    changed = ellipses.labels != np.roll(ellipses.labels, -1, axis=1)
    number, k = np.nonzero(changed)
    before = ellipses.labels[number, k]
    after = np.roll(ellipses.labels, -1, axis=1)[number, k]
    z, v = ellipses.z[number], ellipses.v[number]
    low, high = k * step, (k + 1) * step
    for _ in range(halvings):
        middle = (low + high) / 2
        found = in_batches(labels, np.cos(middle)[:, None] * z + np.sin(middle)[:, None] * v)
        same = found == before
        low, high = np.where(same, middle, low), np.where(same, high, middle)
        after = np.where(same, after, found)
    cosine, sine = np.cos(low)[:, None], np.sin(low)[:, None]
    return WallPoints(cosine * z + sine * v, cosine * v - sine * z, before, after, number)
