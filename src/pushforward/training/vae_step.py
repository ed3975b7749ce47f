"""Variational auto-encoder: one step, and how well a trained one does (Kingma & Welling 2014; Higgins et al. 2017)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pushforward import rng
from pushforward.data.batches import Source
from pushforward.errors import InputError
from pushforward.models.vae import VAE
from pushforward.training.optimizers import adam, gradient_norm, load_moments, moments


@dataclass(frozen=True)
class Settings:
    """Numbers of the method; the paper states none of them.

    Args:
        lr: Adam's rate.
        betas: Adam's betas.
        beta: weight of the divergence; 1 makes the loss the evidence lower bound, negated.
        likelihood: "bernoulli", for images in [0, 1], or "gaussian".
        variance: of the Gaussian, one for all pixels; None learns it.
        clip: bound on the norm of the gradient; None leaves it.
        precision: "fp32", "tf32" or "bf16" (autocast).

    Raises:
        InputError: a value out of its range.
    """

    lr: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    beta: float = 1.0
    likelihood: str = "bernoulli"
    variance: float | None = None
    clip: float | None = None
    precision: str = "fp32"

    def __post_init__(self) -> None:
        if self.beta < 0:
            raise InputError(f"vae: beta must be at least 0, not {self.beta}.")


class Autoencoding:
    """A trainer for `training.loop`: beta KL - log-likelihood in nats an image, one draw of z each.

    Args:
        network: encoder, decoder and likelihood.
        source: batches of x.
        seed: of the run.
        settings: numbers of the method.
        device: where the network goes and z is drawn.
    """

    def __init__(
        self, network: VAE, source: Source, seed: int, settings: Settings, device: str | torch.device = "cpu"
    ) -> None:
        self.settings, self.source, self.device = settings, source, torch.device(device)
        self.layout = torch.channels_last if self.device.type == "cuda" else torch.preserve_format
        self.network: VAE = network.to(self.device, memory_format=self.layout).train()  # type: ignore[call-overload]
        self.dtype = next(network.parameters()).dtype
        self.adam = adam(self.network.parameters(), settings.lr, settings.betas)
        self.stream = rng.generator(seed, "latent", device=self.device)

    def step(self) -> dict[str, Tensor]:
        """One update on one batch."""
        x = self.source.next().to(self.dtype, memory_format=self.layout)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.settings.precision == "bf16"):
            likelihood, divergence = (part.mean() for part in self.network.elbo(x, self.stream))
        loss = self.settings.beta * divergence - likelihood
        self.adam.zero_grad()
        loss.backward()
        norm = gradient_norm(self.network, self.settings.clip)
        self.adam.step()
        parts = {"loss": loss, "log_likelihood": likelihood, "divergence": divergence, "gradient": norm}
        return {name: value.detach() for name, value in parts.items()}

    def snapshot(self) -> dict[str, Tensor]:
        """The decoder under its own names, as any generator; the encoder under `encoder/`, the rest under `vae/`."""
        parts = {"decoder": "", "encoder": "encoder/"}
        named: dict[str, Tensor] = {}
        for name, value in self.network.state_dict().items():
            part, _, rest = name.partition(".")
            named[parts[part] + rest if part in parts else f"vae/{name}"] = value
        return named

    def state_dict(self) -> dict[str, Any]:
        """Network, optimizer, random stream, data position."""
        return {
            "network": self.network.state_dict(),
            "adam": moments(self.adam),
            "stream": self.stream.get_state(),
            "source": self.source.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from where `state_dict` was taken."""
        self.network.load_state_dict(state["network"])
        load_moments(self.adam, state["adam"])
        self.stream.set_state(state["stream"])
        self.source.load_state_dict(state["source"])


@torch.no_grad()
def score(network: VAE, x: Tensor, generator: torch.Generator, batch: int = 1000) -> dict[str, float]:
    """How well images are encoded, in evaluation mode.

    Args:
        network: encoder, decoder and likelihood.
        x: (n, C, H, W), scaled.
        generator: of the draws of z, on the network's device.
        batch: images at once.

    Returns:
        `test_bound`, the mean evidence lower bound in nats an image (beta left out), and `test_error`, the mean squared
        error of a pixel when the posterior mean is decoded; nothing where there are no images.
    """
    network.eval()
    bounds, errors = [], []
    for images in x.split(batch) if len(x) else ():
        images = images.to(generator.device)
        likelihood, divergence = network.elbo(images, generator)
        bounds.append((likelihood - divergence).sum())
        errors.append((network.decode(network.encode(images)[0]) - images).square().mean() * len(images))
    if not bounds:
        return {}
    return {"test_bound": float(sum(bounds)) / len(x), "test_error": float(sum(errors)) / len(x)}
