"""What a training asks of a machine, counted from its networks on the meta device: nothing is computed."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from pushforward import models
from pushforward.ledger.extent import Extent
from pushforward.training import cost

BYTES = 4  # of a float32
# Copies of a network's parameters while it trains: weights, gradients, Adam's two moments.
COPIES = 4
# How many times the activations of a critic's forward pass a step holds at most: those of real and fake, those of the
# penalty and of its gradient, and what kernels want beside; 5 to 7 as measured with three architectures on a CPU.
HELD = 6


@dataclass(frozen=True)
class Count:
    """Floating-point operations of a whole training, and bytes that it holds at once."""

    operations: float
    bytes: int


def count(spec: Mapping[str, Any], data: Extent) -> Count:
    """Count one training.

    Args:
        spec: `rule` and `params` of the job.
        data: how large its data set is.
    """
    shape = data.shape
    kept = data.samples * math.prod(shape) * (1 if len(shape) == 3 else BYTES)  # images are kept as bytes
    if spec["rule"] == "oracle":
        return _oracle(spec["params"], data, kept)
    return (_vae if spec["params"]["trainer"] == "vae" else _gan)(spec["params"]["settings"], shape, kept)


def _gan(settings: Mapping[str, Any], shape: tuple[int, ...], kept: int) -> Count:
    data: Any = SimpleNamespace(shape=shape)
    kind, dim, batch = settings["model"]["kind"], settings["latent"]["dim"], settings["batch"]
    generator, critic = (
        _build(kind, part, models.sizes(kind, part, settings["model"][part], shape, latent_dim=dim))
        for part in ("generator", "critic")
    )
    of_generator = _held(generator, (dim,)) * (settings["generator_batch"] or batch)
    of_critic = _held(critic, shape)
    held = max(of_critic * batch * HELD, of_generator + of_critic * (settings["generator_batch"] or batch))
    copies = COPIES * (_size(generator) + _size(critic)) + (_size(generator) if settings.get("ema_halflife") else 0)
    return Count(settings["steps"] * cost.operations_per_step(settings, data), kept + copies + held)


def _vae(settings: Mapping[str, Any], shape: tuple[int, ...], kept: int) -> Count:
    dim, batch = settings["latent"]["dim"], settings["batch"]
    decoder, encoder = (
        _build("vae", part, _vae_sizes(part, settings["model"][part], shape, dim)) for part in ("generator", "encoder")
    )
    forward = _forward(decoder, (dim,)) + _forward(encoder, shape)
    held = batch * (_held(decoder, (dim,)) + _held(encoder, shape))
    copies = COPIES * (_size(decoder) + _size(encoder))
    return Count(3 * settings["steps"] * batch * forward, kept + copies + held)


def _vae_sizes(part: str, given: Mapping[str, Any], shape: tuple[int, ...], dim: int) -> dict[str, Any]:
    rest = {name: size for name, size in given.items() if name != "decoder"}
    if part == "encoder" and given["decoder"] == "cnn":
        follow = {"latent_dim": dim, "image_size": shape[-1], "image_channels": shape[0]}
        return {"decoder": "cnn", **follow, **rest}
    return {"decoder": given["decoder"], **models.sizes(given["decoder"], part, rest, shape, latent_dim=dim)}


def _oracle(params: Mapping[str, Any], data: Extent, kept: int) -> Count:
    sizes = models.sizes("classifier", "classifier", params["model"], data.shape, classes=data.classes)
    network = _build("classifier", "classifier", sizes)
    operations = 3 * params["epochs"] * data.samples * _forward(network, data.shape)
    return Count(operations, kept + COPIES * _size(network) + params["batch"] * _held(network, data.shape))


def _build(kind: str, part: str, sizes: Mapping[str, Any]) -> nn.Module:
    with torch.device("meta"):
        return models.build(kind, part, **sizes)


def _size(network: nn.Module) -> int:
    """Bytes of the parameters."""
    return BYTES * sum(parameter.numel() for parameter in network.parameters())


def _forward(network: nn.Module, shape: tuple[int, ...]) -> float:
    """Operations of one sample's forward pass."""
    return cost.forward(network, torch.zeros(2, *shape, device="meta")) / 2


def _held(network: nn.Module, shape: tuple[int, ...]) -> int:
    """Bytes that autograd keeps of one sample's forward pass."""
    own = {parameter.untyped_storage()._cdata for parameter in network.parameters()}
    kept: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in own:
            kept[storage._cdata] = storage.nbytes()
        return tensor

    give_back: Callable[[Tensor], Tensor] = lambda tensor: tensor  # noqa: E731
    with torch.autograd.graph.saved_tensors_hooks(note, give_back):
        outputs = network(*cost.inputs(network, torch.zeros(2, *shape, device="meta")))
    del outputs
    return sum(kept.values()) // 2
