"""Where the latents come from whose classes are probed: the law of z for GANs, encoded images for VAEs (Table 2)."""

from dataclasses import dataclass
from typing import ClassVar, Protocol

import torch
from torch import Tensor

from pushforward.data.dataset import Dataset
from pushforward.errors import InputError
from pushforward.latents.law import Law
from pushforward.sampling import draw
from pushforward.sampling.draw import Classify, Decode, Labelled


class Source(Protocol):
    """Labelled latents for the probes.

    Attributes:
        pairs: the split whose latents end the segments of `Convex`.
    """

    pairs: ClassVar[str]

    def labelled(
        self, decode: Decode, classify: Classify, split: str, n: int, threshold: float, generator: torch.Generator
    ) -> Labelled:
        """Latents in random order, until `n` of them are labelled with a confidence above `threshold`.

        All that were looked at are given, for `Labelled.confident` to choose from.

        Args:
            decode: latents (n, d) to data.
            classify: data to labels (n,) and confidences (n,).
            split: "train" to fit a probe on, "test" to score it.
            n: how many are wanted.
            threshold: of the oracle's confidence; 0 for none.
            generator: of the draws or of the choice of images, on the device of the networks.
        """


@dataclass(frozen=True)
class Prior:
    """Latents drawn from a law; the splits differ in nothing but the generator."""

    law: Law
    pairs: ClassVar[str] = "train"

    def labelled(
        self, decode: Decode, classify: Classify, split: str, n: int, threshold: float, generator: torch.Generator
    ) -> Labelled:
        """See `Source`."""
        if threshold == 0:
            return draw.labelled(decode, self.law, classify, n, generator)
        return draw.confident(decode, self.law, classify, n, threshold, generator)


class Encoder(Protocol):
    """What a VAE does."""

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Scaled images (n, C, H, W) to mean and log-variance of z, each (n, d)."""


@dataclass(frozen=True)
class Encoded:
    """Posterior means of a data set's images: train images to fit on, test images to score on.

    No image comes twice. Where a split has fewer than are asked for, all are used and `Labelled.exhausted` is true.
    The label is the oracle's for the reconstruction, as for a GAN; `Labelled.truth` has the data set's own.

    Attributes:
        network: the VAE.
        data: its images.
    """

    network: Encoder
    data: Dataset
    pairs: ClassVar[str] = "test"

    @torch.no_grad()
    def labelled(
        self, decode: Decode, classify: Classify, split: str, n: int, threshold: float, generator: torch.Generator
    ) -> Labelled:
        """See `Source`.

        Raises:
            InputError: no such split.
        """
        images, truth = self._split(split)
        order = torch.randperm(len(images), generator=generator, device=generator.device).to(images.device)
        order = order[:n] if threshold == 0 else order
        parts, kept, used = [], 0, 0
        for some in order.split(draw.BATCH):
            if kept >= n:
                break
            parts.append(self._look(images[some].to(generator.device), decode, classify))
            kept, used = kept + int((parts[-1][2] > (threshold or -1.0)).sum()), used + len(some)
        none = [part[:0] for part in self._look(self.data.train[:1].to(generator.device), decode, classify)]
        z, label, confidence = (torch.cat(part) for part in zip(none, *parts, strict=True))
        return Labelled(z, label, confidence, used, truth[order[:used]].to(z.device), exhausted=kept < n)

    def _look(self, images: Tensor, decode: Decode, classify: Classify) -> tuple[Tensor, Tensor, Tensor]:
        """Latent, label and confidence of images as they are stored."""
        z = self.network.encode(self.data.scaled(images))[0]
        return z, *classify(decode(z))

    def _split(self, name: str) -> tuple[Tensor, Tensor]:
        if name == "train":
            return self.data.train, self.data.train_labels
        if name == "test":
            return self.data.test, self.data.test_labels
        raise InputError(f"a data set has the splits train and test, not {name!r}.")
