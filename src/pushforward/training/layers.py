"""Stacks of linear maps and piecewise linear activations, run up and down by hand.

Autograd needs a fifth more time for such a network, and fresh memory for every product. Here each layer writes into
memory of its own, and gradients are set, not added up.
"""

from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from pushforward.models.activations import LeakyReLU
from pushforward.models.stack import Stack

masked_ = torch.ops.aten.leaky_relu_backward.grad_input  # gradient * slope(activation), into a given tensor


class Dense:
    """A linear layer; images are flattened on the way up and shaped again on the way down."""

    def __init__(self, layer: nn.Linear) -> None:
        self.layer, self._rooms = layer, dict[str, Tensor]()

    def up(self, x: Tensor) -> Tensor:
        """The layer's output."""
        weight = self.layer.weight.t()
        room = self._room("up", len(x), weight.shape[1])
        if self.layer.bias is None:
            return torch.mm(x.flatten(1), weight, out=room)
        return torch.addmm(self.layer.bias, x.flatten(1), weight, out=room)

    def tangent(self, t: Tensor) -> Tensor:
        """The same without bias."""
        weight = self.layer.weight.t()
        return torch.mm(t.flatten(1), weight, out=self._room("tangent", len(t), weight.shape[1]))

    def down(self, g: Tensor, like: Tensor) -> Tensor:
        """The adjoint, in the shape of the layer's input."""
        return torch.mm(g, self.layer.weight, out=self._room("down", len(g), self.layer.in_features)).view_as(like)

    def product(self, g: Tensor, x: Tensor) -> Tensor:
        """The gradient of the weight."""
        return torch.mm(g.t(), x.flatten(1), out=self._room("product", *self.layer.weight.shape))

    def _room(self, name: str, rows: int, columns: int) -> Tensor:
        room = self._rooms.get(name)
        if room is None or len(room) < rows:
            room = self._rooms[name] = self.layer.weight.new_empty(rows, columns)
        return room[:rows]


class Convolution:
    """A convolution, likewise."""

    def __init__(self, layer: nn.Conv2d) -> None:
        self.layer = layer

    def up(self, x: Tensor) -> Tensor:
        """The layer's output."""
        return self._convolve(x, self.layer.bias)

    def tangent(self, t: Tensor) -> Tensor:
        """The same without bias."""
        return self._convolve(t, None)

    def down(self, g: Tensor, like: Tensor) -> Tensor:
        """The adjoint, in the shape of the layer's input."""
        return self._backward(g, like, 0)

    def product(self, g: Tensor, x: Tensor) -> Tensor:
        """The gradient of the weight."""
        return self._backward(g, x, 1)

    def _convolve(self, x: Tensor, bias: Tensor | None) -> Tensor:
        layer = self.layer
        return functional.conv2d(x, layer.weight, bias, layer.stride, layer.padding, layer.dilation, layer.groups)

    def _backward(self, g: Tensor, x: Tensor, which: int) -> Tensor:
        layer = self.layer
        geometry = (layer.stride, layer.padding, layer.dilation, False, [0], layer.groups)
        wanted = [which == 0, which == 1, False]
        return torch.ops.aten.convolution_backward(g, x, layer.weight, None, *geometry, wanted)[which]


class Layers:
    """The maps of a network, and the slopes below zero of the activations between them.

    Args:
        maps: from the input on.
        slopes: one fewer.
    """

    def __init__(self, maps: list[Dense | Convolution], slopes: list[float]) -> None:
        self.maps, self.slopes = maps, slopes

    @classmethod
    def of(cls, network: nn.Module) -> Self | None:
        """The layers of a network, or None for one that is no plain stack."""
        if not isinstance(network, Stack) or network._forward_pre_hooks or network._forward_hooks:
            return None
        layers = [layer for layer in network.layers if not isinstance(layer, nn.Flatten)]
        maps = [m for layer in layers[::2] if (m := _map(layer))]
        slopes = [s for layer in layers[1::2] if (s := _slope(layer)) is not None]
        plain = len(layers) == len(maps) + len(slopes) >= 3 and isinstance(maps[-1], Dense)
        return cls(maps, slopes) if plain else None

    def up(self, x: Tensor) -> tuple[list[Tensor], Tensor]:
        """The input of each map, and the output of the last."""
        inputs = [x]
        for layer, slope in zip(self.maps, self.slopes, strict=False):
            inputs.append(functional.leaky_relu_(layer.up(inputs[-1]), slope))
        return inputs, self.maps[-1].up(inputs[-1])

    def down(self, g: Tensor, inputs: list[Tensor]) -> list[Tensor]:
        """What comes down to the output of each map; `g` is what comes down to the last."""
        downs = [g]
        for i in reversed(range(len(self.slopes))):
            g = self.maps[i + 1].down(g, inputs[i + 1])
            downs.append(masked_(g, inputs[i + 1], self.slopes[i], True, grad_input=g))
        return downs[::-1]

    def set_gradient(self, i: int, g: Tensor, x: Tensor, rows: int) -> None:
        """Set the gradients of map `i` from what came down to its output, and its input.

        Args:
            i: number of the map.
            g: (n, ...).
            x: (n, ...).
            rows: the bias takes part in the first so many.
        """
        layer = self.maps[i].layer
        layer.weight.grad = self.maps[i].product(g, x)
        if layer.bias is not None:
            layer.bias.grad = g[:rows].sum((0, *range(2, g.ndim)))

    def set_gradients(self, g: Tensor, inputs: list[Tensor]) -> list[Tensor]:
        """Set all gradients from what comes down to the network's output; give what comes down to each map's."""
        downs = self.down(g, inputs)
        for i, (down, x) in enumerate(zip(downs, inputs, strict=True)):
            self.set_gradient(i, down, x, len(down))
        return downs


def _map(layer: nn.Module) -> Dense | Convolution | None:
    if isinstance(layer, nn.Linear):
        return Dense(layer)
    return Convolution(layer) if isinstance(layer, nn.Conv2d) and layer.padding_mode == "zeros" else None


def _slope(layer: nn.Module) -> float | None:
    if isinstance(layer, nn.ReLU):
        return 0.0
    return layer.slope if isinstance(layer, LeakyReLU) else None
