"""Variational auto-encoders: mirrors, likelihoods, the bound."""

import math

import pytest
import torch
from torch import nn

from pushforward import models, rng
from pushforward.errors import InputError
from pushforward.models.vae import VAE, divergence


def cnn_vae():
    sizes = {"latent_dim": 4, "decoder": "cnn", "image_size": 8}
    decoder = models.build("vae", "generator", seed=0, **sizes, channels=16)
    return VAE(models.build("vae", "encoder", seed=0, **sizes, channels=[4, 8]), decoder, "bernoulli")


def resnet_vae(variance=None):
    sizes = {"latent_dim": 4, "decoder": "resnet", "width": 4}
    parts = (models.build("vae", part, seed=0, **sizes) for part in ("encoder", "generator"))
    return VAE(*parts, "gaussian", variance)


@pytest.mark.parametrize(("vae", "shape"), [(cnn_vae, (3, 1, 8, 8)), (resnet_vae, (3, 3, 32, 32))])
def test_encode_decode_and_gradients(vae, shape):
    model, x = vae(), torch.rand(shape, generator=rng.generator(0))
    mean, log_variance = model.encode(x)
    assert mean.shape == log_variance.shape == (3, 4)
    assert model.decode(mean).shape == shape
    likelihood, kl = model.elbo(x, rng.generator(1))
    assert likelihood.shape == kl.shape == (3,) and (kl > 0).all()
    (kl - likelihood).mean().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
    again, _ = model.elbo(x, rng.generator(1))
    torch.testing.assert_close(likelihood, again)


def test_the_decoder_is_the_gan_generator_of_the_data_set():
    decoder = models.build("vae", "generator", latent_dim=64, decoder="cnn")
    gan = models.build("cnn", "generator", latent_dim=64)
    assert {k.removeprefix("network."): v.shape for k, v in decoder.state_dict().items()} == {
        k: v.shape for k, v in gan.state_dict().items()
    }
    encoder = models.build("vae", "encoder", latent_dim=64, decoder="cnn")
    convolutions = [m for m in encoder.modules() if isinstance(m, nn.Conv2d)]
    assert [(m.in_channels, m.out_channels, m.kernel_size, m.stride) for m in convolutions] == [
        (1, 64, (4, 4), (2, 2)),
        (64, 128, (4, 4), (2, 2)),
    ]
    assert next(m for m in encoder.modules() if isinstance(m, nn.Linear)).in_features == 128 * 7 * 7


class Constant(nn.Module):
    """A decoder whose mean is the same everywhere."""

    def __init__(self, value, shape):
        super().__init__()
        self.value, self.shape = value, shape

    def forward(self, z):
        return torch.full((len(z), *self.shape), self.value)


def test_bernoulli_likelihood_is_cross_entropy_summed_over_pixels():
    model = VAE(nn.Identity(), Constant(0.25, (1, 2, 2)), "bernoulli")
    x = torch.tensor([[[[1.0, 0.0], [0.5, 1.0]]]])
    expected = 2.5 * math.log(0.25) + 1.5 * math.log(0.75)
    assert model.log_likelihood(x, torch.zeros(1, 3)).item() == pytest.approx(expected, rel=1e-5)
    for value in (0.0, 1.0):  # a saturated pixel costs much, but not infinitely much
        worst = VAE(nn.Identity(), Constant(value, (1, 1, 1)), "bernoulli")
        x = torch.full((1, 1, 1, 1), 1 - value)
        assert worst.log_likelihood(x, torch.zeros(1, 3)).item() == pytest.approx(math.log(1e-6), rel=0.01)


@pytest.mark.parametrize("variance", [0.3, None])
def test_gaussian_likelihood(variance):
    model = VAE(nn.Identity(), Constant(0.25, (3, 2, 2)), "gaussian", variance)
    x = torch.randn(2, 3, 2, 2, generator=rng.generator(0))
    expected = torch.distributions.Normal(0.25, (variance or 1.0) ** 0.5).log_prob(x).sum((1, 2, 3))
    torch.testing.assert_close(model.log_likelihood(x, torch.zeros(2, 3)), expected)
    assert model.log_variance.requires_grad == (variance is None)


def test_a_learned_variance_settles_at_the_mean_squared_error():
    model = VAE(nn.Identity(), Constant(0.0, (1, 4, 4)), "gaussian")
    x = 0.2 * torch.randn(50, 1, 4, 4, generator=rng.generator(0))
    optimiser = torch.optim.Adam([model.log_variance], lr=0.1)
    for _ in range(200):
        optimiser.zero_grad()
        (-model.log_likelihood(x, torch.zeros(50, 3)).mean()).backward()
        optimiser.step()
    assert model.log_variance.exp().item() == pytest.approx(x.square().mean().item(), rel=0.01)


def test_divergence_is_that_of_two_gaussians():
    mean, log_variance = (torch.randn(5, 3, generator=rng.generator(i)) for i in range(2))
    q = torch.distributions.Normal(mean, (log_variance / 2).exp())
    expected = torch.distributions.kl_divergence(q, torch.distributions.Normal(0.0, 1.0)).sum(1)
    torch.testing.assert_close(divergence(mean, log_variance), expected)
    assert divergence(torch.zeros(1, 3), torch.zeros(1, 3)).item() == 0


@pytest.mark.parametrize(("likelihood", "variance"), [("laplace", None), ("gaussian", 0.0)])
def test_impossible_likelihoods_are_refused(likelihood, variance):
    with pytest.raises(InputError, match="likelihood is one of bernoulli, gaussian"):
        VAE(nn.Identity(), nn.Identity(), likelihood, variance)


def test_impossible_encoders_are_refused():
    with pytest.raises(InputError, match="multiple of 4"):
        models.build("vae", "encoder", latent_dim=2, decoder="cnn", image_size=30)
    with pytest.raises(InputError, match="mlp has no encoder"):
        models.build("vae", "encoder", latent_dim=2, decoder="mlp")
