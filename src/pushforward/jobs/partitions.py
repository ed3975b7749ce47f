"""The cells of a trained generator in its latent plane: length and angles of their walls, and what they are like."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri

from pushforward.jobs.efforts import Effort
from pushforward.jobs.facts import share
from pushforward.jobs.trained import Trained
from pushforward.report.intervals import Interval
from pushforward.theory.agreement import Agreement, best_rotation_agreement
from pushforward.theory.isoperimetry import IsoperimetricRatio, isoperimetric_ratio
from pushforward.theory.partition import Labels, in_batches
from pushforward.theory.walls import Slabs, WallReport, slabs, wall_angles

DIRECTIONS = 360  # normals tried for parallel walls, half a degree apart


@dataclass(frozen=True)
class SlabAgreement:
    """Agreement with the nearest partition in parallel slabs of the plane with the same cell measures.

    Attributes:
        share: share of Gaussian latents with equal class, with interval; NaN for a single class.
        normal: unit normal (2,) of the walls.
        offsets: of the walls along it, in increasing order, (cells - 1,).
        order: classes along the normal, (cells,).
    """

    share: Interval
    normal: np.ndarray
    offsets: np.ndarray
    order: np.ndarray

    def labels(self, z: np.ndarray) -> np.ndarray:
        """Classes (n,) of latents (n, 2) in these slabs."""
        return self.order[np.searchsorted(self.offsets, z @ self.normal)]


@dataclass(frozen=True)
class Partition:
    """Everything measured of one partition of the plane."""

    ratio: IsoperimetricRatio
    walls: WallReport
    slabs: Slabs
    cluster: Agreement
    parallel: SlabAgreement

    def numbers(self) -> dict[str, float]:
        """What is averaged over trainings; NaN where undefined."""
        angles = [angle.degrees for angle in self.walls.angles] or [math.nan]
        return {
            "isoperimetric_ratio": self.ratio.ratio,
            "smallest_angle_degrees": min(angles),
            "largest_angle_degrees": max(angles),
            "slab_angle_degrees": self.slabs.degrees,
            "wall_share_outside_slabs": self.slabs.other_share,
            "cluster_agreement": self.cluster.share,
            "slab_agreement": self.parallel.share.mean,
        }

    def facts(self) -> dict[str, Any]:
        """All of it, as JSON-able values."""
        return {
            "isoperimetry": asdict(self.ratio),
            "walls": asdict(self.walls),
            "slabs": asdict(self.slabs),
            "cluster": asdict(self.cluster),
            "parallel": asdict(self.parallel),
        }


def measure(trained: Trained, effort: Effort, seed: int) -> Partition:
    """Measure the partition of a latent plane, d = 2."""
    labels, classes = trained.labels, trained.data.classes
    ratio = isoperimetric_ratio(
        labels, d=2, classes=classes, ellipses=effort.ellipses, generator=trained.stream(seed, "isoperimetry")
    )
    report = wall_angles(labels, d=2, ellipses=effort.ellipses, generator=trained.stream(seed, "angles"))
    cluster = best_rotation_agreement(labels, d=2, n=effort.samples, generator=trained.stream(seed, "rotation"))
    parallel = slab_agreement(labels, n=effort.samples, generator=trained.stream(seed, "slabs"))
    return Partition(ratio, report, slabs(report), cluster, parallel)


def slab_agreement(labels: Labels, *, n: int, generator: np.random.Generator) -> SlabAgreement:
    """Nearest partition in parallel slabs: classes in the order of their means along each of `DIRECTIONS` normals.

    The walls lie at the Gaussian quantiles that give the measured cell weights. The normal is chosen on n latents, the
    agreement is measured on n others.
    """
    z = generator.standard_normal((2 * n, 2))
    y = in_batches(labels, z)
    present, counts = np.unique(y, return_counts=True)
    if len(present) < 2:
        nothing = Interval(math.nan, math.nan, math.nan, 0, "samples")
        return SlabAgreement(nothing, np.full(2, math.nan), np.zeros(0), present)
    means = np.stack([z[y == own].mean(axis=0) for own in present])
    angles = np.pi * np.arange(DIRECTIONS) / DIRECTIONS
    tried = [_slabs(np.array([np.cos(angle), np.sin(angle)]), means, present, counts / len(y)) for angle in angles]
    best = max(tried, key=lambda own: float(np.mean(own.labels(z[:n]) == y[:n])))
    return SlabAgreement(share(best.labels(z[n:]) == y[n:]), best.normal, best.offsets, best.order)


def _slabs(normal: np.ndarray, means: np.ndarray, present: np.ndarray, weights: np.ndarray) -> SlabAgreement:
    along = np.argsort(means @ normal)
    unmeasured = Interval(math.nan, math.nan, math.nan, 0, "samples")
    return SlabAgreement(unmeasured, normal, ndtri(weights[along].cumsum()[:-1]), present[along])
