"""Perceptrons for vectors: Gaussian mixtures and the toy examples in the plane."""

import itertools

from torch import nn

from pushforward.models.activations import LeakyReLU
from pushforward.models.stack import Scores, Stack


class Generator(Stack):
    """(n, d) -> (n, D): `depth` hidden ReLU layers of `width`, linear output.

    Args:
        latent_dim: d.
        data_dim: D.
        width: units of a hidden layer.
        depth: number of hidden layers.
    """

    def __init__(self, latent_dim: int, data_dim: int, width: int = 512, depth: int = 3) -> None:
        sizes = [latent_dim] + [width] * depth
        hidden = [layer for a, b in itertools.pairwise(sizes) for layer in (nn.Linear(a, b), nn.ReLU(True))]
        super().__init__(*hidden, nn.Linear(sizes[-1], data_dim))


class Critic(Scores):
    """(n, D) -> (n,): `depth` hidden LeakyReLU(0.2) layers of `width`, linear score.

    Args:
        data_dim: D.
        width: units of a hidden layer.
        depth: number of hidden layers.
    """

    def __init__(self, data_dim: int, width: int = 512, depth: int = 3) -> None:
        sizes = [data_dim] + [width] * depth
        hidden = [layer for a, b in itertools.pairwise(sizes) for layer in (nn.Linear(a, b), LeakyReLU(0.2, True))]
        super().__init__(*hidden, nn.Linear(sizes[-1], 1))
