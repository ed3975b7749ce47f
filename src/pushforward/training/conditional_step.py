"""The step of the conditional GAN: a WGAN-GP whose networks both are told the labels of the last real batch."""

from typing import Any

import torch
from torch import Tensor, nn

from pushforward.data.batches import Source
from pushforward.errors import InputError
from pushforward.latents.law import Law
from pushforward.training.wgan_step import WGAN, Settings


class Conditional(WGAN):
    """A trainer for `training.loop`.

    As in the authors' code no label is drawn: fakes, interpolations and the generator's own update take the labels of
    the last real batch, one by one.

    Args:
        generator: z and labels -> x; its `classes` says how many.
        critic: x and labels -> (n,); likewise.
        source: batches of real x with labels.
        law: the law of z.
        seed: of the run.
        settings: numbers of the method.
        device: where the networks go and z is drawn.

    Raises:
        InputError: a network that takes no labels, or a batch of its own for the generator.
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
        if not all(getattr(network, "classes", 0) for network in (generator, critic)):
            raise InputError("a conditional training is one of networks that take labels; set their size classes.")
        if settings.generator_batch is not None:
            raise InputError(
                "generator_batch: the generator's update takes the labels of the last real batch, so also its size; "
                f"null is expected, {settings.generator_batch} came."
            )
        super().__init__(generator, critic, source, law, seed, settings, device)
        self.labels = torch.zeros(1, dtype=torch.int64, device=self.device)  # of the last real batch
        for network in (generator, critic):
            network.register_forward_pre_hook(lambda _network, inputs: self._told(*inputs))

    def _real(self) -> Tensor:
        real, self.labels = self.source.next_labelled()
        return real.to(self.dtype, memory_format=self.layout)

    def _told(self, x: Tensor) -> tuple[Any, ...]:
        """The input with its labels; real and fake in one pass share them."""
        return x, self.labels.repeat(len(x) // len(self.labels))
