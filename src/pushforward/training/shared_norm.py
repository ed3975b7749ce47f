"""Batch normalisation over a batch that several processes share.

Without it each process would normalise by the statistics of its own rows, another network than that of one process.
PyTorch's own `SyncBatchNorm` exists for GPUs only.
"""

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from pushforward.training.processes import World


def synchronise(network: nn.Module, world: World) -> nn.Module:
    """Put shared normalisations in the place of all others; parameters, buffers and their names stay."""
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, _BatchNorm):
                setattr(parent, name, SharedNorm(child, world))
    return network


class SharedNorm(_BatchNorm):
    """Batch normalisation by the moments of the whole batch, (n, c, ...) -> (n, c, ...).

    The variance is the mean square distance from the mean of all, so that no digits cancel.

    Args:
        norm: the normalisation to take over.
        world: who shares the batch, and how.
    """

    def __init__(self, norm: _BatchNorm, world: World) -> None:
        super().__init__(norm.num_features, norm.eps, norm.momentum, norm.affine, norm.track_running_stats)
        self.weight, self.bias = norm.weight, norm.bias
        for name, buffer in norm.named_buffers():
            setattr(self, name, buffer)
        self.world = world
        self.train(norm.training)

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, ...) -> (n, c, ...); in evaluation mode by the running moments, as ever."""
        if not self.training:
            return super().forward(x)
        y = x if x.dtype == torch.float64 else x.float()
        axes, shape = (0, *range(2, x.ndim)), (1, -1, *[1] * (x.ndim - 2))
        mean = self.world.mean(y.mean(axes))
        y = y - mean.view(shape)
        variance = self.world.mean(y.square().mean(axes))
        self._remember(mean.detach(), variance.detach(), self.world.share.total * x[0, 0].numel())
        y = y * (variance + self.eps).rsqrt().view(shape)
        if self.affine:
            y = y * self.weight.view(shape) + self.bias.view(shape)
        return y.to(x.dtype)

    def _remember(self, mean: Tensor, variance: Tensor, count: int) -> None:
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked.add_(1)
        pace = 1 / int(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), pace)
        self.running_var.lerp_((variance * (count / (count - 1))).to(self.running_var.dtype), pace)

    def _check_input_dim(self, input: Tensor) -> None:  # asked for by the base class
        pass
