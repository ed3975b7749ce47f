"""Checkpoints with random weights in the very formats that are published."""

import warnings
from unittest import mock

import pytest
import torch

from pushforward.features import compat


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """Other work may run beside the tests."""
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def nothing_cached(monkeypatch, tmp_path):
    """Tests see no weights of the machine they run on."""
    monkeypatch.delenv("PUSHFORWARD_WEIGHTS", raising=False)
    monkeypatch.delenv("PUSHFORWARD_MIRROR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def inception_weights(tmp_path_factory):
    """A state dict of Inception-v3 as torch-fidelity publishes it: same names and shapes, 95 MB."""
    kind = compat.import_inception().FeatureExtractorInceptionV3
    with (
        torch.random.fork_rng(devices=[]),
        mock.patch.object(torch, "load"),
        mock.patch.object(torch.nn.Module, "load_state_dict"),
    ):
        torch.manual_seed(0)
        network = kind("inception", ["2048"], feature_extractor_weights_path="none")
        for layer in network.modules():  # else the signal fades on its way through forty layers
            if isinstance(layer, torch.nn.Conv2d):
                torch.nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    path = tmp_path_factory.mktemp("weights") / "inception.pth"
    torch.save(network.state_dict(), path)
    return path


@pytest.fixture(scope="session")
def clip_weights(tmp_path_factory):
    """A TorchScript archive in half precision with CLIP's three extra entries, as OpenAI publishes; but narrow."""
    compat.import_clip()
    from clip.model import CLIP, convert_weights

    numbers = {"input_resolution": 224, "context_length": 77, "vocab_size": 100}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = CLIP(512, 224, 2, 64, 32, 77, 100, 64, 1, 1)
    for name, value in numbers.items():
        network.__dict__.pop(name, None)
        network.register_buffer(name, torch.tensor(value))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing warns of constants and of its own end
        traced = torch.jit.trace(network.eval(), (torch.rand(1, 3, 224, 224), torch.zeros(1, 77, dtype=torch.long)))
        convert_weights(network)  # the traced module holds the same parameters
        path = tmp_path_factory.mktemp("weights") / "clip.pt"
        traced.save(str(path))
    return path
