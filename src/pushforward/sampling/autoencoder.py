"""Trained VAEs from a published file: encoder and decoder of every snapshot."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pushforward import models
from pushforward.artifacts import load_tensors
from pushforward.errors import Corrupt, InputError
from pushforward.models.vae import VAE


def autoencoders(path: str | Path) -> list[tuple[int, VAE]]:
    """Encoder and decoder of every snapshot, oldest first, in evaluation mode and without gradients, on the CPU.

    The decoders alone are what `sampling.checkpoint.generators` gives, as for any training.

    Args:
        path: what `training.vae.fit` published.

    Raises:
        Missing: the file or its sidecar is not here.
        Corrupt: the content is not what was written, or does not fit together.
        InputError: the file holds no VAE.
    """
    tensors, about = load_tensors(path)
    kind = about.get("model", {}).get("kind")
    if kind != "vae":
        raise InputError(f"{path} holds a {kind}, not a VAE: there is nothing to encode with.")
    try:
        return [(step, _restore(about["model"], _named(tensors, step))) for step in about["steps"]]
    except (KeyError, TypeError, RuntimeError) as error:
        raise Corrupt(f"{path} and its sidecar do not belong together ({error}). Restore both.") from error


@torch.no_grad()
def encode(network: VAE, x: Tensor, batch: int = 1000) -> Tensor:
    """Posterior means of images, (n, C, H, W) scaled -> (n, d) float32 on the CPU: the latents of Table 2."""
    device = next(network.parameters()).device
    return torch.cat([network.encode(images.to(device))[0].float().cpu() for images in x.split(batch)])


def _named(tensors: Mapping[str, Tensor], step: int) -> dict[str, Tensor]:
    """The tensors of one snapshot under the network's own names: `Autoencoding.snapshot` undone."""
    start, named = f"{step}/", {}
    for name, value in tensors.items():
        if name.startswith(start):
            part, slash, rest = name.removeprefix(start).partition("/")
            named[rest if part == "vae" else f"encoder.{rest}" if slash else f"decoder.{part}"] = value
    return named


def _restore(model: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> VAE:
    encoder = models.build("vae", "encoder", **model["encoder"])
    decoder = models.build("vae", "generator", **model["sizes"])
    network = VAE(encoder, decoder, model["likelihood"], model["variance"])
    network.load_state_dict(tensors)
    return network.eval().requires_grad_(False)
