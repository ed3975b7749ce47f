"""The WGAN-GP step for plain stacks of layers, differentiated by hand: perceptrons, and the MNIST critic."""

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from pushforward.data.batches import Source
from pushforward.latents.law import Law
from pushforward.training.layers import Layers
from pushforward.training.optimizers import gradient_norm
from pushforward.training.sweep import mean_score, set_critic_gradient
from pushforward.training.wgan_step import WGAN, Settings


def suits(generator: nn.Module, critic: nn.Module, settings: Settings) -> bool:
    """Whether `Stacked` can train these: the critic a stack, no batch statistics, no autocast."""
    normalised = any(isinstance(module, _BatchNorm) for module in generator.modules())
    return settings.precision != "bf16" and not normalised and Layers.of(critic) is not None


class Stacked(WGAN):
    """A trainer for `training.loop` that computes what `WGAN` does, sooner.

    The generator does not change while the critic does, so fakes of a step are made together.

    Args:
        generator: z -> x.
        critic: x -> (n,).
        source: batches of real x.
        law: the law of z; where it has parameters, the generator's loss trains them too.
        seed: of the run.
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
        super().__init__(generator, critic, source, law, seed, settings, device)
        layers = Layers.of(self.critic)
        assert layers is not None, "`suits` says which critics are stacks"
        self.critic_layers = layers
        by_hand = None if list(law.parameters()) else Layers.of(self.generator)  # those want the gradient of z
        self.maker = ByHand(by_hand) if by_hand else ByAutograd(self.generator)

    def step(self) -> dict[str, Tensor]:
        """`critic_steps` updates of the critic and one of the generator; metrics of the last updates."""
        reals = [self._real() for _ in range(self.settings.critic_steps)]
        sizes = [*map(len, reals), self.settings.generator_batch or len(reals[-1])]
        latents = [self.law.sample(n, self.streams["latent"]).to(self.dtype) for n in sizes]
        *fakes, own = self.maker.make(latents)
        for real, fake in zip(reals, fakes, strict=True):
            of_critic = self._improve_critic(real, fake)
            self.seen += len(real)
        of_generator = self._improve_generator(own)
        if self.average:
            self.average.update(len(reals[-1]), self.seen)
        return of_critic | of_generator

    def _improve_critic(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        mix = fake.lerp(real, self._alpha(real))
        weights = (self.settings.penalty, self.settings.drift)
        loss, distance = set_critic_gradient(self.critic_layers, real, fake, mix, *weights)
        norm = gradient_norm(self.critic, self.settings.clip)
        self.critic_adam.step()
        return {"critic_loss": loss, "distance": distance, "critic_gradient": norm}

    def _improve_generator(self, fake: Tensor) -> dict[str, Tensor]:
        score, slope = mean_score(self.critic_layers, fake)
        self.generator_adam.zero_grad()
        self.maker.push(-slope)
        penalty = self.law.penalty()
        if penalty.requires_grad:
            penalty.backward()
        norm = gradient_norm(self.generator, self.settings.clip)
        self.generator_adam.step()
        return {"generator_loss": penalty.detach() - score, "generator_gradient": norm}


class ByAutograd:
    """Makes fakes with any generator."""

    def __init__(self, generator: nn.Module) -> None:
        self.generator = generator

    def make(self, latents: list[Tensor]) -> list[Tensor]:
        """Fakes of each latents, without graph; that of the last is kept for `push`."""
        with torch.no_grad():
            fakes = self.generator(torch.cat(latents[:-1])).split([len(z) for z in latents[:-1]])
        self._own = self.generator(latents[-1])
        return [*fakes, self._own.detach()]

    def push(self, gradient: Tensor) -> None:
        """Set the generator's gradients, given that of the last fakes."""
        self._own.backward(gradient)


class ByHand:
    """Makes fakes with a generator that is a stack."""

    def __init__(self, layers: Layers) -> None:
        self.layers = layers

    @torch.no_grad()
    def make(self, latents: list[Tensor]) -> list[Tensor]:
        """Fakes of each latents."""
        sizes = [len(z) for z in latents]
        inputs, fakes = self.layers.up(torch.cat(latents))
        self._inputs = [x[-sizes[-1] :] for x in inputs]
        return list(fakes.split(sizes))

    @torch.no_grad()
    def push(self, gradient: Tensor) -> None:
        """Set the generator's gradients, given that of the last fakes."""
        self.layers.set_gradients(gradient, self._inputs)
