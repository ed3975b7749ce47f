"""What all pretrained feature networks share: bytes in, fixed batches, vectors out."""

import abc
import importlib
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor, nn

from pushforward.errors import InputError

# feature space -> module and class, looked up when asked for
SPACES = {
    "inception": "inception:Inception",
    "clip-vit-b32": "clip:CLIP",
    "efficientnet-lite0": "efficientnet:EfficientNet",
}


class Extractor(abc.ABC):
    """A frozen network from images to vectors.

    Args:
        network: in evaluation mode.
        low: value of black in the images that come.
        high: value of white.
        batch: images that the network sees at once. The last batch is filled up, so a feature vector does not depend
            on how many images came with it.
        device: where the network computes.
    """

    space: ClassVar[str]
    width: ClassVar[int]  # f, length of a feature vector

    def __init__(
        self, network: nn.Module, low: float, high: float, batch: int = 50, device: str | torch.device = "cpu"
    ) -> None:
        if batch < 1 or not low < high:
            raise InputError(
                f"{self.space}: a batch of at least 1 and low < high are expected; {batch}, {low}, {high}."
            )
        self.network = network.eval().requires_grad_(False).to(device)
        self.low, self.high, self.batch, self.device = low, high, batch, torch.device(device)

    @abc.abstractmethod
    def embed(self, pictures: Tensor) -> Tensor:
        """One batch: uint8 (n, 3, H, W) on the device -> (n, f) float32."""

    @torch.inference_mode()
    def features(self, x: Tensor) -> Tensor:
        """Images (n, 1 or 3, H, W), uint8 or scaled to [low, high] -> vectors (n, f) float32 on the CPU.

        Raises:
            InputError: not images, or some of them not finite.
        """
        rows = []
        for start in range(0, len(x), self.batch):
            part = x[start : start + self.batch].to(self.device)
            pictures = to_pictures(part, self.low, self.high, first=start)
            whole = torch.cat([pictures, pictures[:1].expand(self.batch - len(part), -1, -1, -1)])
            rows.append(self.embed(whole)[: len(part)].float().cpu())
        return torch.cat(rows) if rows else torch.empty(0, self.width)


def build(
    space: str,
    low: float,
    high: float,
    device: str | torch.device = "cpu",
    batch: int = 50,
    folder: str | Path | None = None,
) -> Extractor:
    """The extractor of a feature space, with its published weights.

    Args:
        space: a key of `SPACES`.
        low: value of black in the images that come.
        high: value of white.
        device: where it computes.
        batch: images at once.
        folder: where its weights lie; None: where `weights.find` looks.

    Raises:
        InputError: no such space.
        Missing: its weights, or the package that holds them, are not here.
        Corrupt: a file of that name is something else.
    """
    if space not in SPACES:
        raise InputError(f"no feature space {space!r}; there are: oracle, {', '.join(SPACES)}.")
    module, name = SPACES[space].split(":")
    kind = getattr(importlib.import_module(f"pushforward.features.{module}"), name)
    return kind.published(folder, low=low, high=high, device=device, batch=batch)


def to_pictures(x: Tensor, low: float, high: float, first: int = 0) -> Tensor:
    """Images as feature networks were trained on them: three channels of bytes, grey ones repeated.

    Scaled values are clamped to the range and rounded to the nearest of 256 levels, which undoes the scaling of a
    stored image exactly.

    Args:
        x: (n, 1 or 3, H, W), uint8 or float.
        low: value of level 0.
        high: value of level 255.
        first: number of the first image, for the message.

    Returns:
        uint8 (n, 3, H, W).

    Raises:
        InputError: another shape, or values that are not finite, which would become some level without a word.
    """
    if x.ndim != 4 or x.shape[1] not in (1, 3):
        raise InputError(f"feature networks take images (n, 1 or 3, H, W), not {tuple(x.shape)}.")
    if x.dtype != torch.uint8:
        finite = x.isfinite().flatten(1).all(1)
        if not finite.all():
            bad, at = int((~finite).sum()), first + int(finite.int().argmin())
            raise InputError(f"{bad} of {len(x)} images not finite (first {at}); repair their source first.")
        x = ((x.float() - low) * (255 / (high - low))).round().clamp(0, 255).to(torch.uint8)
    return x.expand(-1, 3, -1, -1)
