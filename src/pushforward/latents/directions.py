"""Gates made of N directions of equal length: a latent is kept if it points clearly enough at one of them."""

import torch
from torch import Tensor

from pushforward.errors import InputError
from pushforward.latents.gate import Gate

NORMS = ("unit", "sqrt_d")


def cosine(z: Tensor, directions: Tensor) -> Tensor:
    """Largest softmax of <z / |z|, u_i>, the rule of the authors' code; (n, d), (N, d) -> (n,)."""
    return (z @ directions.T / z.norm(dim=1, keepdim=True)).softmax(1).amax(1)


def neg_distance(z: Tensor, directions: Tensor) -> Tensor:
    """Largest softmax of -|z - u_i| (ICML paper, App. B.3); (n, d), (N, d) -> (n,)."""
    return (-torch.cdist(z, directions)).softmax(1).amax(1)


def dot(z: Tensor, directions: Tensor) -> Tensor:
    """Largest <z, u_i> (ICML paper, Sec. 3.3); (n, d), (N, d) -> (n,)."""
    return (z @ directions.T).amax(1)


def gap(z: Tensor, directions: Tensor) -> Tensor:
    """Distance of z to the border of its cell, for equally long directions; (n, d), (N, d) -> (n,).

    The margin epsilon of the theory: `gap > epsilon` leaves out exactly the epsilon-boundary of the partition.
    """
    products = z @ directions.T
    best, cell = products.max(1, keepdim=True)
    apart = torch.cdist(directions, directions)[cell[:, 0]]  # |u_cell - u_j|, 0 where j is the cell itself
    return torch.where(apart > 0, (best - products) / apart, torch.inf).amin(1)


SCORES = {"cosine": cosine, "neg_distance": neg_distance, "dot": dot, "gap": gap}


class DirectionGate(Gate):
    """N(0, I) given that the score of z against N directions exceeds a threshold.

    Args:
        directions: unit vectors, (N, d).
        score: "cosine", "neg_distance", "dot" or "gap", see the functions of this module.
        norm: length given to the directions, "unit" or "sqrt_d".
        seed: of the directions and of the measurement.
    """

    directions: Tensor

    def __init__(self, directions: Tensor, score: str, norm: str, seed: int) -> None:
        super().__init__(directions.shape[1], seed)
        if score not in SCORES or norm not in NORMS:
            raise InputError(
                f"law {self.name}: score is one of {', '.join(SCORES)} and norm one of {', '.join(NORMS)}, "
                f"not {score!r} and {norm!r}."
            )
        self.components, self.rule, self.norm = len(directions), score, norm
        length = self.dim**0.5 if norm == "sqrt_d" else 1.0
        self.register_buffer("directions", directions.double() * length)

    def score(self, z: Tensor) -> Tensor:
        """The score that is compared with the threshold, (n, d) -> (n,) float64."""
        return SCORES[self.rule](z.double(), self.directions)

    def classify(self, z: Tensor) -> Tensor:
        """Index of the direction each latent points at most, (n, d) -> (n,) int64."""
        return (z.double() @ self.directions.T).argmax(1)

    def ceiling(self) -> float:
        """A value that no score exceeds, the least one if the directions are equidistant."""
        n = self.components
        apart = torch.cdist(self.directions, self.directions)
        if self.rule == "neg_distance":  # best at z = u_i, by the triangle inequality
            return float((-apart).softmax(1).amax())
        if self.rule == "cosine":  # best along u_i - (mean of the others), by convexity
            reach = (self.directions - self.directions.mean(0)).norm(dim=1).amax() * n / (n - 1)
            return float(1 / (1 + (n - 1) * torch.exp(-reach)))
        return super().ceiling()
