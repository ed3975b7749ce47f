"""A conditional generator as a push-forward: its input is z with the one-hot code of a label behind it."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pushforward.latents.law import Law


class Joint(Law):
    """z of a law, and a label drawn uniformly and independently.

    Args:
        law: of z.
        classes: number of labels.
    """

    name = "joint"

    def __init__(self, law: Law, classes: int) -> None:
        super().__init__(law.dim + classes)
        self.law, self.classes = law, classes

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw (n, d + classes)."""
        return self.given(torch.randint(self.classes, (n,), generator=generator, device=generator.device), generator)

    def given(self, labels: Tensor, generator: torch.Generator) -> Tensor:
        """Latents of given labels, (n,) int64 -> (n, d + classes)."""
        z = self.law.sample(len(labels), generator)
        return torch.cat((z, F.one_hot(labels.to(z.device), self.classes).to(z.dtype)), 1)

    def classify(self, z: Tensor) -> Tensor:
        """The label that a latent asks for."""
        return z[:, -self.classes :].argmax(1)

    def about(self) -> dict[str, object]:
        """The law of z, and the number of labels."""
        return {**self.law.about(), "labels": self.classes}


class Unconditional(nn.Module):
    """(n, d + classes) -> x, by a generator that takes z and labels apart."""

    def __init__(self, generator: nn.Module, classes: int) -> None:
        super().__init__()
        self.generator, self.classes = generator, classes

    def forward(self, z: Tensor) -> Tensor:
        """The label is the largest entry of the code."""
        return self.generator(z[:, : -self.classes], z[:, -self.classes :].argmax(1))
