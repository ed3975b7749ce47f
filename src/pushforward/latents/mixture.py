"""DeliGAN (Gurumurthy et al. 2017): a mixture of Gaussians whose components are trained with the generator."""

from typing import Any

import torch
from torch import Tensor, nn

from pushforward import rng
from pushforward.errors import InputError
from pushforward.latents.law import Law, gaussian

PENALTY = 0.05


class Mixture(Law):
    """z = mu_k + sigma_k * eps with eps ~ N(0, I) and k uniform; its parameters are trained by the generator's loss.

    Two variants: "printed" is what the paper's authors ran as DeliGAN: mu_k ~ 0.1 N(0, I) at first, sigma_k = 1 fixed,
    no penalty. "faithful" is DeliGAN itself: mu_k ~ U(-1, 1) and sigma_k ~ U(-0.2, 0.2) at first, both trained, with
    the penalty 0.05 mean((1 - sigma)^2) that keeps components from shrinking to a point.

    Args:
        dim: latent dimension d.
        components: N.
        variant: "printed" or "faithful".
        seed: of the first means and widths.

    Raises:
        InputError: no such variant, or no component.
    """

    name = "mixture"
    sigmas: Tensor

    def __init__(self, dim: int, components: int, variant: str = "printed", seed: int = 0) -> None:
        super().__init__(dim)
        if variant not in ("printed", "faithful") or components < 1:
            raise InputError(
                f"law mixture: variant is 'printed' or 'faithful', with at least 1 component; "
                f"{variant!r} with {components} came."
            )
        self.components, self.variant, self.seed = components, variant, seed
        stream = rng.generator(seed, "components")
        if variant == "printed":
            self.means = nn.Parameter(0.1 * torch.randn(components, dim, generator=stream))
            self.register_buffer("sigmas", torch.ones(components, dim))
        else:
            self.means = nn.Parameter(torch.rand(components, dim, generator=stream) * 2 - 1)
            self.sigmas = nn.Parameter(torch.rand(components, dim, generator=stream) * 0.4 - 0.2)

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw `n` latents, (n, d) float32; differentiable in the means and widths."""
        return self.sample_labelled(n, generator)[0]

    def sample_labelled(self, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw `n` latents with the component each was drawn from: (n, d) float32 and (n,) int64."""
        noise = gaussian(n, self.dim, generator)
        k = torch.randint(self.components, (n,), generator=generator, device=generator.device)
        return self.means[k] + self.sigmas[k] * noise, k

    def classify(self, z: Tensor) -> Tensor:
        """The likeliest component of each latent, (n, d) -> (n,) int64."""
        with torch.no_grad():
            widths = self.sigmas.abs().clamp_min(torch.finfo(torch.float32).tiny)
            far = (z[:, None] - self.means).div(widths).square().sum(2) / 2  # (n, N)
            return (-far - widths.log().sum(1)).argmax(1)

    def penalty(self) -> Tensor:
        """0.05 mean((1 - sigma)^2), a scalar; zero while the widths are 1."""
        return PENALTY * (1 - self.sigmas).square().mean()

    def _arguments(self) -> dict[str, Any]:
        own = {"components": self.components, "variant": self.variant, "seed": self.seed}
        return {**super()._arguments(), **own}
