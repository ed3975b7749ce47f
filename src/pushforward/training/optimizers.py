"""Adam in one fused kernel, and what of it must be kept to go on bit by bit."""

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn


def adam(
    parameters: Iterable[nn.Parameter], lr: float, betas: tuple[float, float] = (0.9, 0.999), decay: float = 0.0
) -> torch.optim.Adam:
    """Adam whose step is one kernel; `decay` adds decay * weight to the gradient."""
    return torch.optim.Adam(parameters, lr=lr, betas=betas, weight_decay=decay, fused=True)


def gradient_norm(network: nn.Module, clip: float | None = None) -> Tensor:
    """L2 norm of all gradients of a network, as a 0-d tensor; with `clip` they are scaled down to that norm."""
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    if gradients[0].is_cuda:
        norm = nn.utils.get_total_norm(gradients)
    else:  # several times faster there
        norm = torch.stack([torch.dot(g.flatten(), g.flatten()) for g in gradients]).sum().sqrt()
    if clip is not None:
        nn.utils.clip_grads_with_norm_(network.parameters(), clip, norm)
    return norm


def moments(optimizer: torch.optim.Optimizer) -> dict[int, dict[str, Tensor]]:
    """Of every parameter, by position: step count and moments."""
    return optimizer.state_dict()["state"]


def load_moments(optimizer: torch.optim.Optimizer, saved: Mapping[int, Mapping[str, Tensor]]) -> None:
    """Take back what `moments` gave, in the memory layout of the parameters: the fused kernel reads both alike."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    for index, values in saved.items():
        optimizer.state[parameters[index]] = {name: _like(parameters[index], v) for name, v in values.items()}


def _like(parameter: Tensor, value: Tensor) -> Any:
    if value.shape != parameter.shape:  # the step count
        return value.to(parameter.device, copy=True)
    return torch.empty_like(parameter).detach().copy_(value)
