"""CLIP's image embedding, ViT-B/32 (Radford et al. 2021), through the `clip` package."""

import warnings
from pathlib import Path
from typing import Any, ClassVar, Self

import torch
from PIL import Image
from torch import Tensor

from pushforward.errors import Missing
from pushforward.features import compat, weights
from pushforward.features.extractor import Extractor


class CLIP(Extractor):
    """Images -> embeddings (n, 512) before normalisation, in float32 on every device.

    Pictures pass CLIP's own transform: bicubic to 224 x 224 by Pillow, centre crop, the mean and deviation of its
    training images.

    Args:
        path: checkpoint as OpenAI publishes it (a TorchScript archive), or its state dict.
        **place: `low`, `high`, `batch`, `device`, see `Extractor`.

    Raises:
        Missing: no such file.
        Corrupt: it is no checkpoint of CLIP.
    """

    space: ClassVar[str] = "clip-vit-b32"
    width: ClassVar[int] = 512

    def __init__(self, path: str | Path, **place: Any) -> None:
        network, self.transform = _load(Path(path))
        super().__init__(network.float(), **place)

    @classmethod
    def published(cls, folder: str | Path | None = None, **place: Any) -> Self:
        """With the published weights, from where `weights.find` looks."""
        return cls(weights.find(cls.space, folder), **place)

    def embed(self, pictures: Tensor) -> Tensor:
        """See `Extractor`."""
        images = [Image.fromarray(picture) for picture in pictures.permute(0, 2, 3, 1).cpu().numpy()]
        batch = torch.stack([self.transform(image) for image in images])
        return self.network.encode_image(batch.to(self.device))  # type: ignore[operator]


def _load(path: Path) -> Any:
    if not path.is_file():
        raise Missing(f"{path} is not here: a checkpoint of CLIP is expected there.")
    clip = compat.import_clip()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # TorchScript is, but the file is what it is
            return clip.load(str(path), device="cpu")
    except weights.UNREADABLE as error:
        raise weights.foreign(path, "a checkpoint of CLIP", error) from error
