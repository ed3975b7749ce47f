"""A WGAN-GP training as a job: from a data set and plain numbers to a published generator."""

from typing import Any

import torch
from torch import nn

from pushforward.data.batches import Source
from pushforward.data.dataset import Dataset
from pushforward.latents.law import Law
from pushforward.training.adversarial import train
from pushforward.training.stacked_step import Stacked, suits
from pushforward.training.wgan_step import WGAN, Settings


def fit(data: Dataset, **arguments: Any) -> None:
    """Train a GAN on a data set and publish its generator with its law of z.

    Args:
        data: what to train on.
        **arguments: as `adversarial.train` takes them; numbers of the method by the names of `wgan_step.Settings`.

    Raises:
        InputError: an argument out of its range, or networks that do not fit the data.
        Locked, Corrupt, Diverged, Resource, Interrupted: see `training.session` and `training.loop`.
    """
    train(data, trainer, Settings, lambda _law, _settings: {}, **arguments)


def trainer(
    generator: nn.Module,
    critic: nn.Module,
    source: Source,
    law: Law,
    seed: int,
    settings: Settings,
    device: str | torch.device = "cpu",
) -> WGAN:
    """The trainer for these networks: by hand where they are plain stacks of layers, else by autograd."""
    kind = Stacked if suits(generator, critic, settings) else WGAN
    return kind(generator, critic, source, law, seed, settings, device)
