"""The layers of a network as it runs them: what a forward pass calls, in its order, with shapes and parameters."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

POOLS = {"avg_pool2d": "AvgPool", "max_pool2d": "MaxPool"}
ACTIVATIONS = {"tanh": "Tanh", "relu": "ReLU", "gelu": "GELU"}
SCALINGS = {"div": "/", "mul": "×", "add": "+"}


@dataclass
class Layer:
    """One layer, or one residual block.

    Attributes:
        operation: what it is called in the papers' tables, e.g. "Convolution".
        shape: of its output for one sample, channels first.
        kernel: "3x3", "[3x3] x 2" for the convolutions of a block, "" where there is none.
        stride: "1x1", "" where there is none.
        activation: what follows it, e.g. "LReLU", "Tanh / 2 + 0.5".
        parameters: weights and biases.
        unbiased: whether its convolutions or its linear map have no bias.
        modulated: whether it holds a batch normalisation whose scale and shift follow z.
        slope: of a leaky ReLU that follows it, else 0.
    """

    operation: str
    shape: tuple[int, ...]
    kernel: str = ""
    stride: str = ""
    activation: str = ""
    parameters: int = 0
    unbiased: bool = False
    modulated: bool = False
    slope: float = 0.0


def walk(network: nn.Module, *inputs: Tensor) -> list[Layer]:
    """Run a network once and list what it does.

    Nothing is computed where network and inputs are on the device "meta".

    Args:
        network: in evaluation mode.
        inputs: of `forward`, the first dimension being the batch.
    """
    recorder = _Recorder()
    blocks = [module for module in network.modules() if type(module).__name__.endswith("Block")]
    hooks = [hook for block in blocks for hook in recorder.hooks(block)]
    try:
        with torch.no_grad(), recorder:
            network(*inputs)
    finally:
        for hook in hooks:
            hook.remove()
    return recorder.layers


@dataclass
class _Recorder(TorchFunctionMode):
    """Sees every call of PyTorch; those within a block become one layer when the block ends."""

    layers: list[Layer] = field(default_factory=list)
    outside: list[list[Layer]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        if isinstance(out, Tensor):
            self._note(getattr(func, "__name__", ""), args, kwargs or {}, tuple(out.shape[1:]))
        return out

    def hooks(self, block: nn.Module) -> list[Any]:
        return [block.register_forward_pre_hook(self._enter), block.register_forward_hook(self._leave)]

    def _enter(self, block: nn.Module, inputs: Any) -> None:
        self.outside.append(self.layers)
        self.layers = []

    def _leave(self, block: nn.Module, inputs: Any, out: Tensor) -> None:
        inside, self.layers = self.layers, self.outside.pop()
        self.layers.append(_block(block, inside, tuple(out.shape[1:])))

    def _note(self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any], shape: tuple[int, ...]) -> None:
        if name in ("conv2d", "linear"):
            self.layers.append(_linear(name, args, shape))
        elif name in POOLS:
            kernel = args[1]
            stride = (args[2] if len(args) > 2 else kwargs.get("stride")) or kernel
            self.layers.append(Layer(POOLS[name], shape, _pair(kernel), _pair(stride)))
        elif name == "interpolate":
            self.layers.append(Layer(f"{kwargs.get('mode', 'nearest').title()} Up Sample", shape))
        elif name == "mean" and len(shape) == 1:
            self.layers.append(Layer("Mean spatial pooling", shape))
        elif self.layers:
            _follow(self.layers[-1], name, args, kwargs, shape)


def _linear(name: str, args: Sequence[Any], shape: tuple[int, ...]) -> Layer:
    weight, bias = args[1], args[2]
    parameters = weight.numel() + (0 if bias is None else bias.numel())
    if name == "linear":
        return Layer("Fully Connected", shape, parameters=parameters, unbiased=bias is None)
    kernel, stride = _pair(tuple(weight.shape[2:])), _pair(args[3])
    return Layer("Convolution", shape, kernel, stride, parameters=parameters, unbiased=bias is None)


def _follow(last: Layer, name: str, args: Sequence[Any], kwargs: Mapping[str, Any], shape: tuple[int, ...]) -> None:
    """What follows a layer and belongs to it: its activation, a scaling of the output, the maps of a linear layer."""
    if name == "leaky_relu":
        last.slope = float(kwargs.get("negative_slope", 0.01))
        last.activation = "LReLU" if last.slope else "ReLU"
    elif name in ACTIVATIONS:
        last.activation = ACTIVATIONS[name]
    elif name in SCALINGS and isinstance(args[1], int | float) and last.activation:
        last.activation += f" {SCALINGS[name]} {args[1]:g}"
    elif name in ("view", "reshape", "unflatten") and last.operation == "Fully Connected":
        last.shape = shape


def _block(block: nn.Module, inside: Sequence[Layer], shape: tuple[int, ...]) -> Layer:
    """A block as one layer; a 1x1 convolution is its skip, and counts for its parameters alone."""
    convolutions = [layer for layer in inside if layer.operation == "Convolution" and layer.kernel != "1x1"]
    kernels, strides = (list(dict.fromkeys(getattr(c, name) for c in convolutions)) for name in ("kernel", "stride"))
    return Layer(
        "ResBlock" if convolutions else type(block).__name__,
        shape,
        kernel=", ".join(f"[{k}] x {sum(c.kernel == k for c in convolutions)}" for k in kernels),
        stride=", ".join(strides),
        activation=next((layer.activation for layer in reversed(inside) if layer.activation), ""),
        parameters=sum(math.prod(p.shape) for p in block.parameters()),
        unbiased=bool(convolutions) and all(c.unbiased for c in convolutions),
        modulated=any(type(module).__name__ == "ModulatedNorm" for module in block.modules()),
    )


def _pair(size: int | Sequence[int]) -> str:
    """2 -> "2x2", (4, 4) -> "4x4"."""
    return "x".join(map(str, (size, size) if isinstance(size, int) else size))
