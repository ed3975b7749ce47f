"""Networks and laws of z back from the files that trainings publish."""

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pushforward import artifacts, latents, models
from pushforward.errors import Corrupt, InputError, Missing
from pushforward.latents.law import Law
from pushforward.models.classifier import from_released
from pushforward.sampling.conditional import Joint, Unconditional

LAW = "latent"  # prefix of a law's own tensors among those of a snapshot


def generators(path: str | Path) -> Iterator[tuple[int, nn.Module]]:
    """Every snapshot of a training, oldest first, in evaluation mode and without gradients.

    A conditional generator takes its label as a one-hot code behind z, see `sampling.conditional`.

    Args:
        path: the .safetensors file; its sidecar says what it holds.

    Raises:
        Missing, Corrupt: the file is not here, or not what was written.
    """
    tensors, about = artifacts.load_tensors(path)
    for step in about["steps"]:
        network = models.build(about["model"]["kind"], "generator", **about["model"]["sizes"])
        network, classes = _frozen(network, _under(tensors, str(step)), path), _labels(about)
        yield step, Unconditional(network, classes).eval() if classes else network


def generator(path: str | Path) -> nn.Module:
    """The last snapshot of a training."""
    *_, (_, last) = generators(path)
    return last


def law(path: str | Path, step: int | None = None) -> Law:
    """The law of z that a generator was trained with, its directions, thresholds and trained means included.

    Args:
        path: the .safetensors file.
        step: the snapshot it belongs to; None is the last one.

    Raises:
        Missing, Corrupt: the file is not here, or not what was written.
        InputError: it holds no such snapshot.
    """
    tensors, about = artifacts.load_tensors(path)
    step = about["steps"][-1] if step is None else step
    if step not in about["steps"]:
        raise InputError(f"{path} holds the steps {about['steps']}, not {step}.")
    own, classes = latents.restore(about["latent"], _under(tensors, f"{step}/{LAW}")), _labels(about)
    return Joint(own, classes) if classes else own


def load_classifier(path: str | Path) -> nn.Module:
    """An oracle, in evaluation mode and without gradients.

    Raises:
        Missing, Corrupt: the file is not here, or not what was written.
    """
    tensors, about = artifacts.load_tensors(path)
    network = models.build("classifier", "classifier", **about["model"]["sizes"])
    return _frozen(network, _under(tensors, str(about["steps"][-1])), path)


def load_released(path: str | Path) -> nn.Module:
    """The MNIST classifier that the paper's authors released, in evaluation mode; it reads images in [0, 1].

    Raises:
        Missing: the file is not here.
        Corrupt: it holds anything but plain tensors, or those of another network.
    """
    if not Path(path).exists():
        raise Missing(f"{path} is not here.")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        weights = from_released(state)
    except (pickle.UnpicklingError, RuntimeError, EOFError, TypeError, InputError) as error:
        raise Corrupt(f"{path} is not the authors' classifier ({error}).") from None
    return _frozen(models.build("classifier", "classifier"), weights, path)


def _labels(about: dict[str, Any]) -> int:
    """Number of labels that a conditional generator takes; 0 for any other."""
    return about["model"]["sizes"].get("classes", 0)


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Tensors named `prefix/name`, by name; those of a deeper prefix stay out."""
    found = {name.removeprefix(f"{prefix}/"): t for name, t in tensors.items() if name.startswith(f"{prefix}/")}
    return {name: t for name, t in found.items() if "/" not in name}


def _frozen(network: nn.Module, weights: dict[str, Any], path: str | Path) -> nn.Module:
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise Corrupt(f"{path} does not hold the network that its sidecar describes ({error}).") from None
    return network.eval().requires_grad_(False)
