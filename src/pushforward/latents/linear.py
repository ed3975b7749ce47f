"""Linear truncation (`lin.` of the ICML paper's Table 7): the simplicial rule with directions that mean nothing."""

from typing import Any

import torch
from torch import Tensor

from pushforward import rng
from pushforward.errors import InputError
from pushforward.latents.gate import Gate


class Linear(Gate):
    """N(0, I) given that the largest softmax of W z + b exceeds a threshold.

    W and b are drawn once from U(-1/sqrt(d), 1/sqrt(d)) and never trained, as in the authors' code; the text does not
    define this control. Its classes are not interchangeable: rows of W differ in length and angle.

    Args:
        dim: latent dimension d.
        components: N, rows of W.
        seed: of W and b, and of the measurement of the acceptance.
        tau: threshold of the softmax.
        acceptance: the threshold, as the share of N(0, I) to keep.

    Raises:
        InputError: fewer than two components, or a threshold that is out of reach or given twice.
    """

    name = "linear"
    weight: Tensor
    bias: Tensor

    def __init__(
        self, dim: int, components: int, seed: int = 0, tau: float | None = None, acceptance: float | None = None
    ) -> None:
        super().__init__(dim, seed)
        if components < 2:
            raise InputError(f"law linear: at least 2 components are needed, not {components}.")
        self.components = components
        stream = rng.generator(seed, "directions")
        for name, shape in (("weight", (components, dim)), ("bias", (components,))):
            uniform = 2 * torch.rand(shape, generator=stream, dtype=torch.float64) - 1
            self.register_buffer(name, uniform / dim**0.5)
        self._set_threshold(tau, acceptance)

    def logits(self, z: Tensor) -> Tensor:
        """W z + b, (n, d) -> (n, N) float64."""
        return z.double() @ self.weight.T + self.bias

    def score(self, z: Tensor) -> Tensor:
        """Largest softmax of W z + b, (n, d) -> (n,) float64."""
        return self.logits(z).softmax(1).amax(1)

    def classify(self, z: Tensor) -> Tensor:
        """Index of the largest coordinate of W z + b, (n, d) -> (n,) int64."""
        return self.logits(z).argmax(1)

    def ceiling(self) -> float:
        """1: far out along a row of W the softmax comes as near as one likes."""
        return 1.0

    def _arguments(self) -> dict[str, Any]:
        return {**super()._arguments(), "components": self.components}
