"""Simplicial truncation (ICML 2023 paper, Sec. 3.3 and App. B.3), in each of its three printed definitions."""

import math
from typing import Any

import torch
from scipy.integrate import quad
from scipy.linalg import helmert
from scipy.special import log_ndtr
from torch import Tensor

from pushforward import rng
from pushforward.errors import InputError
from pushforward.latents.directions import DirectionGate


class Simplicial(DirectionGate):
    """N(0, I) away from the borders of the simplicial cluster of N equidistant directions.

    The text defines the score as a dot product (Sec. 3.3) and as a softmax of distances (App. B.3), the authors' code
    as a softmax of sqrt(d) times the cosine. The thresholds printed for N = 10 are only reached with unit directions,
    those for N = 100 only with directions of length sqrt(d).

    Args:
        dim: latent dimension d.
        components: N, at most d + 1 (at most d for axes).
        score: "cosine", "neg_distance", "dot" or "gap".
        norm: length of the directions, "unit" or "sqrt_d".
        directions: "axes", N random coordinate axes as in the authors' code, or "simplex", the vertices of a regular
            simplex at a random angle. Both cut the space into the same cells up to a rotation.
        seed: of the axes or the angle, and of the measurement of the acceptance.
        tau: threshold of the score.
        acceptance: the threshold, as the share of N(0, I) to keep.
        margin: the threshold, as the theory's epsilon: distance kept from the borders; needs the score "gap".

    Raises:
        InputError: more directions than can be equidistant, or a threshold that is out of reach or given twice. With no
            threshold nothing is truncated and only the classes are there.
    """

    name = "simplicial"
    interchangeable = True

    def __init__(
        self,
        dim: int,
        components: int,
        score: str = "cosine",
        norm: str = "unit",
        directions: str = "axes",
        seed: int = 0,
        tau: float | None = None,
        acceptance: float | None = None,
        margin: float | None = None,
    ) -> None:
        super().__init__(_equidistant(directions, components, dim, seed), score, norm, seed)
        self.kind = directions
        if margin is not None and (score != "gap" or tau is not None):
            raise InputError(
                f"law simplicial: margin is the threshold of the score 'gap'; score {score!r} came, tau {tau}."
            )
        self._set_threshold(margin if tau is None else tau, acceptance)

    def exact_rate(self, tau: float) -> float:
        """Acceptance in closed form: for "gap", and for "dot" with axes; else NaN."""
        n = self.components
        if self.rule == "gap":
            # N P(g_1 > g_j + sqrt(2) tau for all j), g standard normal; the same for axes and simplex
            shift = math.sqrt(2) * max(tau, 0.0)
            return (
                n * quad(lambda x: math.exp(-x * x / 2 + (n - 1) * log_ndtr(x - shift)), -9, 9 + shift)[0] / _SQRT_2PI
            )
        if self.rule == "dot" and self.kind == "axes":
            length = float(self.directions[0].norm())
            return -math.expm1(n * float(log_ndtr(tau / length)))
        return math.nan

    def _arguments(self) -> dict[str, Any]:
        own = {"components": self.components, "score": self.rule, "norm": self.norm, "directions": self.kind}
        return {**super()._arguments(), **own}

    def _into_class(self, z: Tensor, label: int) -> Tensor:
        """Reflect each latent so that its direction becomes that of `label`; for axes, swap two coordinates."""
        across = self.directions[self.classify(z)] - self.directions[label]  # (n, d)
        length = across.square().sum(1, keepdim=True)
        along = (z * across).sum(1, keepdim=True) / length.where(length > 0, 1)
        return (z - 2 * along * across).float()


_SQRT_2PI = math.sqrt(2 * math.pi)


def _equidistant(kind: str, n: int, dim: int, seed: int) -> Tensor:
    """N equidistant unit vectors of R^d, (N, d) float64."""
    if kind not in ("axes", "simplex"):
        raise InputError(f"law simplicial: directions are 'axes' or 'simplex', not {kind!r}.")
    most = dim if kind == "axes" else dim + 1
    if not 2 <= n <= most:
        raise InputError(
            f"law simplicial: at most d + 1 points of R^d are equidistant (m <= d + 1; m <= d for axes), so {kind} "
            f"in dimension {dim} have 2 to {most} components, not {n}. Raise the dimension or take fewer components."
        )
    stream = rng.generator(seed, "directions")
    if kind == "axes":
        return torch.eye(dim, dtype=torch.float64)[torch.randperm(dim, generator=stream)[:n]]
    frame = torch.linalg.qr(torch.randn(dim, n - 1, generator=stream, dtype=torch.float64)).Q  # (d, N - 1)
    return math.sqrt(n / (n - 1)) * torch.as_tensor(helmert(n).T.copy()) @ frame.T
