"""Features of samples by the name of their space: a data set's own oracle, or a published network."""

from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn

from pushforward.data.dataset import Dataset
from pushforward.features import extractor
from pushforward.features.labeller import labeller

ORACLE = "oracle"


class Embedder(Protocol):
    """What metrics ask about samples."""

    @property
    def space(self) -> str:
        """Name of the feature space, carried by every number computed in it."""

    def features(self, x: Tensor) -> Tensor:
        """Scaled samples (n, ...) -> vectors (n, f) float32."""


def embedder(
    space: str,
    data: Dataset,
    oracle: nn.Module | None = None,
    weights: str | Path | None = None,
    device: str | torch.device = "cpu",
) -> Embedder:
    """The features of a data set's samples.

    Args:
        space: "oracle" (coordinates where the data set is a mixture), or a key of `extractor.SPACES`.
        data: the data set.
        oracle: its classifier, for the space "oracle".
        weights: file of a published network; None where a package brings it.
        device: where samples come from and the network computes.

    Raises:
        InputError: no such space.
        Missing, Corrupt: its weights are not here, or not what was published.
    """
    if space == ORACLE:
        return labeller(data, oracle, device)
    return extractor.build(space, data.low, data.high, device, folder=Path(weights).parent if weights else None)
