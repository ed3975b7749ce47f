"""Networks without branches, whose gradients need no general machinery (`training.layers`)."""

from torch import Tensor, nn


class Stack(nn.Module):
    """Linear maps (`nn.Linear`, `nn.Conv2d`) and activations, one after the other.

    Args:
        layers: maps, each but the last followed by its activation.
    """

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """(n, ...) -> (n, ...)."""
        return self.layers(x)


class Scores(Stack):
    """A stack whose last map has one output."""

    def forward(self, x: Tensor) -> Tensor:
        """(n, ...) -> (n,)."""
        return self.layers(x).squeeze(1)
