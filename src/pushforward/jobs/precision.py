"""What the theory says of a trained toy generator, and what was measured: precision, slopes, bounds."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.stats import chi2

from pushforward.errors import InputError
from pushforward.geometry.jacobian import local_lipschitz
from pushforward.jobs.efforts import Effort
from pushforward.jobs.facts import plain, share
from pushforward.jobs.trained import Trained
from pushforward.report.intervals import Interval
from pushforward.theory.bounds import LOWER, UPPER, Bound, precision_lower_bound, precision_upper_bound
from pushforward.theory.ellipses import draw_ellipses, wall_points

MASS = 0.99  # share of a mode's own points within its radius
QUANTILES = (0.5, 0.9, 0.99)
OWN_CELLS = ("isoperimetric", "simplicial_exact", "paper_unbalanced")  # bounds for the measures of the cells learned
EVEN = 0.1  # cells are called equal where none is off 1/m by more than this share of it


@dataclass(frozen=True)
class Within:
    """Precision for one idea of what a mode is: the share of Gaussian latents mapped into balls of this radius."""

    radius: float
    alpha: Interval


@dataclass(frozen=True)
class Precision:
    """Precision and slopes of one training on a mixture.

    Attributes:
        mode: balls that hold 99 % of their mode: what is generated must have its shape.
        quarter: balls of a quarter of the smallest distance: it must only not lie between modes.
        weights: shares (m,) of the cells of the nearest-centre partition.
        nearest, farthest: smallest and largest distance between two centres.
        slopes: largest singular values (n,) of the Jacobian at Gaussian latents.
        wall_slopes: the same at points on the walls, drawn from their Gaussian surface measure; empty for one class.
    """

    mode: Within
    quarter: Within
    weights: np.ndarray
    nearest: float
    farthest: float
    slopes: np.ndarray
    wall_slopes: np.ndarray

    @property
    def lipschitz(self) -> float:
        """The largest slope met: a lower bound of the Lipschitz constant."""
        return float(np.concatenate([self.slopes, self.wall_slopes]).max())

    def facts(self) -> dict[str, Any]:
        """The numbers as JSON-able values."""
        within = {"mode": self.mode, "quarter": self.quarter}
        return {
            "precision": {name: {"radius": own.radius, "alpha": plain(own.alpha)} for name, own in within.items()},
            "smallest_cell": float(self.weights.min()),
            "largest_cell": float(self.weights.max()),
            "mean_slope": float(self.slopes.mean()),
            "largest_slope": self.lipschitz,
        }


@dataclass(frozen=True)
class Verdict:
    """One bound beside the measured precision.

    Attributes:
        side: "upper" or "lower".
        bound: kind and value.
        holds: whether the precision's interval is compatible with it; None where the bound has no value.
        applies: whether all of the bound's assumptions are met by this generator.
        reason: which are not.
    """

    side: str
    bound: Bound
    holds: bool | None
    applies: bool
    reason: str


def mode_radius(sigma: float, dimension: int) -> float:
    """Radius of the ball that holds 99 % of a Gaussian N(0, sigma^2 I) of R^D: 3.03 sigma in the plane."""
    return sigma * math.sqrt(chi2.ppf(MASS, dimension))


def measure(trained: Trained, effort: Effort, seed: int) -> Precision:
    """Precision and slopes of a training.

    Args:
        trained: a generator of points from a mixture.
        effort: numbers of latents.
        seed: of the latents.

    Raises:
        InputError: the data are no mixture.
    """
    centres, sigma = trained.data.centres, trained.data.sigma
    if centres is None or sigma is None:
        raise InputError(f"{trained.run}: precision within modes is for mixtures, {trained.data.name} is none.")
    z = trained.stream(seed, "precision").standard_normal((effort.samples, trained.d))
    distance, label = torch.cdist(trained.generate(z).double(), centres).min(dim=1)
    apart = torch.pdist(centres)
    radii = mode_radius(sigma, len(centres[0])), float(apart.min()) / 4
    mode, quarter = (Within(radius, share((distance <= radius).numpy())) for radius in radii)
    return Precision(
        mode=mode,
        quarter=quarter,
        weights=np.bincount(label.numpy(), minlength=len(centres)) / effort.samples,
        nearest=float(apart.min()),
        farthest=float(apart.max()),
        slopes=_slopes(trained, z[: effort.jacobians]),
        wall_slopes=_slopes(trained, _on_walls(trained, effort.jacobians, seed)),
    )


def verdicts(precision: Precision, within: Within, d: int) -> list[Verdict]:
    """Every bound with the largest slope met as Lipschitz constant.

    Args:
        precision: of a training.
        within: its `mode` or its `quarter`.
        d: latent dimension.
    """
    upper = [_upper(kind, precision, within) for kind in UPPER]
    return upper + [_lower(kind, precision, within, d) for kind in LOWER]


def upper_bound(kind: str, own: Precision, radius: float, weights: np.ndarray | None = None) -> Bound:
    """An upper bound for cells of these measures, equal ones where there are none; NaN where it cannot be computed."""
    m = len(own.weights) if weights is None else len(weights)
    if m < 2:
        return Bound(kind, math.nan, "single_class", "a single cell")
    given = None if weights is None else list(weights)
    numbers = {"distance": own.nearest, "lipschitz": own.lipschitz, "radius": radius}
    return _computed(precision_upper_bound, kind, m=m, weights=given, **numbers)


def _upper(kind: str, own: Precision, within: Within) -> Verdict:
    present = own.weights[own.weights > 0]
    bound = upper_bound(kind, own, within.radius, present if kind in OWN_CELLS else None)
    missing = [
        bound.reason,
        _unequal(own.weights) if kind == "paper_cor36" else "",
        "a cell is empty" if kind == "paper_unbalanced" and len(present) < len(own.weights) else "",
        "for m to infinity and point-like modes" if kind == "asymptotic" else "",
        "proved in the limit of small eps only" if kind == "simplicial_exact" else "",
    ]
    return _verdict("upper", bound, missing, within.alpha.low <= bound.value)


def _computed(formula: Callable[..., Bound], kind: str, **numbers: Any) -> Bound:
    """A bound, or why there is none: no slope, a radius that is too large, a cell too small to be resolved."""
    try:
        return formula(kind, **numbers)
    except InputError as error:
        return Bound(kind, math.nan, "out_of_range", str(error))


def _lower(kind: str, own: Precision, within: Within, d: int) -> Verdict:
    numbers = {"m": len(own.weights), "d": d, "distance": own.farthest, "lipschitz": own.lipschitz}
    bound = _computed(precision_lower_bound, kind, **numbers)
    uneven = own.farthest > own.nearest * (1 + 1e-6)
    missing = [
        bound.reason.replace("; L =", ", L ="),
        "modes are not equidistant" if uneven and kind.startswith("sharp") else "",
        "says nothing, for it is not positive" if bound.value <= 0 else "",
    ]
    return _verdict("lower", bound, missing, within.alpha.high >= bound.value)


def _verdict(side: str, bound: Bound, missing: list[str], holds: bool) -> Verdict:
    reason = "; ".join(filter(None, missing))
    return Verdict(side, bound, holds if math.isfinite(bound.value) else None, not reason, reason)


def _unequal(weights: np.ndarray) -> str:
    """Says how unequal cells are, where they are."""
    m = len(weights)
    if np.abs(m * weights - 1).max() <= EVEN:
        return ""
    return f"cells are not equal: {weights.min():.3f} to {weights.max():.3f}, 1/m = {1 / m:.3f}"


def _on_walls(trained: Trained, n: int, seed: int) -> np.ndarray:
    """At most n latents (k, d) on the walls of the partition."""
    generator = trained.stream(seed, "walls")
    drawn = draw_ellipses(trained.labels, trained.d, max(1, n // 4), generator, points=64)
    positions = wall_points(trained.labels, drawn).position
    return positions[generator.permutation(len(positions))[:n]]


def _slopes(trained: Trained, z: np.ndarray) -> np.ndarray:
    if not len(z):
        return np.zeros(0)
    return local_lipschitz(trained.generator, torch.as_tensor(z, dtype=torch.float32), exact_up_to=512).value.numpy()
