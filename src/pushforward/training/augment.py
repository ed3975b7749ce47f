"""Random changes of an image that leave its class alone."""

import torch
from torch import Tensor

from pushforward.errors import InputError

METHODS = ("none", "flip_crop", "shift")


class Augment:
    """Images in, images out, each changed on its own.

    "shift" moves an image by up to an eighth of its size in each direction (4 pixels of 32, 1 of 8) and fills the
    border, which is the usual padded random crop; "flip_crop" mirrors it with probability 1/2 too.

    Args:
        method: "none", "shift" or "flip_crop".
        fill: value of the new border.
        generator: source of the randomness, on the images' device.

    Raises:
        InputError: no such method.
    """

    def __init__(self, method: str, fill: float, generator: torch.Generator) -> None:
        if method not in METHODS:
            raise InputError(f"augment must be one of {', '.join(METHODS)}, not {method!r}.")
        self.method, self.fill, self.generator = method, fill, generator

    def __call__(self, x: Tensor) -> Tensor:
        """(n, C, H, W) -> (n, C, H, W)."""
        if self.method == "none":
            return x
        x = self._shift(x, x.shape[-1] // 8)
        if self.method == "flip_crop":
            coins = torch.rand(len(x), 1, 1, 1, generator=self.generator, device=x.device) < 0.5
            x = torch.where(coins, x.flip(-1), x)
        return x

    def _shift(self, x: Tensor, most: int) -> Tensor:
        n, _, height, width = x.shape
        padded = torch.nn.functional.pad(x, (most, most, most, most), value=self.fill)
        start = torch.randint(2 * most + 1, (2, n, 1), generator=self.generator, device=x.device)
        rows = start[0] + torch.arange(height, device=x.device)  # (n, H)
        columns = start[1] + torch.arange(width, device=x.device)  # (n, W)
        image = torch.arange(n, device=x.device)[:, None, None]
        return padded[image, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
