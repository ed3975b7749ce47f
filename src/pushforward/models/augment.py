"""Differentiable augmentation (Zhao et al. 2020) with the strengths of TransGAN: what a critic sees of every image.

Each function maps (n, c, h, w) to the same shape, is differentiable to second order (the gradient penalty passes
through it), draws from an explicit generator on the images' device, and never waits for the device.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

TRANSLATION = 0.2  # largest shift, as a share of the side
CUTOUT = 0.5  # side of the square cut out, as a share of the side
CUTOUT_PROBABILITY = 0.3  # for the whole batch at once


def augment(x: Tensor, generator: torch.Generator) -> Tensor:
    """Translation, cutout, then brightness, saturation and contrast; images in [-1, 1] come out unbounded."""
    for change in (translate, cut_out, brighten, saturate, contrast):
        x = change(x, generator)
    return x


def translate(x: Tensor, generator: torch.Generator) -> Tensor:
    """Shift each image by whole pixels, up to a fifth of each side; zeros come in."""
    n, _, height, width = x.shape
    rows = _shifted(n, height, generator)[:, :, None]  # (n, h, 1)
    columns = _shifted(n, width, generator)[:, None, :]  # (n, 1, w)
    images = torch.arange(n, device=x.device)[:, None, None]
    padded = F.pad(x, (1, 1, 1, 1)).permute(0, 2, 3, 1)  # (n, h + 2, w + 2, c)
    return padded[images, rows, columns].permute(0, 3, 1, 2)


def cut_out(x: Tensor, generator: torch.Generator) -> Tensor:
    """With probability 0.3 for the whole batch, blank a square of half the side, centred anywhere, in each image."""
    n, _, height, width = x.shape
    inside = _covered(n, height, generator)[:, :, None] & _covered(n, width, generator)[:, None, :]  # (n, h, w)
    now = torch.rand((), generator=generator, device=x.device) < CUTOUT_PROBABILITY
    return x * ~(inside & now)[:, None]


def brighten(x: Tensor, generator: torch.Generator) -> Tensor:
    """Add U(-0.5, 0.5) to each image."""
    return x + _uniform(x, generator) - 0.5


def saturate(x: Tensor, generator: torch.Generator) -> Tensor:
    """Multiply each image's distance from grey by U(0, 2)."""
    grey = x.mean(1, keepdim=True)
    return (x - grey) * (2 * _uniform(x, generator)) + grey


def contrast(x: Tensor, generator: torch.Generator) -> Tensor:
    """Multiply each image's distance from its mean by U(0.5, 1.5)."""
    mean = x.mean((1, 2, 3), keepdim=True)
    return (x - mean) * (_uniform(x, generator) + 0.5) + mean


def _uniform(x: Tensor, generator: torch.Generator) -> Tensor:
    return torch.rand(len(x), 1, 1, 1, generator=generator, device=x.device, dtype=x.dtype)


def _shifted(n: int, side: int, generator: torch.Generator) -> Tensor:
    """Rows of a side padded by one that a shifted image shows, (n, side); 0 and side + 1 are padding."""
    most = int(side * TRANSLATION + 0.5)
    shift = torch.randint(-most, most + 1, (n, 1), generator=generator, device=generator.device)
    return (torch.arange(side, device=generator.device) + shift + 1).clamp(0, side + 1)


def _covered(n: int, side: int, generator: torch.Generator) -> Tensor:
    """Pixels of a side within a window of half its length, centred anywhere, (n, side) bool."""
    length = int(side * CUTOUT + 0.5)
    centre = torch.randint(side + 1 - length % 2, (n, 1), generator=generator, device=generator.device)
    pixel = torch.arange(side, device=generator.device) - (centre - length // 2)
    return (pixel >= 0) & (pixel < length)
