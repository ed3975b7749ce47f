"""How fast is a WGAN-GP step against the plain one of textbooks and of the authors' code, at the authors' sizes?

The plain step differentiates through the generator in the critic's update too, scores real and fake apart, and uses
PyTorch's own activations. Both start from the same weights and draw the same numbers; the first losses must agree.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import interleave
import numpy as np
import torch
from torch import Tensor, nn

from pushforward import models
from pushforward.latents.gaussian import Gaussian
from pushforward.models.activations import LeakyReLU
from pushforward.training.stacked_step import Stacked
from pushforward.training.wgan_step import WGAN, Settings


class Repeat:
    """The same batch for ever: what is timed is the step."""

    def __init__(self, batch: Tensor) -> None:
        self.batch = batch

    def next(self) -> Tensor:
        """The batch."""
        return self.batch


class Textbook:
    """The step as it is usually written, from the weights and streams of `ours`."""

    def __init__(self, ours: WGAN) -> None:
        self.generator, self.critic = copy.deepcopy(ours.generator), plain(copy.deepcopy(ours.critic))
        self.real, self.law, self.settings = ours.source.next(), ours.law, ours.settings
        self.streams = {name: stream.clone_state() for name, stream in ours.streams.items()}
        s = ours.settings
        self.generator_adam = torch.optim.Adam(self.generator.parameters(), lr=s.generator_lr, betas=s.betas)
        self.critic_adam = torch.optim.Adam(self.critic.parameters(), lr=s.critic_lr, betas=s.betas)

    def step(self) -> dict[str, Tensor]:
        """Updates of the critic, then one of the generator."""
        real = self.real
        for _ in range(self.settings.critic_steps):
            fake = self.generator(self.law.sample(len(real), self.streams["latent"]))
            alpha = torch.rand(real.shape, generator=self.streams["alpha"])
            mix = (alpha * real + (1 - alpha) * fake).requires_grad_()
            score = self.critic(mix)
            (slope,) = torch.autograd.grad(score, mix, torch.ones_like(score), create_graph=True)
            penalty = ((slope.reshape(len(real), -1) + 1e-16).norm(2, dim=1) - 1).square().mean()
            loss = self.critic(fake).mean() - self.critic(real).mean() + self.settings.penalty * penalty
            self.critic_adam.zero_grad()
            loss.backward()
            self.critic_adam.step()
        fake = self.generator(self.law.sample(len(real), self.streams["latent"]))
        generator_loss = -self.critic(fake).mean()
        self.generator_adam.zero_grad()
        generator_loss.backward()
        self.generator_adam.step()
        return {"critic_loss": loss.detach(), "generator_loss": generator_loss.detach()}


@dataclass
class Bench:
    """Both trainers, and how many steps a timed call does."""

    ours: WGAN
    textbook: Textbook
    steps: int


def bench(kind: str, shape: tuple[int, ...], batch: int, dim: int, steps: int, **given: dict[str, Any]) -> Bench:
    parts = ("generator", "critic")
    sizes = {part: models.sizes(kind, part, given.get(part, {}), shape, latent_dim=dim) for part in parts}
    networks = [models.build(kind, part, seed=0, **sizes[part]) for part in parts]
    real = torch.rand(batch, *shape, generator=torch.Generator().manual_seed(0))
    ours = Stacked(*networks, Repeat(real), Gaussian(dim), 0, Settings())  # type: ignore[arg-type]
    return Bench(ours, Textbook(ours), steps)


def plain(network: nn.Module) -> nn.Module:
    for parent in network.modules():
        for name, child in parent.named_children():
            if isinstance(child, LeakyReLU):
                setattr(parent, name, nn.LeakyReLU(child.slope, inplace=True))
    return network


def run(trainer: str) -> Callable[[Bench], list[float]]:
    def call(inputs: Bench) -> list[float]:
        metrics = [getattr(inputs, trainer).step() for _ in range(inputs.steps)]
        return [float(metrics[0][name]) for name in ("critic_loss", "generator_loss")]

    return call


def agree(ours: list[float], theirs: list[float]) -> None:
    np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5)


CASES = {
    "gaussians-mlp-512x3-b256": lambda: bench("mlp", (100,), 256, 100, 4),
    "mnist-cnn-critic512-b4": lambda: bench("cnn", (1, 28, 28), 4, 64, 1),
    "digits-cnn-critic64-b64": lambda: bench(
        "cnn", (1, 8, 8), 64, 16, 10, generator={"channels": 64}, critic={"width": 64}
    ),
}
CONTENDERS = {"pushforward": run("ours"), "textbook": run("textbook")}

if __name__ == "__main__":
    interleave.main(__file__, CASES, CONTENDERS, agree)
