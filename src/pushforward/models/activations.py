"""Piecewise linear activations whose slope is a constant under double backward.

The gradient penalty differentiates a gradient. The derivative of `relu` and `leaky_relu` does not depend on its input
almost everywhere, yet autograd carries the zero it finds there back through the whole forward graph. Here the slope is
a constant, so that graph is never built; every gradient that remains is the same, bit by bit.
"""

from typing import Any

import torch
from torch import Tensor, nn


class _Masked(torch.autograd.Function):
    """gradient -> gradient * slope(y), linear in the gradient; `y` is the activation's own output."""

    @staticmethod
    def forward(ctx: Any, gradient: Tensor, y: Tensor, slope: float) -> Tensor:
        ctx.save_for_backward(y)
        ctx.slope = slope
        return torch.ops.aten.leaky_relu_backward(gradient, y, slope, True)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (y,) = ctx.saved_tensors
        return _Masked.apply(gradient, y, ctx.slope), None, None


class _Activation(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, slope: float, inplace: bool) -> Tensor:
        y = torch.nn.functional.leaky_relu(x, slope, inplace)
        if inplace:
            ctx.mark_dirty(x)
        ctx.save_for_backward(y)
        ctx.slope = slope
        return y

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (y,) = ctx.saved_tensors
        return _Masked.apply(gradient, y.detach(), ctx.slope), None, None


class LeakyReLU(nn.Module):
    """max(x, slope x) for 0 <= slope < 1, for critics (generators use `nn.LeakyReLU`, which `torch.func` knows).

    Args:
        slope: below zero.
        inplace: overwrite the input, which must not be wanted elsewhere: right after a linear map, not before a skip.
    """

    def __init__(self, slope: float = 0.2, inplace: bool = False) -> None:
        super().__init__()
        self.slope, self.inplace = slope, inplace

    def forward(self, x: Tensor) -> Tensor:
        """Apply to a tensor of any shape."""
        return _Activation.apply(x, self.slope, self.inplace)

    def extra_repr(self) -> str:
        """The slope, for `print`."""
        return f"slope={self.slope}, inplace={self.inplace}"


class ReLU(LeakyReLU):
    """max(x, 0), for critics."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, inplace)
