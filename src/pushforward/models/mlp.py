"""Perceptrons for vectors: Gaussian mixtures and the toy examples in the plane."""

import itertools

from torch import Tensor, nn

from pushforward.models.activations import LeakyReLU


class Generator(nn.Module):
    """(n, d) -> (n, D): `depth` hidden ReLU layers of `width`, linear output.

    Args:
        latent_dim: d.
        data_dim: D.
        width: units of a hidden layer.
        depth: number of hidden layers.
    """

    def __init__(self, latent_dim: int, data_dim: int, width: int = 512, depth: int = 3) -> None:
        super().__init__()
        sizes = [latent_dim] + [width] * depth
        hidden = [layer for a, b in itertools.pairwise(sizes) for layer in (nn.Linear(a, b), nn.ReLU())]
        self.layers = nn.Sequential(*hidden, nn.Linear(sizes[-1], data_dim))

    def forward(self, z: Tensor) -> Tensor:
        """(n, d) -> (n, D)."""
        return self.layers(z)


class Critic(nn.Module):
    """(n, D) -> (n,): `depth` hidden LeakyReLU(0.2) layers of `width`, linear score.

    Args:
        data_dim: D.
        width: units of a hidden layer.
        depth: number of hidden layers.
    """

    def __init__(self, data_dim: int, width: int = 512, depth: int = 3) -> None:
        super().__init__()
        sizes = [data_dim] + [width] * depth
        hidden = [
            layer for a, b in itertools.pairwise(sizes) for layer in (nn.Linear(a, b), LeakyReLU(0.2, inplace=True))
        ]
        self.layers = nn.Sequential(*hidden, nn.Linear(sizes[-1], 1))

    def forward(self, x: Tensor) -> Tensor:
        """(n, D) -> (n,)."""
        return self.layers(x).squeeze(1)
