"""What a training costs, before it starts: operations counted from the networks, seconds from this machine's speed."""

import os
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from pushforward import models
from pushforward.data.dataset import Dataset
from pushforward.errors import Resource
from pushforward.machine import speed

LIMIT = "PUSHFORWARD_MAX_HOURS"
DEFAULT_HOURS = 12.0


def require_affordable(name: str, settings: Mapping[str, Any], data: Dataset, device: torch.device) -> None:
    """Refuse a training that would take longer here than the person allowed.

    Args:
        name: of the run, for the message.
        settings: those of a GAN's training job.
        data: what it trains on.
        device: where it would run; a GPU is always allowed.

    Raises:
        Resource: the estimate is above PUSHFORWARD_MAX_HOURS; the message gives it, and how to go on.
    """
    if device.type != "cpu":
        return
    operations = settings["steps"] * operations_per_step(settings, data)
    hours = operations / speed(torch.get_num_threads()) / 3600
    allowed = float(os.environ.get(LIMIT, DEFAULT_HOURS))
    if hours > allowed:
        work = f"{settings['steps']:,} steps are {operations / 1e15:,.1f} PFLOP, about {_duration(hours)}"
        raise Resource(
            f"{name}: {work} on this CPU with {torch.get_num_threads()} threads (allowed: {allowed:g} hours). "
            f"Run it on a machine with a GPU, take the smaller scale (`snakemake --directory reduced ...`), or allow "
            f"it: {LIMIT}={hours + 1:.0f}. It resumes where it was stopped."
        )


def operations_per_step(settings: Mapping[str, Any], data: Dataset) -> float:
    """Floating-point operations of one step of WGAN-GP: `critic_steps` of the critic, one of the generator.

    In units of a forward pass: real and fake forward and backward 6, the penalty 4 of the critic and 1 of the generator
    a critic step; 3 of the generator and 2 of the critic a generator step.
    """
    kind, dim = settings["model"]["kind"], settings["latent"]["dim"]
    sizes = {
        part: models.sizes(kind, part, settings["model"][part], data.shape, latent_dim=dim)
        for part in ("generator", "critic")
    }
    with torch.device("meta"):
        generator, critic = (models.build(kind, part, **sizes[part]) for part in ("generator", "critic"))
        once = forward(generator, torch.zeros(2, dim)) / 2, forward(critic, torch.zeros(2, *data.shape)) / 2
    batch, steps = settings["batch"], settings["critic_steps"]
    for_generator = settings["generator_batch"] or batch
    return steps * batch * (10 * once[1] + once[0]) + for_generator * (3 * once[0] + 2 * once[1])


def forward(network: nn.Module, batch: torch.Tensor) -> int:
    """Operations of one forward pass of a batch, counted without computing."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(*inputs(network, batch))
    return counter.get_total_flops()


def inputs(network: nn.Module, batch: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """What a network takes: the batch, and labels where it is conditional."""
    conditional = getattr(network, "classes", 0)
    return (batch, batch.new_zeros(len(batch), dtype=torch.int64)) if conditional else (batch,)


def _duration(hours: float) -> str:
    return f"{hours:.0f} hours" if hours < 72 else f"{hours / 24:,.0f} days"
