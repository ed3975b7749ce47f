"""The gradient penalty."""

import torch
from torch import Tensor, nn

FLOOR = 1e-12  # under the root, whose derivative at 0 does not exist


def slope_penalty(critic: nn.Module, x: Tensor) -> Tensor:
    """E (||grad_x D(x)||_2 - 1)^2, differentiable in the critic's weights (Gulrajani et al. 2017, Eq. 3).

    Args:
        critic: D, (n, ...) -> (n,).
        x: (n, ...), a leaf.
    """
    x.requires_grad_()
    (slope,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    norm = (slope.flatten(1).square().sum(1) + FLOOR).sqrt()
    return (norm - 1).square().mean()
