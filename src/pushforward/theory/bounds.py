"""Bounds on the precision of an L-Lipschitz generator of m separated modes: as printed, and as they hold.

Throughout, `distance` is the smallest distance D between two mode centres for upper bounds and the largest for lower
ones, `radius` the largest mode radius r, `lipschitz` the constant L. The printed bounds use eps = D / L; the corrected
ones eps' = (D / 2 - r) / L, the least distance from a latent mapped into a mode to another cell.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from pushforward.errors import InputError
from pushforward.theory.boundary import boundary_measure, boundary_slope, boundary_upper_bound, isoperimetric_border
from pushforward.theory.weighted import boundary_measure_weighted

UPPER = ("paper_cor36", "paper_unbalanced", "isoperimetric", "simplicial_exact", "asymptotic")
LOWER = ("paper_statement", "paper_proof", "v1", "sharp", "sharp_closed")


@dataclass(frozen=True)
class Bound:
    """A bound on the precision alpha, in [.., 1]; below 0 an upper or lower bound says nothing.

    Attributes:
        kind: name of the formula.
        value: the bound; NaN where its own conditions are not met.
        status, reason: "ok", or "out_of_range" with the condition that fails.
    """

    kind: str
    value: float
    status: str = "ok"
    reason: str = ""


def precision_upper_bound(
    kind: str, *, m: int, distance: float, lipschitz: float, radius: float = 0.0, weights: Sequence[float] | None = None
) -> Bound:
    """An upper bound on the precision of any generator with these cell measures.

    Args:
        kind: one of
            "paper_cor36": ICML Corollary 3.6 as printed, 1 - eps sqrt(log m) e^(-3/2); needs eps sqrt(log m) <= 1 and
            ignores the radius, with which it can fail.
            "paper_unbalanced": the printed form for unequal weights, 1 - m eps w sqrt(log 1/w) e^(-3/2), w the least.
            "isoperimetric": 1 - sum_i (eps'-border of a half-space of measure w_i). Holds for every m, d and eps'.
            "simplicial_exact": 1 - boundary measure of the simplicial cluster at eps'. Milman and Neeman make it a
            bound as eps' -> 0; for finite eps' it is what the cluster attains, not proved to be the best.
            "asymptotic": Tanielian et al. (2020), exp(-eps^2/8 - eps sqrt(log(m)/2)), for m -> infinity and r = 0.
        m: number of modes.
        distance: smallest distance D between two centres.
        lipschitz: Lipschitz constant L.
        radius: largest radius r < D / 2.
        weights: measures (m,) of the cells; equal where None.

    Raises:
        InputError: an unknown kind, or numbers that describe no such problem.
    """
    _check(m, distance, lipschitz, radius)
    w = None if weights is None else np.asarray(weights, dtype=float)
    if w is not None and len(w) != m:
        raise InputError(f"{m} weights were expected, {len(w)} came.")
    eps, depth = distance / lipschitz, (distance / 2 - radius) / lipschitz
    if kind == "paper_cor36":
        return _printed(kind, eps, m, 1 / m)
    if kind == "paper_unbalanced":
        return _printed(kind, eps, m, 1 / m if w is None else float(w.min()))
    if kind == "isoperimetric":
        borders = m * isoperimetric_border(1 / m, depth) if w is None else isoperimetric_border(w, depth).sum()
        return Bound(kind, float(1 - borders))
    if kind == "simplicial_exact":
        return Bound(kind, 1 - (boundary_measure(m, depth) if w is None else boundary_measure_weighted(w, depth)))
    if kind == "asymptotic":
        return Bound(kind, math.exp(-(eps**2) / 8 - eps * math.sqrt(math.log(m) / 2)))
    raise InputError(f"Upper bounds are {', '.join(UPPER)}; {kind!r} came.")


def precision_lower_bound(
    kind: str, *, m: int, d: int, distance: float, lipschitz: float, constant: float = 1.0
) -> Bound:
    """Precision that some L-Lipschitz generator on the simplicial cluster is said, or proved, to reach.

    Args:
        kind: one of
            "paper_statement": ICML eq. 7, 1 - eps sqrt(m log(C m)).
            "paper_proof": what its proof gives, 1 - 2 eps sqrt(pi m log(C m)).
            "v1": the first version, 1 - eps sqrt(pi m log(C m)).
            "sharp": 1 - boundary measure of the cluster at D / (2 L), attained by the simplex projection for r = 0.
            "sharp_closed": 1 - (D / L) sqrt(log m), below "sharp" for all m and L.
        m: number of modes.
        d: latent dimension, m <= d + 1.
        distance: largest distance D between two centres. "sharp" holds for equidistant ones.
        lipschitz: Lipschitz constant L.
        constant: C of the printed bounds; see `needed_constant`.

    Raises:
        InputError: an unknown kind, or numbers that describe no such problem.
    """
    _check(m, distance, lipschitz, 0.0)
    if kind not in LOWER:
        raise InputError(f"Lower bounds are {', '.join(LOWER)}; {kind!r} came.")
    if m > d + 1:
        return Bound(kind, math.nan, "out_of_range", f"m = {m} > d + 1 = {d + 1}: there is no simplicial cluster")
    eps = distance / lipschitz
    if kind == "sharp":
        return Bound(kind, 1 - boundary_measure(m, eps / 2))
    if kind == "sharp_closed":
        return Bound(kind, 1 - boundary_upper_bound(m, eps / 2))
    if constant * m <= 1:
        return Bound(kind, math.nan, "out_of_range", f"C m = {constant * m} <= 1")
    growth = math.sqrt(m * math.log(constant * m))
    if eps * growth * math.sqrt(math.pi) > 1:
        return Bound(kind, math.nan, "out_of_range", f"L >= D sqrt(pi m log(C m)) was assumed; L = {lipschitz:.4g}")
    factor = {"paper_statement": 1.0, "paper_proof": 2 * math.sqrt(math.pi), "v1": math.sqrt(math.pi)}[kind]
    return Bound(kind, 1 - factor * eps * growth)


def lemma_printed(boundary: Callable[[float], float], *, distance: float, lipschitz: float) -> float:
    """ICML Lemma 3.5 as printed: alpha <= 1 - gamma(boundary of width D / L). False: see `errata`.

    Args:
        boundary: eps -> Gaussian measure of the partition's eps-boundary.
        distance: smallest distance D between two centres.
        lipschitz: Lipschitz constant L.
    """
    return 1 - boundary(distance / lipschitz)


def lemma_corrected(
    boundary: Callable[[float], float], *, distance: float, lipschitz: float, radius: float = 0.0
) -> float:
    """Lemma 3.5 as it holds: alpha <= 1 - gamma(boundary of width (D / 2 - r) / L).

    If z is within eps' of a point z' of another cell j while G(z) is in sphere i, then G(z') is at least D / 2 from
    X_i, so |G(z) - G(z')| >= D / 2 - r >= L eps' > L |z - z'|.
    """
    return 1 - boundary((distance / 2 - radius) / lipschitz)


def margin(centres: ArrayLike, radii: ArrayLike = 0.0) -> float:
    """Least |X_i - X_j| / 2 - r_i over i != j, L eps' of the corrected lemma, for centres (m, D) and radii (m,)."""
    x = np.asarray(centres, dtype=float)
    half = np.linalg.norm(x[:, None] - x[None, :], axis=2) / 2
    np.fill_diagonal(half, np.inf)
    return float((half.min(axis=1) - np.asarray(radii, dtype=float)).min())


def needed_constant(m: float) -> float:
    """Smallest C with boundary_measure(m, eps) <= eps sqrt(pi log(C m)) for all eps, as ICML Theorem 3.7 needs.

    The measure is concave in eps, so its slope at 0 decides. C grows like m^(4/pi - 1): no constant is enough.
    """
    return float(np.exp(boundary_slope(m) ** 2 / np.pi - np.log(m)))


def _printed(kind: str, eps: float, m: int, w: float) -> Bound:
    """1 - m w eps sqrt(log 1/w) e^(-3/2), where its condition eps sqrt(log 1/w) <= 1 is met."""
    scale = eps * math.sqrt(-math.log(w))
    if scale > 1:
        needed = f"L >= D sqrt(log 1/w) was assumed, but (D / L) sqrt(log 1/w) = {scale:.3g} > 1"
        return Bound(kind, math.nan, "out_of_range", needed)
    return Bound(kind, 1 - m * w * scale * math.exp(-1.5))


def _check(m: int, distance: float, lipschitz: float, radius: float) -> None:
    if m < 2 or not distance > 0 or not lipschitz > 0 or not 0 <= radius < distance / 2:
        raise InputError(
            "m >= 2 modes, distance D > 0, Lipschitz constant L > 0 and radius 0 <= r < D / 2 were expected; "
            f"m = {m}, D = {distance}, L = {lipschitz}, r = {radius} came."
        )
