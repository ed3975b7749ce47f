"""The loading code of Inception-v3, on random weights of the published format."""

import pickle

import pytest
import torch

from pushforward import rng
from pushforward.errors import Corrupt, Missing
from pushforward.features.extractor import build
from pushforward.features.inception import Inception


@pytest.fixture(scope="module")
def inception(inception_weights):
    return Inception(inception_weights, low=0.0, high=1.0, batch=2)


def tensorflow_resize(x, size):
    """Bilinear on the grid i * H / size, written out."""
    at = torch.arange(size) * (x.shape[-1] / size)
    low, share = at.long(), at - at.long()
    high = (low + 1).clamp(max=x.shape[-1] - 1)
    x = x[..., low] * (1 - share) + x[..., high] * share
    x = x.transpose(-1, -2)
    return (x[..., low] * (1 - share) + x[..., high] * share).transpose(-1, -2)


def test_the_file_has_the_published_size(inception_weights):
    assert inception_weights.stat().st_size == pytest.approx(95_628_359, rel=0.005)


def test_features_are_those_of_the_pooling_layer(inception):
    x = torch.randint(256, (2, 3, 8, 8), generator=rng.generator(0), dtype=torch.uint8)
    features = inception.features(x)
    assert features.shape == (2, 2048) and features.dtype == torch.float32
    y = (tensorflow_resize(x.float(), 299) - 128) / 128
    with torch.inference_mode():
        for name, layer in inception.network.named_children():
            y = layer(y) if name != "fc" else y
    torch.testing.assert_close(features, y.flatten(1), rtol=1e-3, atol=1e-5)
    assert (features[0] - features[1]).abs().max() > 1e-3


def test_scaled_grey_and_lone_images_give_the_same_bits(inception):
    grey = torch.randint(256, (2, 1, 8, 8), generator=rng.generator(1), dtype=torch.uint8)
    together = inception.features(grey)
    assert torch.equal(inception.features(grey[1:].expand(-1, 3, -1, -1) / 255), together[1:])


@pytest.mark.fault("F48")
def test_without_the_file_its_name_digest_and_command_are_told():
    with pytest.raises(Missing) as caught:
        build("inception", 0, 1)
    assert caught.value.exit_code == 7
    for part in ("weights-inception-2015-12-05-6726825d.pth", "sha256 6726825d0af5f729", "curl --create-dirs -L -o"):
        assert part in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(Missing, match=r"none\.pth is not here"):
        Inception(tmp_path / "none.pth", low=0, high=1)


class Payload:
    def __reduce__(self):
        return (print, ("this must not run",))


@pytest.mark.fault("F20")
@pytest.mark.parametrize("content", ["text", "other", "pickle"])
def test_foreign_files_are_refused_and_never_run(tmp_path, capsys, content):
    path = tmp_path / "weights.pth"
    if content == "other":
        torch.save({"weight": torch.zeros(2)}, path)
    else:
        path.write_bytes(b"<html>" if content == "text" else pickle.dumps(Payload(), protocol=2))
    with pytest.raises(Corrupt, match="does not hold torch-fidelity's weights"):
        Inception(path, low=0, high=1)
    assert "must not run" not in capsys.readouterr().out
