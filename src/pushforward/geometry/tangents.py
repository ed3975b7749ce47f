"""A value in a network together with its tangents, and the ways of keeping maps that save work.

PyTorch hands its functions over to the rules in `RULES` when it meets a `Pushed` (see `geometry.pushing`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Self

import torch
from torch import Tensor
from torch.nn import functional as F

from pushforward.geometry import phases

Rule = Callable[..., Any]
RULES: dict[str, Rule] = {}  # name of a PyTorch function or method -> what to do with a `Pushed`
WHOLE = slice(None)


class Unknown(TypeError):
    """There is no rule for this function."""


class Once:
    """Results that are the same for all samples, in the order of their computation: kept from pass to pass."""

    def __init__(self) -> None:
        self.kept: list[Tensor] = []
        self.turn = 0

    def __call__(self, compute: Callable[[], Tensor]) -> Tensor:
        """The next result, computed in the first pass only."""
        if self.turn == len(self.kept):
            self.kept.append(compute())
        self.turn += 1
        return self.kept[self.turn - 1]


@dataclass(eq=False)
class Pushed:
    """What a network computes, with its tangents.

    Attributes:
        value: (n, ...).
        tangent: (n k, ...), or (k, ...) as long as the tangents are shared.
        directions: k.
        shared: whether the tangents are the same for all samples still.
        once: for what does not depend on the sample.
    """

    value: Tensor
    tangent: Tensor
    directions: int
    shared: bool
    once: Once

    @classmethod
    def __torch_function__(
        cls, function: Rule, types: Sequence[type], args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """PyTorch calls this in place of its own functions."""
        if function.__name__ not in RULES:
            raise Unknown(function.__name__)
        return RULES[function.__name__](*args, **(kwargs or {}))

    def __getattr__(self, name: str) -> Rule:
        if name not in RULES:
            raise AttributeError(name)
        return partial(RULES[name], self)

    def __len__(self) -> int:
        return len(self.value)

    @property
    def rows(self) -> Tensor:
        """Tangents, (n or 1, k, ...)."""
        return self.tangent.unflatten(0, (-1, self.directions))

    def plain(self) -> "Pushed":
        """The same, its maps as they are."""
        return self

    def map(self, linear: Callable[[Tensor], Tensor], affine: Callable[[Tensor], Tensor] | None = None) -> "Pushed":
        """Apply a linear map; `affine` is the same with its constant."""
        tangent = self.once(lambda: linear(self.tangent)) if self.shared else linear(self.tangent)
        return Pushed((affine or linear)(self.value), tangent, self.directions, self.shared, self.once)

    def pointwise(self, value: Tensor, slope: Tensor, inplace: bool = False) -> Self:
        """Apply a function with this value and slope to every number."""
        tangent = _scaled(self.tangent, slope, self.directions, inplace and not self.shared)
        if not inplace:
            return type(self)(value, tangent, self.directions, False, self.once)
        self.value, self.tangent, self.shared = value, tangent, False
        return self

    def __getitem__(self, index: Any) -> "Pushed":
        if not isinstance(index, tuple) or index[0] != WHOLE or any(i not in (WHOLE, None) for i in index):
            raise Unknown("indexing")
        return self.plain().map(lambda x: x[index])

    def __add__(self, other: Any) -> "Pushed":
        a = self.plain()
        if isinstance(other, int | float):
            return a.map(torch.clone, lambda v: v + other)  # a copy: what comes next may overwrite it
        b = _partner(a, other)
        return Pushed(a.value + b.value, (a.rows + b.rows).flatten(0, 1), a.directions, a.shared and b.shared, a.once)

    def __mul__(self, other: Any) -> "Pushed":
        a = self.plain()
        if isinstance(other, int | float):
            return a.map(lambda t: t * other)
        b = _partner(a, other)
        rows = a.rows * b.value[:, None] + a.value[:, None] * b.rows
        return Pushed(a.value * b.value, rows.flatten(0, 1), a.directions, False, a.once)

    def __sub__(self, other: Any) -> "Pushed":
        return self + other * -1

    def __truediv__(self, other: Any) -> "Pushed":
        return self * (1 / other)

    __radd__, __rmul__ = __add__, __mul__


class Doubled(Pushed):
    """A map that stands for the one with each pixel repeated in a 2x2 block."""

    def plain(self) -> Pushed:
        """See `Pushed`."""
        return self.map(partial(F.interpolate, scale_factor=2))


@dataclass(eq=False)
class Phased(Pushed):
    """A convolution of a doubled map, its value in phases; its tangents wait for what comes next.

    Attributes:
        tangent: before the convolution.
        kernel: of the convolution.
        slope: (n, 4 c, h + 1, w + 1), what the tangents are multiplied by after it.
    """

    kernel: Tensor
    slope: Tensor

    def pointwise(self, value: Tensor, slope: Tensor, inplace: bool = False) -> Self:
        """See `Pushed`; only for functions that are zero at zero."""
        if not inplace:
            return replace(self, value=value, slope=self.slope * slope)
        self.value, self.slope = value, self.slope * slope
        return self

    def plain(self) -> Pushed:
        """See `Pushed`."""
        tangent = phases.together(phases.convolve_doubled(self.tangent, self.kernel))
        tangent = _scaled(tangent, phases.together(self.slope), self.directions, inplace=not self.shared)
        return Pushed(phases.together(self.value), tangent, self.directions, False, self.once)

    def convolve(self, weight: Tensor, bias: Tensor | None) -> Pushed:
        """The next padded 3x3 convolution, which has few outputs, (o, c, 3, 3)."""
        kernel, k = self.once(lambda: phases.phased_kernel(weight)), self.directions
        middle, inputs = self.kernel.shape[:2]
        value, outputs = phases.convolve_phases(self.value, kernel, bias), len(weight)
        if 64 * middle * outputs * inputs < k * (4 * middle * inputs + 16 * middle * outputs - 36 * inputs * outputs):
            between = self.once(lambda: phases.between_kernel(self.kernel, kernel))
            rows = phases.apply_collapsed(self.rows, phases.collapse(self.slope, between, outputs)).flatten(0, 1)
        else:
            inner = phases.convolve_doubled(self.tangent, self.kernel)
            rows = phases.convolve_phases(_scaled(inner, self.slope, k, inplace=not self.shared), kernel)
        return Pushed(value, rows, k, False, self.once)


def _partner(a: Pushed, b: Any) -> Pushed:
    if not isinstance(b, Pushed) or a.value.dim() != b.value.dim():
        raise Unknown("arithmetic with something that is neither a number nor computed from z")
    return b.plain()


def _scaled(tangent: Tensor, slope: Tensor, directions: int, inplace: bool) -> Tensor:
    """Each sample's tangents times its slopes, (n k or k, ...) and (n, ...) -> (n k, ...)."""
    rows, factor = tangent.unflatten(0, (-1, directions)), slope[:, None]
    return (rows.mul_(factor) if inplace else rows * factor).flatten(0, 1)
