"""The step of TransGAN's runs: WGAN-GP on augmented images, with noise in the critic and a loss on z's component.

Per step it is the WGAN's, but that
- the critic never sees an image as it is, only through differentiable augmentation (Zhao et al. 2020), drawn afresh for
  the real, the fake and the interpolated images; the penalty's slope is that of the whole, critic and augmentation;
- critics that add noise to their tokens draw it from a stream of the run;
- both losses may take the cross-entropy between the critic's guess and the component of z behind each fake, the
  mutual-information loss of the ICML 2023 paper (after InfoGAN, Chen et al. 2016), for the first steps only;
- the parameters of the law of z (DeliGAN's means) are bounded and averaged together with the generator's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pushforward import rng
from pushforward.data.batches import Source
from pushforward.errors import InputError
from pushforward.latents.law import Law
from pushforward.models.augment import augment
from pushforward.training import wgan_step
from pushforward.training.ema import Average
from pushforward.training.optimizers import gradient_norm
from pushforward.training.penalty import slope_penalty

AUGMENTATIONS = ("none", "diffaug")


@dataclass(frozen=True)
class MutualInformation:
    """The loss on z's component.

    Args:
        weight: of the cross-entropy, in nats, in the losses of critic and generator; 0: none.
        steps: updates of the generator for which it acts.

    Raises:
        InputError: a negative value.
    """

    weight: float = 0.0
    steps: int = 0

    def __post_init__(self) -> None:
        if self.weight < 0 or self.steps < 0:
            raise InputError(f"mutual_information: weight and steps must be at least 0; {self.weight}, {self.steps}.")


@dataclass(frozen=True)
class Settings(wgan_step.Settings):
    """Numbers of the method, beside those of the WGAN.

    Args:
        augment: "none", or "diffaug" for differentiable augmentation of images in [-1, 1].
        mutual_information: the loss on z's component.

    Raises:
        InputError: a value out of its range.
    """

    augment: str = "none"
    mutual_information: MutualInformation = MutualInformation()

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.augment not in AUGMENTATIONS:
            raise InputError(f"augment must be one of {', '.join(AUGMENTATIONS)}, not {self.augment!r}.")


class Augmented(wgan_step.WGAN):
    """A trainer for `training.loop`.

    Args:
        generator: z -> x.
        critic: x -> (n,); with `stochastic` set also given a torch generator for its noise. For the mutual-information
            loss it has a `component_head`, and `judge` gives scores and logits.
        source: batches of real x.
        law: the law of z; where it has parameters, the generator's loss trains them too.
        seed: of the run.
        settings: numbers of the method.
        device: where the networks go and z is drawn.

    Raises:
        InputError: the mutual-information loss without components, or with other ones in law and critic.
    """

    settings: Settings

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
        super().__init__(generator, critic, source, law, seed, settings, device)
        self.informed = settings.mutual_information.weight > 0
        if self.informed:
            _require_components(critic, law)
        self.stochastic = getattr(critic, "stochastic", False)
        self.streams |= {name: rng.generator(seed, name, device=self.device) for name in ("augment", "tokens")}
        self.trained = nn.ModuleList((self.generator, self.law))
        self.updates = 0  # of the generator, so far
        if settings.ema_halflife:
            means = {f"latent/{name}": parameter for name, parameter in self.law.named_parameters()}
            self.average = Average({**dict(self.generator.named_parameters()), **means}, settings.ema_halflife)
        # a hook, so that no call of the critic can go without, the penalty's included
        critic.register_forward_pre_hook(lambda _critic, inputs: self._seen(*inputs))

    def step(self) -> dict[str, Tensor]:
        """`critic_steps` updates of the critic and one of the generator; metrics of the last updates."""
        metrics = super().step()
        self.updates += 1
        return metrics

    def snapshot(self) -> dict[str, Tensor]:
        """The generator, and the law of z under `latent/`; averaged where asked, parameters of the law included."""
        return {**super().snapshot(), **(self.average.values if self.average else {})}

    def state_dict(self) -> dict[str, Any]:
        """What the WGAN keeps, with the streams of this class, and how many updates the generator has had."""
        return {**super().state_dict(), "updates": self.updates}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from where `state_dict` was taken."""
        super().load_state_dict(state)
        self.updates = state["updates"]

    def _update_critic(self, real: Tensor) -> dict[str, Tensor]:
        settings = self.settings
        with torch.no_grad():
            fake, component = self._drawn(len(real))
        mix = fake.lerp(real, self._alpha(real))
        with self._autocast():
            # one after the other: whether squares are cut out is drawn once a call
            on_real = self._mean_score(real)
            on_fake, entropy = self._judged(fake, component)
            loss = on_fake - on_real + self._weight() * entropy + settings.penalty * slope_penalty(self.critic, mix)
            loss = loss + settings.drift * on_real.square()
        norm = self._descend(self.critic_adam, self.critic, loss)
        told = {"component_entropy": entropy.detach()} if self.informed else {}
        return {
            "critic_loss": loss.detach(),
            "distance": (on_real - on_fake).detach(),
            "critic_gradient": norm,
            **told,
        }

    def _update_generator(self, n: int) -> dict[str, Tensor]:
        self.critic.requires_grad_(False)
        fake, component = self._drawn(n)
        with self._autocast():
            score, entropy = self._judged(fake, component)
            loss = self.law.penalty() - score + self._weight() * entropy
        norm = self._descend(self.generator_adam, self.trained, loss)
        self.critic.requires_grad_(True)
        return {"generator_loss": loss.detach(), "generator_gradient": norm}

    def _descend(self, optimizer: torch.optim.Optimizer, network: nn.Module, loss: Tensor) -> Tensor:
        optimizer.zero_grad()
        loss.backward()
        norm = gradient_norm(network, self.settings.clip)
        optimizer.step()
        return norm

    def _drawn(self, n: int) -> tuple[Tensor, Tensor | None]:
        """Fakes, and the component of z behind each where it is wanted."""
        z, component = (
            self.law.sample_labelled(n, self.streams["latent"])
            if self.informed
            else (self.law.sample(n, self.streams["latent"]), None)
        )
        with self._autocast():
            return self.generator(z.to(self.dtype)).to(self.dtype), component

    def _mean_score(self, real: Tensor) -> Tensor:
        return self.critic(real).to(self.dtype).mean()

    def _judged(self, fake: Tensor, component: Tensor | None) -> tuple[Tensor, Tensor]:
        """Mean score of the fakes, and mean cross-entropy of the critic's guess of their components."""
        if component is None:
            return self.critic(fake).to(self.dtype).mean(), torch.zeros((), device=self.device)
        scores, logits = self.critic.judge(*self._seen(fake))
        return scores.to(self.dtype).mean(), F.cross_entropy(logits.to(self.dtype), component)

    def _weight(self) -> float:
        information = self.settings.mutual_information
        return information.weight if self.updates < information.steps else 0.0

    def _seen(self, x: Tensor) -> tuple[Any, ...]:
        """What the critic is given in place of images."""
        if self.settings.augment == "diffaug":
            x = augment(x, self.streams["augment"])
        return (x, self.streams["tokens"]) if self.stochastic else (x,)


def _require_components(critic: nn.Module, law: Law) -> None:
    head = getattr(critic, "component_head", None)
    told = head.out_features if head is not None else 0
    if not told == law.components > 0:
        raise InputError(
            "mutual_information: a law of z with components, and a critic that tells as many apart (a resnet or a "
            f"transgan), are expected; law {law.name} has {law.components}, the critic tells {told}."
        )
