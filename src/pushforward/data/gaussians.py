"""Mixtures of isotropic Gaussians with known centres, and the exact oracle that comes with them: the nearest centre."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from pushforward.data.batches import sample_mixture
from pushforward.data.dataset import describe
from pushforward.errors import InputError
from pushforward.rng import generator

BLOCK = 4096  # samples compared with all centres at a time


def prepare(
    kind: str,
    *,
    sigma: float,
    layout: str = "equidistant",
    modes: int | None = None,
    dim: int | None = None,
    separation: float | None = None,
    centres: Sequence[Sequence[float]] | None = None,
    weights: str | Sequence[float] = "equal",
    samples: int = 10_000,
    seed: int = 0,
) -> dict[str, np.ndarray]:
    """A mixture, and `samples` fixed points of it for each split. Trainings draw their own points.

    Args:
        kind: "gaussians".
        sigma: deviation of each coordinate; 0 gives point masses.
        layout: "equidistant" (`modes`, `dim`, `separation`), "polygon" (`modes`, `separation`; in the plane), or
            "explicit" (`centres`; `modes` and `dim` may be given and must agree).
        modes: number of centres m.
        dim: dimension D of the space.
        separation: distance between (neighbouring) centres.
        centres: (m, D) for the explicit layout.
        weights: "equal", or m positive numbers; normalised here.
        samples: fixed points in each of train and test, for the real side of metrics.
        seed: of these points.

    Raises:
        InputError: a parameter is out of range, or does not belong to the layout.
    """
    places = _place(layout, modes, dim, separation, centres)
    shares = _shares(weights, len(places))
    if not (math.isfinite(sigma) and sigma >= 0):
        raise InputError(f"sigma: expected a number >= 0, got {sigma}.")
    if samples < 1:
        raise InputError(f"samples: expected at least 1, got {samples}.")
    law = (torch.from_numpy(places), torch.from_numpy(shares), sigma)
    drawn = {split: sample_mixture(*law, samples, generator(seed, kind, split)) for split in ("train", "test")}
    return {
        **{split: points.numpy() for split, (points, _) in drawn.items()},
        **{f"{split}_labels": labels.numpy() for split, (_, labels) in drawn.items()},
        "centres": places,
        "weights": shares,
        "sigma": np.array(float(sigma)),
        "about": describe(kind, classes=len(places), layout=layout, seed=seed),
    }


def equidistant(modes: int, dim: int, separation: float) -> np.ndarray:
    """Centres (separation / sqrt 2) e_i, i = 1..m: all pairwise distances equal `separation`.

    Raises:
        InputError: more modes than axes, or a number out of range.
    """
    _check(modes, 1, separation)
    if modes > dim:
        raise InputError(f"modes: equidistant centres lie on different axes, so at most dim = {dim} fit; got {modes}.")
    return separation / math.sqrt(2) * np.eye(modes, dim)


def polygon(modes: int, separation: float) -> np.ndarray:
    """Corners of the regular m-gon with sides `separation` around the origin, the first one straight up.

    Raises:
        InputError: fewer than two modes, or a number out of range.
    """
    _check(modes, 2, separation)
    angle = np.pi / 2 + 2 * np.pi * np.arange(modes) / modes
    return separation / (2 * math.sin(math.pi / modes)) * np.stack([np.cos(angle), np.sin(angle)], 1)


def _check(modes: int, least: int, separation: float) -> None:
    if modes < least or not (math.isfinite(separation) and separation > 0):
        raise InputError(f"expected modes >= {least} and separation > 0, got {modes} and {separation}.")


def nearest_centre(x: Tensor, centres: Tensor) -> Tensor:
    """The mode of each point: its nearest centre, the lowest number at a tie.

    Distances are sums of squared differences in float64, so no digits cancel when points lie far from the origin.

    Args:
        x: (n, D), any float type.
        centres: (m, D).

    Returns:
        int64 (n,), on the device of `x`.

    Raises:
        InputError: shapes do not fit, or a point is not finite.
    """
    return _nearest(x, centres)[1]


def share_within(x: Tensor, centres: Tensor, radius: float) -> float:
    """Share of points, 0 to 1, at most `radius` from some centre: the precision of the theory for balls.

    A mode's own points lie at about sigma sqrt(D) from its centre.

    Raises:
        InputError: no points, shapes do not fit, or a point is not finite.
    """
    if not len(x):
        raise InputError("no points were given, so no share of them can be told.")
    return float((_nearest(x, centres)[0] <= radius).to(torch.float64).mean())


def _nearest(x: Tensor, centres: Tensor) -> tuple[Tensor, Tensor]:
    """Distance to the nearest centre (n,) and its number (n,)."""
    if x.ndim != 2 or centres.ndim != 2 or x.shape[1] != centres.shape[1]:
        raise InputError(f"expected points (n, D) and centres (m, D), got {tuple(x.shape)} and {tuple(centres.shape)}.")
    finite = torch.isfinite(x).all(1)
    if not finite.all():
        bad = (~finite).nonzero().flatten()
        raise InputError(f"{len(bad)} of {len(x)} points are not finite (first: number {int(bad[0])}).")
    anchors = centres.to(x.device, torch.float64)
    found = [_direct_distances(block, anchors).min(1) for block in x.split(BLOCK)]
    if not found:
        return x.new_zeros(0, dtype=torch.float64), x.new_zeros(0, dtype=torch.int64)
    return torch.cat([near.values for near in found]), torch.cat([near.indices for near in found])


def _direct_distances(block: Tensor, anchors: Tensor) -> Tensor:
    return torch.cdist(block.to(torch.float64), anchors, compute_mode="donot_use_mm_for_euclid_dist")


def _place(
    layout: str,
    modes: int | None,
    dim: int | None,
    separation: float | None,
    centres: Sequence[Sequence[float]] | None,
) -> np.ndarray:
    """Centres (m, D) of a layout."""
    if layout == "explicit" and centres is not None and separation is None:
        places = _explicit(centres)
    elif layout == "equidistant" and not (modes is None or dim is None or separation is None or centres is not None):
        places = equidistant(modes, dim, separation)
    elif layout == "polygon" and not (modes is None or separation is None or centres is not None):
        places = polygon(modes, separation)
    else:
        raise InputError(
            "layout: expected equidistant (with modes, dim and separation), polygon (with modes and separation) or "
            f"explicit (with centres), got {layout!r} with modes {modes}, dim {dim}, separation {separation}, "
            f"centres {centres}."
        )
    if (modes or len(places), dim or places.shape[1]) != places.shape:
        raise InputError(f"modes and dim: {modes} and {dim} were given, but the centres are {places.shape}.")
    return places


def _explicit(centres: Sequence[Sequence[float]]) -> np.ndarray:
    try:
        places = np.array(centres, dtype=np.float64)
    except ValueError:
        places = np.zeros(0)
    if places.ndim != 2 or not places.size or not np.isfinite(places).all():
        raise InputError("centres: expected m rows of D finite numbers each.")
    if len(np.unique(places, axis=0)) != len(places):
        raise InputError("centres: two of them are the same point.")
    return places


def _shares(weights: str | Sequence[float], modes: int) -> np.ndarray:
    """Weights (m,) that sum to 1."""
    if isinstance(weights, str):
        if weights != "equal":
            raise InputError(f"weights: expected 'equal' or {modes} numbers, got {weights!r}.")
        return np.full(modes, 1 / modes)
    shares = np.array(weights, dtype=np.float64)
    if shares.shape != (modes,) or not np.isfinite(shares).all() or not (shares > 0).all():
        raise InputError(f"weights: expected {modes} positive numbers, got {list(weights)}.")
    return shares / shares.sum()
