"""Gates to compare simplicial truncation with at equal acceptance: is it the geometry that helps, or the cutting?"""

from typing import Any

import torch
from scipy.stats import chi
from torch import Tensor

from pushforward import rng
from pushforward.errors import InputError
from pushforward.latents.directions import DirectionGate
from pushforward.latents.gate import Gate


class RandomDirections(DirectionGate):
    """The simplicial rule with N independent directions, uniform on the sphere: cells of unequal size and angle.

    Args:
        dim: latent dimension d.
        components: N.
        score: "cosine", "neg_distance", "dot" or "gap", as for simplicial truncation.
        norm: length of the directions, "unit" or "sqrt_d".
        seed: of the directions and of the measurement of the acceptance.
        tau: threshold of the score.
        acceptance: the threshold, as the share of N(0, I) to keep: that of the gate it is compared with.

    Raises:
        InputError: fewer than two components, or a threshold that is out of reach or given twice.
    """

    name = "random_directions"

    def __init__(
        self,
        dim: int,
        components: int,
        score: str = "cosine",
        norm: str = "unit",
        seed: int = 0,
        tau: float | None = None,
        acceptance: float | None = None,
    ) -> None:
        if components < 2:
            raise InputError(f"law random_directions: at least 2 components are needed, not {components}.")
        drawn = torch.randn(components, dim, generator=rng.generator(seed, "directions"), dtype=torch.float64)
        super().__init__(drawn / drawn.norm(dim=1, keepdim=True), score, norm, seed)
        self._set_threshold(tau, acceptance)

    def _arguments(self) -> dict[str, Any]:
        return {**super()._arguments(), "components": self.components, "score": self.rule, "norm": self.norm}


class NormTruncation(Gate):
    """N(0, I) within a ball: the usual truncation, which knows no classes.

    Args:
        dim: latent dimension d.
        seed: of the check that the ball is not empty.
        radius: of the ball; the threshold tau is -radius, for the score -|z|.
        acceptance: the radius, as the share of N(0, I) to keep.

    Raises:
        InputError: the ball is too small, or its size is given twice.
    """

    name = "norm"

    def __init__(self, dim: int, seed: int = 0, radius: float | None = None, acceptance: float | None = None) -> None:
        super().__init__(dim, seed)
        self._set_threshold(None if radius is None else -radius, acceptance)

    def score(self, z: Tensor) -> Tensor:
        """-|z|, (n, d) -> (n,) float64."""
        return -z.double().norm(dim=1)

    def ceiling(self) -> float:
        """0, at the origin."""
        return 0.0

    def exact_rate(self, tau: float) -> float:
        """Mass of the ball: the distribution function of chi with d degrees of freedom."""
        return float(chi.cdf(-tau, self.dim))
