"""Networks and laws of z back from the files that trainings publish."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from pushforward import artifacts, latents, models
from pushforward.errors import Corrupt
from pushforward.latents.law import Law

LAW = "law"  # prefix of a law's own tensors among those of a checkpoint


def generators(path: str | Path) -> Iterator[tuple[int, nn.Module]]:
    """Every snapshot of a training, oldest first, in evaluation mode and without gradients.

    Args:
        path: the .safetensors file; its sidecar says what it holds.

    Raises:
        Missing, Corrupt: the file is not here, or not what was written.
    """
    tensors, about = artifacts.load_tensors(path)
    for step in about["steps"]:
        network = models.build(about["model"]["kind"], "generator", **about["model"]["sizes"])
        yield step, _frozen(network, _under(tensors, str(step)), path)


def generator(path: str | Path) -> nn.Module:
    """The last snapshot of a training."""
    *_, (_, last) = generators(path)
    return last


def law(path: str | Path) -> Law:
    """The law of z that a generator was trained with, its directions and thresholds included."""
    tensors, about = artifacts.load_tensors(path)
    return latents.restore(about["latent"], _under(tensors, LAW))


def load_classifier(path: str | Path) -> nn.Module:
    """An oracle, in evaluation mode and without gradients.

    Raises:
        Missing, Corrupt: the file is not here, or not what was written.
    """
    tensors, about = artifacts.load_tensors(path)
    network = models.build("classifier", "classifier", **about["model"]["sizes"])
    return _frozen(network, _under(tensors, str(about["steps"][-1])), path)


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(f"{prefix}/"): t for name, t in tensors.items() if name.startswith(f"{prefix}/")}


def _frozen(network: nn.Module, weights: dict[str, Any], path: str | Path) -> nn.Module:
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise Corrupt(f"{path} does not hold the network that its sidecar describes ({error}).") from None
    return network.eval().requires_grad_(False)
