"""Labels, confidences and features of samples: from a data set's oracle, or exact for a mixture."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from pushforward.data.dataset import Dataset
from pushforward.data.gaussians import nearest_centre


class Labeller(Protocol):
    """What probes and metrics ask about samples."""

    @property
    def space(self) -> str:
        """Name of the feature space, carried by every number computed in it."""

    @property
    def classes(self) -> int:
        """Number of classes."""

    def classify(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Scaled samples (n, ...) -> labels (n,) int64 and confidences (n,) in [0, 1]."""

    def features(self, x: Tensor) -> Tensor:
        """Scaled samples (n, ...) -> vectors (n, f) float32."""


@dataclass(frozen=True)
class Oracle:
    """A trained classifier: its arg max, its largest probability, its penultimate activations (App. B)."""

    network: nn.Module
    classes: int
    low: float
    high: float
    space: str = "oracle"

    @torch.no_grad()
    def classify(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """See `Labeller`. Samples are clamped to the range that the classifier was trained in."""
        confidence, label = self.network(x.clamp(self.low, self.high)).softmax(1).max(1)
        return label, confidence

    @torch.no_grad()
    def features(self, x: Tensor) -> Tensor:
        """See `Labeller`."""
        return self.network.features(x.clamp(self.low, self.high))  # type: ignore[operator]


@dataclass(frozen=True)
class NearestCentre:
    """The exact labels of a mixture: the nearest centre, always certain. Features are the coordinates."""

    centres: Tensor
    space: str = "coordinates"

    @property
    def classes(self) -> int:
        """Number of modes."""
        return len(self.centres)

    def classify(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """See `Labeller`."""
        return nearest_centre(x, self.centres), torch.ones(len(x), device=x.device)

    def features(self, x: Tensor) -> Tensor:
        """See `Labeller`."""
        return x


def labeller(data: Dataset, network: nn.Module | None, device: str | torch.device = "cpu") -> Labeller:
    """The labeller of a data set: its oracle's network, or the nearest centre where the data set is a mixture.

    Samples are taken, and labels given, on `device`.
    """
    if data.centres is not None:
        return NearestCentre(data.centres.to(device))
    assert network is not None, "images are labelled by an oracle"
    return Oracle(network.to(device), data.classes, data.low, data.high)
