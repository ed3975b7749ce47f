"""Forward mode by hand for the layers that generators are made of: tangents go through a network as one big batch.

`torch.func.jvp` knows every function, but hands the tangents of a sample on as a dimension of their own. Here all
tangents of all samples are rows of one batch, in the memory layout that convolutions like best; maps are not doubled
before a convolution (`geometry.phases`); and tangents that do not depend on the sample yet are pushed once for all.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from pushforward.geometry import phases
from pushforward.geometry.tangents import RULES, Doubled, Once, Phased, Pushed, Unknown

USUAL = (((1, 1), (1, 1), (1, 1), 1), (1, 1, 1, 1))  # stride, padding, dilation, groups


def push(decode: Callable[[Any], Any], z: Tensor, tangents: Tensor, once: Once | None = None) -> Tensor | None:
    """J v for several tangents v of each latent, where there is a rule for all that `decode` does.

    Args:
        decode: latents (n, d) to data (n, ...), row by row.
        z: (n, d).
        tangents: (n, k, d), or (k, d) where they are the same for all.
        once: to hand from pass to pass with the same `decode`, and with the same tangents where they are shared.

    Returns:
        (n, k, D); None where a rule is missing.
    """
    once = Once() if once is None else once
    once.turn = 0
    k, d = tangents.shape[-2:]
    with torch.no_grad():
        try:
            out = decode(Pushed(z, tangents.reshape(-1, d), k, tangents.dim() == 2, once))
        except (TypeError, AttributeError):  # the general way will say what is wrong, if anything is
            return None
        if not isinstance(out, Pushed):
            return None
        return out.plain().rows.flatten(2).expand(len(z), -1, -1)


def _linear(x: Pushed, weight: Tensor, bias: Tensor | None = None) -> Pushed:
    return x.plain().map(lambda t: F.linear(t, weight), lambda v: F.linear(v, weight, bias))


def _conv2d(x: Pushed, weight: Tensor, bias: Tensor | None = None, *how: Any) -> Pushed:
    usual = weight.shape[2:] == (3, 3) and how in USUAL
    if usual and isinstance(x, Doubled):
        kernel = x.once(lambda: phases.doubled_kernel(weight))
        value = phases.clear(phases.convolve_doubled(_last(x.value), kernel, bias))
        inside = phases.clear(torch.ones_like(value))
        return Phased(value, _last(x.tangent), x.directions, x.shared, x.once, kernel, inside)
    if usual and isinstance(x, Phased) and 4 * len(weight) <= weight.shape[1]:
        return x.convolve(weight, bias)
    kernel, x = _last(weight), x.plain().map(_last)
    return x.map(lambda t: F.conv2d(t, kernel, None, *how), lambda v: F.conv2d(v, kernel, bias, *how))


def _interpolate(x: Pushed, size: Any = None, scale_factor: Any = None, mode: str = "nearest", **_: Any) -> Pushed:
    x = x.plain()
    if size is not None or scale_factor != 2 or mode != "nearest" or x.value.dim() != 4:
        raise Unknown("interpolate")
    return Doubled(x.value, x.tangent, x.directions, x.shared, x.once)


def _batch_norm(
    x: Pushed, mean: Tensor, variance: Tensor, weight: Any, bias: Any, training: bool, momentum: float, eps: float
) -> Pushed:
    if training:
        raise Unknown("batch_norm of a batch")
    x, scale = x.plain(), (variance + eps).rsqrt() * (1 if weight is None else weight)
    shape = (-1, *[1] * (x.value.dim() - 2))
    return x.map(
        lambda t: t * scale.view(shape), lambda v: F.batch_norm(v, mean, variance, weight, bias, False, momentum, eps)
    )


def _leaky_relu(x: Pushed, negative_slope: float = 0.01, inplace: bool = False) -> Pushed:
    if isinstance(x, Doubled):
        if inplace:  # what holds the doubled map would not see it change
            raise Unknown("leaky_relu in place")
        x = x.plain()
    slope = torch.where(x.value > 0, x.value.new_ones(()), x.value.new_full((), negative_slope))
    return x.pointwise(x.value * slope, slope, inplace)


def _relu(x: Pushed, inplace: bool = False) -> Pushed:
    return _leaky_relu(x, 0.0, inplace)


def _tanh(x: Pushed) -> Pushed:
    x = x.plain()
    value = x.value.tanh()
    return x.pointwise(value, 1 - value.square())


def _sigmoid(x: Pushed) -> Pushed:
    x = x.plain()
    value = x.value.sigmoid()
    return x.pointwise(value, value * (1 - value))


def _view(x: Pushed, *shape: Any) -> Pushed:
    x, shape = x.plain(), shape if isinstance(shape[0], int) else tuple(shape[0])
    if len(x.value.reshape(shape)) != len(x):
        raise Unknown("view across samples")
    return x.map(lambda t: t.reshape(len(t), *shape[1:]))


def _flatten(x: Pushed, start_dim: int = 0, end_dim: int = -1) -> Pushed:
    if start_dim < 1:
        raise Unknown("flatten across samples")
    return x.plain().map(lambda t: t.flatten(start_dim, end_dim))


def _last(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)


RULES |= {
    "linear": _linear,
    "conv2d": _conv2d,
    "interpolate": _interpolate,
    "batch_norm": _batch_norm,
    "leaky_relu": _leaky_relu,
    "relu": _relu,
    "tanh": _tanh,
    "sigmoid": _sigmoid,
    "view": _view,
    "reshape": _view,
    "flatten": _flatten,
    "dim": lambda x: x.value.dim(),
}
