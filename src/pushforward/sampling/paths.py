"""Paths between latents: straight lines, and great circles with the norm between those of the ends."""

from collections.abc import Callable

import torch
from torch import Tensor

Path = Callable[[Tensor, Tensor, Tensor], Tensor]
FLAT = 1e-6  # sine of an angle below which two directions count as one, or as opposite


def linear(first: Tensor, second: Tensor, weights: Tensor) -> Tensor:
    """Points (1 - w) first + w second: ends (n, d), weights (s,) in [0, 1] -> (n, s, d)."""
    w = weights.to(first)[None, :, None]
    return (1 - w) * first[:, None] + w * second[:, None]


def spherical(first: Tensor, second: Tensor, weights: Tensor) -> Tensor:
    """Points along the great circle of the directions, norms interpolated: (n, d), (n, d), (s,) -> (n, s, d).

    A standard Gaussian of many dimensions lies near a sphere, which a straight line leaves: at its middle independent
    ends have a norm smaller by sqrt(2). Equal or opposite directions are joined by the straight line.
    """
    lengths = [end.double().norm(dim=1)[:, None, None] for end in (first, second)]
    units = [
        end.double()[:, None] / length.clamp_min(torch.finfo(torch.float64).tiny)
        for end, length in zip((first, second), lengths, strict=True)
    ]
    w = weights.double()[None, :, None]
    angle = (units[0] * units[1]).sum(-1, keepdim=True).clamp(-1, 1).arccos()
    sine = angle.sin()
    flat = sine < FLAT
    on_circle = (((1 - w) * angle).sin() * units[0] + (w * angle).sin() * units[1]) / sine.masked_fill(flat, 1)
    straight = (1 - w) * units[0] + w * units[1]
    norms = (1 - w) * lengths[0] + w * lengths[1]
    return (norms * torch.where(flat, straight, on_circle)).to(first)


PATHS: dict[str, Path] = {"linear": linear, "spherical": spherical}
