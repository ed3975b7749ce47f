"""The steps of the WGAN family on a batch that several processes share.

Every process holds the networks whole, reads every batch, and draws every random number for the whole batch, from the
same streams; then it computes on its own rows. So nothing depends on how many processes there are, but for the order
in which sums are added up, and a state saved by two can be taken up by one or three.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from pushforward.data.batches import Source
from pushforward.errors import InputError
from pushforward.latents.law import Law
from pushforward.models.attention import Attention
from pushforward.training.augmented_step import Augmented
from pushforward.training.conditional_step import Conditional
from pushforward.training.optimizers import gradient_norm
from pushforward.training.processes import World, share
from pushforward.training.shared_norm import synchronise
from pushforward.training.wgan_step import WGAN, Settings


class Rows:
    """A law of z that draws for the whole batch and gives the rows of this process; else the law itself.

    Args:
        law: the law.
        world: who shares the batch, and how.
    """

    def __init__(self, law: Law, world: World) -> None:
        self._law, self._world = law, world

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Latents of the own rows, (n, d)."""
        return self._law.sample(self._world.share.total, generator)[self._world.share.rows]

    def sample_labelled(self, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """The same with their components, (n, d) and (n,)."""
        z, component = self._law.sample_labelled(self._world.share.total, generator)
        return z[self._world.share.rows], component[self._world.share.rows]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._law, name)


class Shared(WGAN):
    """A trainer for `training.loop`: `WGAN`, shared. Placed before a class derived from `WGAN`, that one, shared.

    A process takes means over its own rows. What it makes of them is linear in them, so averaging the gradients before
    a step of the optimizer gives those of the whole batch. Only the drift is not linear, for which the mean score of
    the real images gets the value over all.

    Args:
        generator: z -> x.
        critic: x -> (n,), without batch statistics.
        source: batches of real x.
        law: the law of z.
        seed: of the run.
        settings: numbers of the method.
        device: where the networks go and z is drawn.
        world: the processes.

    Raises:
        InputError: a critic with batch statistics, through which the penalty's slope would reach other processes.
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
        *,
        world: World,
    ) -> None:
        if any(isinstance(module, _BatchNorm) for module in critic.modules()):
            raise InputError(
                "a critic with batch normalisation is trained in one process; take another one, or one process."
            )
        self.world, self.clip, self.norm = world, settings.clip, torch.zeros(())
        # The base class would clip before the gradients are averaged.
        apart = replace(settings, clip=None)
        super().__init__(synchronise(generator, world), critic, source, law, seed, apart, device)
        self.law: Any = Rows(self.law, world)
        for optimizer in (self.critic_adam, self.generator_adam):
            optimizer.register_step_pre_hook(lambda optimizer, _args, _kwargs: self._meet(optimizer))

    def _update_critic(self, real: Tensor) -> dict[str, Tensor]:
        own = self.world.split(len(real))
        return self._over_all(super()._update_critic(real[own.rows]), "critic_gradient")

    def _update_generator(self, n: int) -> dict[str, Tensor]:
        own = self.world.split(n)
        return self._over_all(super()._update_generator(own.size), "generator_gradient")

    def _scores(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        on_real, on_fake = super()._scores(real, fake)
        return self._valued_over_all(on_real), on_fake

    def _alpha(self, real: Tensor) -> Tensor:
        own = self.world.share
        return super()._alpha(real.new_empty(()).expand(own.total, *real.shape[1:]))[own.rows]

    def _valued_over_all(self, own: Tensor) -> Tensor:
        """The value of the mean over all with the gradient of the own one."""
        return own + (self.world.mean(own.detach()) - own.detach())

    def _meet(self, optimizer: torch.optim.Optimizer) -> None:
        """Average the gradients, then clip them."""
        groups = optimizer.param_groups
        self.world.average_([p.grad for group in groups for p in group["params"] if p.grad is not None])
        generating = getattr(self, "trained", self.generator)  # what the base class bounds
        self.norm = gradient_norm(self.critic if optimizer is self.critic_adam else generating, self.clip)

    def _over_all(self, own: Mapping[str, Tensor], norm: str) -> dict[str, Tensor]:
        """Metrics over all."""
        values = self.world.mean(torch.stack(list(own.values())))
        return {**dict(zip(own, values, strict=True)), norm: self.norm}


class SharedAugmented(Shared, Augmented):
    """`Augmented`, shared."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        for module in self.critic.modules():
            if isinstance(module, Attention) and module.noise is not None:
                module.register_forward_pre_hook(self._noisy)

    def _mean_score(self, real: Tensor) -> Tensor:
        return self._valued_over_all(super()._mean_score(real))

    def _seen(self, x: Tensor) -> tuple[Any, ...]:
        own = self.world.share
        whole = x.new_zeros(own.total, *x.shape[1:])
        x, *rest = super()._seen(torch.cat((whole[: own.rows.start], x, whole[own.rows.stop :])))
        return (x[own.rows], *rest)

    def _noisy(self, attention: Attention, inputs: tuple[Tensor, torch.Generator | None]) -> Any:
        """Noise of the whole batch added to the own tokens, and no generator left to add more."""
        (x, generator), own = inputs, self.world.share
        if generator is None or attention.noise is None:
            return None
        noise = torch.randn(own.total, x.shape[1], 1, generator=generator, device=x.device, dtype=x.dtype)
        return x + attention.noise * noise[own.rows], None


class SharedConditional(Shared, Conditional):
    """`Conditional`, shared."""

    def _real(self) -> Tensor:
        real = super()._real()
        self.labels = self.labels[share(len(real), self.world.rank, self.world.size).rows]
        return real


SHARED: Mapping[type[WGAN], Callable[..., Shared]] = {
    WGAN: Shared,
    Augmented: SharedAugmented,
    Conditional: SharedConditional,
}
