import math

import pytest
import torch
from torch import nn
from torch.func import jacrev, vmap

from pushforward.errors import InputError
from pushforward.geometry.jacobian import (
    jacobian,
    jacobian_norms,
    local_lipschitz,
    power_iteration,
    principal_frame,
    truncation_score,
)


class Images(nn.Module):
    """A small generator of 1 x 6 x 6 images."""

    def __init__(self, d):
        super().__init__()
        self.linear = nn.Linear(d, 4 * 3 * 3)
        self.body = nn.Sequential(
            nn.LeakyReLU(0.2), nn.Upsample(scale_factor=2), nn.BatchNorm2d(4), nn.Conv2d(4, 1, 3, 1, 1), nn.Tanh()
        )

    def forward(self, z):
        return self.body(self.linear(z).view(-1, 4, 3, 3))


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


def seeded(module, seed=0):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) / math.sqrt(parameter[0].numel()))
    return module.double().eval()


@pytest.fixture(params=["plane", "images"])
def case(request, generator):
    d = 2 if request.param == "plane" else 10
    plane = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 2))
    decode = seeded(plane if request.param == "plane" else Images(d))
    z = torch.randn(20, d, generator=generator, dtype=torch.float64)
    reference = vmap(jacrev(lambda point: decode(point[None]).flatten()))(z).detach()
    return decode, z, reference


def test_jacobians_are_those_of_backward_mode(case):
    decode, z, reference = case
    for chunk in (1, 3, 64):
        found = jacobian(decode, z, chunk)
        assert not found.requires_grad
        torch.testing.assert_close(found, reference)


def test_exact_norms(case):
    decode, z, reference = case
    found = jacobian_norms(decode, z)
    torch.testing.assert_close(found.value, reference.flatten(1).norm(dim=1))
    assert not found.standard_error.any()


def test_hutchinson_is_within_its_standard_errors(case, generator):
    decode, z, reference = case
    found = jacobian_norms(decode, z, "hutchinson", generator=generator, draws=100)
    deviation = (found.value - reference.flatten(1).norm(dim=1)) / found.standard_error
    assert deviation.abs().max() < 4
    assert 0.5 < deviation.std() < 1.5
    assert (found.standard_error / found.value).max() < 0.12


def test_a_principal_frame_has_the_eigenvectors_of_the_mean_metric(case):
    decode, z, reference = case
    frame, metric = principal_frame(decode, z), (reference.mT @ reference).mean(dim=0)
    torch.testing.assert_close(frame @ frame.mT, torch.eye(len(frame), dtype=frame.dtype))
    turned = frame @ metric @ frame.mT
    torch.testing.assert_close(turned, torch.diag(turned.diagonal()))
    assert (turned.diagonal().diff() <= 0).all()


def test_in_its_frame_hutchinson_is_unbiased_and_closer(generator):
    """A generator with one steep direction of twelve, which is not an axis, and a metric that depends on z."""
    turn = torch.linalg.qr(torch.randn(12, 12, generator=generator, dtype=torch.float64))[0]
    steep = turn * torch.tensor([9.0, *[1.0] * 11], dtype=torch.float64)[:, None]
    decode = lambda z: torch.tanh(z @ steep.T / 4)  # noqa: E731
    z = torch.randn(300, 12, generator=generator, dtype=torch.float64)
    truth, frame = jacobian_norms(decode, z).value, principal_frame(decode, z[:64])
    errors = {}
    for name, own in (("plain", None), ("framed", frame)):
        found = [jacobian_norms(decode, z, "hutchinson", generator=generator, draws=6, frame=own) for _ in range(40)]
        squares = torch.stack([each.value.square() for each in found])
        deviation = (squares.mean(dim=0) - truth.square()) / (squares.std(dim=0) / math.sqrt(40))
        assert deviation.abs().median() < 1.2
        errors[name] = (squares.sqrt() / truth - 1).square().mean().sqrt()
        told = torch.stack([each.standard_error for each in found]).square().mean().sqrt()
        assert told == pytest.approx((squares.sqrt() - truth).square().mean().sqrt().item(), rel=0.4)
    assert errors["framed"] < 0.5 * errors["plain"]


def test_as_many_draws_as_directions_are_exact(case, generator):
    decode, z, reference = case
    found = jacobian_norms(
        decode, z, "hutchinson", generator=generator, draws=2 * z.shape[1] + 2, frame=principal_frame(decode, z)
    )
    torch.testing.assert_close(found.value, reference.flatten(1).norm(dim=1))
    assert not found.standard_error.any()


def test_a_frame_that_does_not_fit_is_refused(case, generator):
    decode, z, _ = case
    for frame, draws in ((torch.eye(3), 5), (torch.eye(z.shape[1]), 2)):
        with pytest.raises(InputError, match=r"needs 3 draws or more; .* and \d came"):
            jacobian_norms(decode, z, "hutchinson", generator=generator, draws=draws, frame=frame)


def test_finite_differences_reach_the_exact_norm(case, generator):
    decode, z, reference = case
    found = jacobian_norms(decode, z, "difference", generator=generator, draws=300)
    torch.testing.assert_close(found.value, reference.flatten(1).norm(dim=1), rtol=0.15, atol=0)
    assert torch.isnan(found.standard_error).all()


def test_truncation_score_starts_at_zero_and_sums_its_draws(generator):
    matrix = torch.randn(7, 4, generator=generator, dtype=torch.float64)
    z = torch.randn(5000, 4, generator=generator, dtype=torch.float64)
    score = truncation_score(lambda z: z @ matrix.T, z, generator=generator)
    assert score.mean().item() == pytest.approx(10 * matrix.square().sum().item() / 4, rel=0.02)
    constant = truncation_score(lambda z: torch.zeros(len(z), 3, dtype=z.dtype), z, generator=generator)
    assert torch.equal(constant, torch.zeros(5000, dtype=torch.float64))


def test_local_lipschitz_is_the_largest_singular_value(case, generator):
    decode, z, reference = case
    exact = torch.linalg.matrix_norm(reference, ord=2)
    found = local_lipschitz(decode, z)
    torch.testing.assert_close(found.value, exact)
    assert found.converged.all()
    iterated = local_lipschitz(decode, z, exact_up_to=1, generator=generator, tolerance=1e-6)
    assert iterated.converged.all()
    assert (iterated.value <= exact * (1 + 1e-9)).all()
    torch.testing.assert_close(iterated.value, exact, rtol=1e-3, atol=0)


def test_more_latent_than_data_dimensions(generator):
    matrix = torch.randn(3, 9, generator=generator)
    z = torch.randn(5, 9, generator=generator)
    found = local_lipschitz(lambda z: z @ matrix.T, z)
    torch.testing.assert_close(found.value, torch.linalg.matrix_norm(matrix, ord=2).expand(5))


def test_unfinished_iterations_are_not_called_converged(generator):
    """Two nearly equal singular values: few steps leave the iteration on its way."""
    scale = torch.tensor([1.0, 0.98, 0.5, 0.2], dtype=torch.float64)
    z = torch.zeros(50, 4, dtype=torch.float64)
    short = power_iteration(lambda z: z * scale, z, generator, tolerance=1e-9, steps=4)
    assert not short.converged.all()
    full = power_iteration(lambda z: z * scale, z, generator, tolerance=1e-9, steps=2000)
    assert full.converged.all()
    torch.testing.assert_close(full.value, torch.ones(50, dtype=torch.float64), rtol=1e-6, atol=0)


def test_estimates_need_a_generator(case):
    decode, z, _ = case
    with pytest.raises(InputError, match=r"needs a torch\.Generator"):
        jacobian_norms(decode, z, "hutchinson")
    with pytest.raises(InputError, match="exact, hutchinson and difference"):
        jacobian_norms(decode, z, "trace")
    with pytest.raises(InputError, match=r"needs a torch\.Generator"):
        local_lipschitz(decode, z, exact_up_to=1)
