"""The standard Gaussian."""

import torch
from torch import Tensor

from pushforward.latents.law import Law, gaussian


class Gaussian(Law):
    """z ~ N(0, I_d), the law of the paper's theory and of every baseline.

    Args:
        dim: latent dimension d.
    """

    name = "gaussian"

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw `n` latents, (n, d) float32, on the generator's device."""
        return gaussian(n, self.dim, generator)
