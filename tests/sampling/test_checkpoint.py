"""Networks read back from files, and files that are not what they say."""

import os
import pickle
from pathlib import Path

import pytest
import torch

from pushforward import artifacts, models
from pushforward.errors import Corrupt, Missing
from pushforward.sampling import checkpoint

SHARED = Path(os.environ.get("PUSHFORWARD_SHARED", Path(__file__).parents[2].parent / "shared"))
SIZES = {"latent_dim": 2, "data_dim": 3, "width": 4, "depth": 1}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Two snapshots of a perceptron."""
    networks = {step: models.build("mlp", "generator", seed=step, **SIZES) for step in (1, 2)}
    tensors = {f"{step}/{name}": t for step, network in networks.items() for name, t in network.state_dict().items()}
    about = {"model": {"kind": "mlp", "sizes": SIZES}, "steps": [1, 2], "latent": {"law": "gaussian", "dim": 2}}
    artifacts.save_tensors(tmp_path / "s0.safetensors", tensors, {**about, "latent": law_about()})
    return tmp_path / "s0.safetensors"


def law_about() -> dict[str, object]:
    from pushforward import latents

    return latents.build("gaussian", dim=2).about()


def test_generators_are_those_that_were_saved(file: Path) -> None:
    z = torch.randn(4, 2, generator=torch.Generator().manual_seed(0))
    for step, network in checkpoint.generators(file):
        assert torch.equal(network(z), models.build("mlp", "generator", seed=step, **SIZES)(z).detach())
        assert not network.training
        assert not any(p.requires_grad for p in network.parameters())


def test_the_law_comes_with_them(file: Path) -> None:
    assert checkpoint.law(file).dim == 2


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for read in (checkpoint.load_classifier, checkpoint.load_released, checkpoint.generator):
        with pytest.raises(Missing, match="nowhere"):
            read(tmp_path / "nowhere.safetensors")


def test_a_flipped_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-3] ^= 1
    file.write_bytes(content)
    with pytest.raises(Corrupt, match="sha256"):
        next(checkpoint.generators(file))


def test_a_sidecar_of_another_network(file: Path) -> None:
    about = artifacts.read_json(artifacts.sidecar(file))
    about["model"]["sizes"]["width"] = 5
    artifacts.write_json(artifacts.sidecar(file), about)
    with pytest.raises(Corrupt, match="does not hold the network"):
        next(checkpoint.generators(file))


@pytest.mark.parametrize("content", [b"", b"no weights", pickle.dumps({"conv1": 1}, protocol=2)])
def test_released_weights_that_are_something_else(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "classifier.pth"
    path.write_bytes(content)
    with pytest.raises(Corrupt, match=r"classifier\.pth is not the authors' classifier"):
        checkpoint.load_released(path)


def test_released_weights_of_another_network(tmp_path: Path) -> None:
    torch.save({"layer.weight": torch.zeros(2)}, tmp_path / "other.pth")
    with pytest.raises(Corrupt, match="lacks"):
        checkpoint.load_released(tmp_path / "other.pth")


def test_the_authors_classifier(tmp_path: Path) -> None:
    path = SHARED / "data/weights/mnist_classifier.pth"
    if not path.exists():
        pytest.skip(f"the authors' classifier is not in {path.parent}")
    oracle = checkpoint.load_released(path)
    assert oracle(torch.zeros(2, 1, 28, 28)).shape == (2, 10)
    assert oracle.features(torch.zeros(2, 1, 28, 28)).shape == (2, 100)
