"""Wasserstein GAN with gradient penalty: the authors' iteration, written to compute nothing twice.

Per step: `critic_steps` updates of the critic, each on a fresh batch, then one of the generator (Gulrajani et al. 2017;
numbers of the paper's appendix). What is computed is the textbook step. What is left out: fakes of the critic's update
carry no graph, the generator's update computes no gradients of the critic's weights, real and fake go through the
critic together, and the critic's activations are constant under double backward (`models.activations`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from pushforward import rng
from pushforward.data.batches import Source
from pushforward.errors import InputError
from pushforward.latents.law import Law
from pushforward.training.ema import Average
from pushforward.training.optimizers import adam, gradient_norm, load_moments, moments
from pushforward.training.penalty import slope_penalty


@dataclass(frozen=True)
class Settings:
    """Numbers of the method; the defaults are those of the authors' MNIST training.

    Args:
        generator_lr: Adam's rate for the generator.
        critic_lr: Adam's rate for the critic.
        betas: Adam's betas, both networks.
        critic_steps: updates of the critic a step.
        penalty: weight of the gradient penalty.
        gp_alpha: "pixel" draws an interpolation coefficient per coordinate, as the authors' code does; "sample" one per
            sample, as the method was published.
        generator_batch: fakes of the generator's update; None takes the size of the last real batch, which is smaller
            at the end of an epoch.
        drift: weight of (mean critic score of real)^2, the `eps` of TransGAN's loss.
        clip: bound on the norm of each network's gradient; None leaves it.
        ema_halflife: half-life in critic images of the averaged generator that snapshots then hold; None: no average.
        precision: "fp32", "tf32" or "bf16" (autocast).

    Raises:
        InputError: a value out of its range.
    """

    generator_lr: float = 5e-5
    critic_lr: float = 1e-4
    betas: tuple[float, float] = (0.5, 0.5)
    critic_steps: int = 2
    penalty: float = 10.0
    gp_alpha: str = "pixel"
    generator_batch: int | None = None
    drift: float = 0.0
    clip: float | None = None
    ema_halflife: float | None = None
    precision: str = "fp32"

    def __post_init__(self) -> None:
        if self.gp_alpha not in ("pixel", "sample"):
            raise InputError(f"gp_alpha must be pixel or sample, not {self.gp_alpha!r}.")
        if self.critic_steps < 1:
            raise InputError(f"critic_steps must be at least 1, not {self.critic_steps}.")


class WGAN:
    """A trainer for `training.loop`; nothing in `step` waits for the device.

    Args:
        generator: z -> x.
        critic: x -> (n,).
        source: batches of real x.
        law: the law of z; where it has parameters, the generator's loss trains them too.
        seed: of the run; every random stream has its own name under it.
        settings: numbers of the method.
        device: where the networks go and z is drawn.
    """

    def __init__(
        self,
        generator: nn.Module,
        critic: nn.Module,
        source: Source,
        law: Law,
        seed: int,
        settings: Settings,
        device: str | torch.device = "cpu",
    ) -> None:
        self.settings, self.source, self.device = settings, source, torch.device(device)
        self.layout = _layout(critic)
        self.generator = generator.to(self.device, memory_format=self.layout).train()  # type: ignore[call-overload]
        self.critic = critic.to(self.device, memory_format=self.layout).train()  # type: ignore[call-overload]
        self.law, self.dtype = law.to(self.device), next(critic.parameters()).dtype
        self.together = not any(isinstance(module, _BatchNorm) for module in critic.modules())
        trained = [*self.generator.parameters(), *law.parameters()]
        self.generator_adam = adam(trained, settings.generator_lr, settings.betas)
        self.critic_adam = adam(self.critic.parameters(), settings.critic_lr, settings.betas)
        self.streams = {name: rng.generator(seed, name, device=self.device) for name in ("latent", "alpha")}
        self.seen = 0  # real images shown to the critic
        halflife = settings.ema_halflife
        self.average = Average(dict(self.generator.named_parameters()), halflife) if halflife else None

    def step(self) -> dict[str, Tensor]:
        """`critic_steps` updates of the critic and one of the generator; metrics of the last updates."""
        for _ in range(self.settings.critic_steps):
            real = self._real()
            of_critic = self._update_critic(real)
            self.seen += len(real)
        of_generator = self._update_generator(self.settings.generator_batch or len(real))
        if self.average:
            self.average.update(len(real), self.seen)
        return of_critic | of_generator

    def snapshot(self) -> dict[str, Tensor]:
        """The generator: parameters (averaged ones where asked) and buffers; the law of z under `latent/`."""
        law = {f"latent/{name}": value for name, value in self.law.state_dict().items()}
        return {**self.generator.state_dict(), **(self.average.values if self.average else {}), **law}

    def state_dict(self) -> dict[str, Any]:
        """Networks, optimizers, average, random streams, data position."""
        return {
            "generator": self.generator.state_dict(),
            "critic": self.critic.state_dict(),
            "law": self.law.state_dict(),
            "generator_adam": moments(self.generator_adam),
            "critic_adam": moments(self.critic_adam),
            "average": self.average.values if self.average else {},
            "streams": {name: stream.get_state() for name, stream in self.streams.items()},
            "source": self.source.state_dict(),
            "seen": self.seen,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from where `state_dict` was taken."""
        self.generator.load_state_dict(state["generator"])
        self.critic.load_state_dict(state["critic"])
        self.law.load_state_dict(state["law"])
        load_moments(self.generator_adam, state["generator_adam"])
        load_moments(self.critic_adam, state["critic_adam"])
        if self.average:
            self.average.load(state["average"])
        for name, stream in self.streams.items():
            stream.set_state(state["streams"][name])
        self.source.load_state_dict(state["source"])
        self.seen = state["seen"]

    def _update_critic(self, real: Tensor) -> dict[str, Tensor]:
        with torch.no_grad():  # batch statistics of the generator still move, as in the authors' loop
            fake = self._fake(len(real))
        mix = fake.lerp(real, self._alpha(real))
        self.critic_adam.zero_grad()
        with self._autocast():
            on_real, on_fake = self._scores(real, fake)
        loss = on_fake - on_real + self.settings.drift * on_real.square()
        loss.backward()  # before the penalty's forward, while these activations are in the cache
        with self._autocast():
            penalty = self.settings.penalty * slope_penalty(self.critic, mix)
        penalty.backward()
        norm = gradient_norm(self.critic, self.settings.clip)
        self.critic_adam.step()
        loss, distance = (loss + penalty).detach(), (on_real - on_fake).detach()
        return {"critic_loss": loss, "distance": distance, "critic_gradient": norm}

    def _update_generator(self, n: int) -> dict[str, Tensor]:
        self.critic.requires_grad_(False)
        fake = self._fake(n)
        with self._autocast():
            loss = self.law.penalty() - self.critic(fake).to(self.dtype).mean()
        self.generator_adam.zero_grad()
        loss.backward()
        self.critic.requires_grad_(True)
        norm = gradient_norm(self.generator, self.settings.clip)
        self.generator_adam.step()
        return {"generator_loss": loss.detach(), "generator_gradient": norm}

    def _scores(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """Mean score of each; in one pass unless the critic's batch statistics would mix them."""
        if self.together:
            on_real, on_fake = self.critic(torch.cat((real, fake))).to(self.dtype).view(2, -1).mean(1)
        else:
            on_real, on_fake = (self.critic(x).to(self.dtype).mean() for x in (real, fake))
        return on_real, on_fake

    def _real(self) -> Tensor:
        return self.source.next().to(self.dtype, memory_format=self.layout)

    def _fake(self, n: int) -> Tensor:
        z = self.law.sample(n, self.streams["latent"]).to(self.dtype)
        with self._autocast():
            return self.generator(z).to(self.dtype)

    def _alpha(self, real: Tensor) -> Tensor:
        shape = real.shape if self.settings.gp_alpha == "pixel" else (len(real), *[1] * (real.ndim - 1))
        return torch.rand(shape, generator=self.streams["alpha"], device=self.device).to(self.dtype)

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.settings.precision == "bf16")


def _layout(network: nn.Module) -> torch.memory_format:
    """Channels last for convolutions: a tenth to a quarter less time on a CPU, and what a GPU's matrix units want."""
    convolves = any(isinstance(module, nn.Conv2d) for module in network.modules())
    return torch.channels_last if convolves else torch.preserve_format
