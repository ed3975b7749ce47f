"""Inception-v3 of the Fréchet inception distance: 2048 pooled features, through torch-fidelity.

torch-fidelity takes bytes, resizes them to 299 x 299 as TensorFlow 1 did (bilinear, corner-aligned sampling grid at
i * H / 299, no anti-aliasing) and feeds (byte - 128) / 128. The authors' transformer scripts use another port of the
same weights: bilinear with half-pixel centres, no anti-aliasing, 2 x - 1 of values in [0, 1], generated images neither
clipped nor rounded to bytes. Numbers of the two differ a little and should not share a column.
"""

import io
from pathlib import Path
from typing import Any, ClassVar, Self

import torch
from torch import Tensor

from pushforward.errors import Missing
from pushforward.features import compat, weights
from pushforward.features.extractor import Extractor


class Inception(Extractor):
    """Images -> activations of the last pooling layer (pool3), (n, 2048).

    Args:
        path: weights in torch-fidelity's format.
        **place: `low`, `high`, `batch`, `device`, see `Extractor`.

    Raises:
        Missing: no such file.
        Corrupt: it does not hold these weights.
    """

    space: ClassVar[str] = "inception"
    width: ClassVar[int] = 2048

    def __init__(self, path: str | Path, **place: Any) -> None:
        super().__init__(_network(Path(path)), **place)

    @classmethod
    def published(cls, folder: str | Path | None = None, **place: Any) -> Self:
        """With the published weights, from where `weights.find` looks."""
        return cls(weights.find(cls.space, folder), **place)

    def embed(self, pictures: Tensor) -> Tensor:
        """See `Extractor`."""
        return self.network(pictures)[0]


def _network(path: Path) -> Any:
    """The network with weights that were read as tensors only: the package itself would unpickle anything."""
    if not path.is_file():
        raise Missing(f"{path} is not here: weights of Inception-v3 are expected there.")
    module, tensors = compat.import_inception(), io.BytesIO()
    try:
        torch.save(torch.load(path, map_location="cpu", weights_only=True), tensors)
        tensors.seek(0)
        return module.FeatureExtractorInceptionV3("inception", ["2048"], feature_extractor_weights_path=tensors)
    except weights.UNREADABLE as error:
        raise weights.foreign(path, "torch-fidelity's weights of Inception-v3", error) from error
