"""The loading code of CLIP, on random weights of the published format."""

import numpy as np
import pytest
import torch
from PIL import Image

from pushforward import rng
from pushforward.errors import Corrupt, Missing
from pushforward.features import compat
from pushforward.features.clip import CLIP
from pushforward.features.extractor import build


@pytest.fixture(scope="module")
def extractor(clip_weights):
    return CLIP(clip_weights, low=-1.0, high=1.0, batch=3)


def pictures(n, channels=3):
    return torch.randint(256, (n, channels, 16, 16), generator=rng.generator(0), dtype=torch.uint8)


def test_the_archive_is_in_half_precision_and_the_network_is_not(extractor, clip_weights):
    with pytest.warns(DeprecationWarning, match="torch.jit"):
        stored = torch.jit.load(clip_weights).state_dict()
    assert stored["visual.conv1.weight"].dtype == torch.float16
    assert int(stored["input_resolution"]) == 224
    weight = extractor.network.visual.conv1.weight
    assert weight.dtype == torch.float32 and torch.equal(weight, stored["visual.conv1.weight"].float())


def test_features_are_the_packages_own(extractor, clip_weights):
    clip, x = compat.import_clip(), pictures(4)
    features = extractor.features(x)
    assert features.shape == (4, 512) and features.dtype == torch.float32
    images = [Image.fromarray(np.ascontiguousarray(picture.permute(1, 2, 0).numpy())) for picture in x]
    transform = clip.clip._transform(224)
    with torch.no_grad():
        expected = extractor.network.encode_image(torch.stack([transform(image) for image in images]))
    torch.testing.assert_close(features, expected, rtol=1e-4, atol=1e-5)
    assert (features[0] - features[1]).abs().max() > 1e-3


def test_scaled_grey_and_lone_images_give_the_same_bits(extractor):
    grey = pictures(4, 1)
    together = extractor.features(grey)
    assert torch.equal(extractor.features(grey[3:].expand(-1, 3, -1, -1) / 127.5 - 1), together[3:])


@pytest.mark.fault("F48")
def test_without_the_file_its_name_digest_and_command_are_told():
    with pytest.raises(Missing) as caught:
        build("clip-vit-b32", 0, 1)
    assert caught.value.exit_code == 7
    for part in ("ViT-B-32.pt (sha256 40d365715913c9da", "curl --create-dirs -L -o", "openaipublic"):
        assert part in str(caught.value)


@pytest.mark.parametrize("content", ["empty", "text", "other", "half"])
def test_foreign_files_are_refused(tmp_path, clip_weights, content):
    path = tmp_path / "clip.pt"
    if content == "other":
        torch.save({"weight": torch.zeros(2)}, path)
    else:
        whole = clip_weights.read_bytes()
        path.write_bytes({"empty": b"", "text": b"<html>", "half": whole[: len(whole) // 2]}[content])
    with pytest.raises(Corrupt, match="does not hold a checkpoint of CLIP"):
        CLIP(path, low=0, high=1)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(Missing, match=r"none\.pt is not here"):
        CLIP(tmp_path / "none.pt", low=0, high=1)
