"""Variational auto-encoders (ICML 2023 paper, Table 2): the decoder is the GAN generator of the data set."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from pushforward import models
from pushforward.errors import InputError

LIKELIHOODS = ("bernoulli", "gaussian")
MARGIN = 1e-6  # a Bernoulli mean keeps this distance from 0 and 1, where its logarithm ends


class Generator(nn.Module):
    """(n, d) -> images, by the generator of another architecture.

    Args:
        latent_dim: d.
        decoder: that architecture, "cnn" or "resnet".
        **sizes: its generator's own arguments.
    """

    def __init__(self, latent_dim: int, decoder: str, **sizes: Any) -> None:
        super().__init__()
        self.network = models.build(decoder, "generator", latent_dim=latent_dim, **sizes)

    def forward(self, z: Tensor) -> Tensor:
        """(n, d) -> (n, image_channels, image_size, image_size)."""
        return self.network(z)


class Encoder(nn.Module):
    """Images -> mean and log-variance of z, each (n, d), by the mirror image of a decoder.

    Args:
        latent_dim: d.
        decoder: "cnn" for strided convolutions, "resnet" for the body of the residual critic.
        **sizes: arguments of `ConvEncoder` or of the residual encoder.
    """

    def __init__(self, latent_dim: int, decoder: str, **sizes: Any) -> None:
        super().__init__()
        if decoder == "cnn":
            self.network: nn.Module = ConvEncoder(latent_dim, **sizes)
        else:
            self.network = models.build(decoder, "encoder", latent_dim=latent_dim, **sizes)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(n, image_channels, image_size, image_size) -> (n, d), (n, d)."""
        return self.network(x)


class ConvEncoder(nn.Module):
    """Two 4x4 convolutions of stride 2 and a linear map, the convolutional generator upside down.

    Args:
        latent_dim: d.
        image_size: height and width, a multiple of 4.
        image_channels: 1 for grey images.
        channels: maps of the two convolutions.
    """

    def __init__(
        self,
        latent_dim: int,
        image_size: int = 28,
        image_channels: int = 1,
        channels: tuple[int, int] = (64, 128),
    ) -> None:
        super().__init__()
        if image_size % 4 or len(channels) != 2:
            raise InputError(
                f"vae encoder: an image side that is a multiple of 4 and two numbers of channels are expected; "
                f"{image_size} and {channels} came."
            )
        self.layers = nn.Sequential(
            nn.Conv2d(image_channels, channels[0], 4, stride=2, padding=1),  # (n, c1, s/2, s/2)
            nn.LeakyReLU(0.2),
            nn.Conv2d(channels[0], channels[1], 4, stride=2, padding=1),  # (n, c2, s/4, s/4)
            nn.LeakyReLU(0.2),
            nn.Flatten(),
            nn.Linear(channels[1] * (image_size // 4) ** 2, 2 * latent_dim),
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(n, image_channels, image_size, image_size) -> (n, d), (n, d)."""
        mean, log_variance = self.layers(x).chunk(2, dim=1)
        return mean, log_variance


class VAE(nn.Module):
    """An encoder and a decoder with the likelihood that joins them (Kingma & Welling 2014).

    Args:
        encoder: x -> mean and log-variance of z, each (n, d).
        decoder: z -> x.
        likelihood: "bernoulli" for values in [0, 1], "gaussian" with one variance for all pixels.
        variance: of the Gaussian; None learns it together with the weights.

    Raises:
        InputError: no such likelihood, or a variance that is not positive.
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module, likelihood: str, variance: float | None = None) -> None:
        super().__init__()
        if likelihood not in LIKELIHOODS or (variance is not None and variance <= 0):
            raise InputError(
                f"vae: likelihood is one of {', '.join(LIKELIHOODS)} and a variance is positive, "
                f"not {likelihood!r} and {variance}."
            )
        self.encoder, self.decoder, self.likelihood = encoder, decoder, likelihood
        if likelihood == "gaussian":
            start = torch.tensor(math.log(variance or 1.0))
            self.log_variance = nn.Parameter(start, requires_grad=variance is None)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of z given x, (n, ...) -> (n, d), (n, d)."""
        return self.encoder(x)

    def decode(self, z: Tensor) -> Tensor:
        """Mean of x given z, (n, d) -> (n, ...)."""
        return self.decoder(z)

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        """Log p(x | z) in nats, summed over pixels, (n, ...) and (n, d) -> (n,) float32."""
        mean, x = self.decode(z).float().flatten(1), x.float().flatten(1)
        if self.likelihood == "bernoulli":
            p = mean.clamp(MARGIN, 1 - MARGIN)
            return (x * p.log() + (1 - x) * (-p).log1p()).sum(1)
        error = (x - mean).square() / self.log_variance.exp()
        return -0.5 * (error + self.log_variance + math.log(2 * math.pi)).sum(1)

    def elbo(self, x: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """The two parts of the evidence lower bound with one reparametrised draw: log-likelihood and divergence.

        Args:
            x: (n, ...) images in the decoder's range.
            generator: of the draw, on the images' device.

        Returns:
            log p(x | z), (n,), and KL(q(z | x) || N(0, I)), (n,), in nats; their difference is the bound.
        """
        mean, log_variance = self.encode(x)
        noise = torch.randn(mean.shape, generator=generator, device=mean.device, dtype=mean.dtype)
        z = mean + (log_variance / 2).exp() * noise
        return self.log_likelihood(x, z), divergence(mean, log_variance)


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, diag exp(log_variance)) || N(0, I)) in nats, (n, d), (n, d) -> (n,) float32."""
    mean, log_variance = mean.float(), log_variance.float()
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1)
