"""The constant-slope activations give the gradients of PyTorch's own, first and second, and nothing beside."""

import pytest
import torch
from torch import nn

from pushforward.models.activations import LeakyReLU, ReLU

PAIRS = [(LeakyReLU(0.2), nn.LeakyReLU(0.2)), (ReLU(), nn.ReLU()), (LeakyReLU(0.2, inplace=True), nn.LeakyReLU(0.2))]


def penalised(network: nn.Module, x: torch.Tensor) -> list[torch.Tensor]:
    """Gradients in the weights of a loss that holds a gradient in x."""
    x = x.clone().requires_grad_()
    score = network(x)
    (slope,) = torch.autograd.grad(score.sum(), x, create_graph=True)
    loss = (slope.square().sum(1).sqrt() - 1).square().mean() + score.mean()
    return list(torch.autograd.grad(loss, list(network.parameters())))


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_gradients_of_a_gradient_penalty_are_equal_to_the_bit(ours: nn.Module, theirs: nn.Module) -> None:
    stream = torch.Generator().manual_seed(0)
    x = torch.randn(7, 4, generator=stream, dtype=torch.float64)
    layers = [nn.Linear(4, 16), nn.Linear(16, 16), nn.Linear(16, 1)]
    networks = [nn.Sequential(layers[0], act, layers[1], act, layers[2]).to(torch.float64) for act in (ours, theirs)]
    for a, b in zip(*(penalised(network, x) for network in networks), strict=True):
        assert torch.equal(a, b)


def test_values_at_and_around_zero() -> None:
    x = torch.tensor([-1.0, -0.0, 0.0, 2.0], requires_grad=True)
    for ours, theirs in ((LeakyReLU(0.3), nn.LeakyReLU(0.3)), (ReLU(), nn.ReLU())):
        assert torch.equal(ours(x), theirs(x))
        assert torch.equal(*(torch.autograd.grad(f(x).sum(), x)[0] for f in (ours, theirs)))


def test_in_place_overwrites_its_input_and_no_leaf() -> None:
    x = torch.tensor([-1.0, 2.0])
    LeakyReLU(0.5, inplace=True)(x)
    assert x.tolist() == [-0.5, 2.0]
    with pytest.raises(RuntimeError, match="leaf"):
        LeakyReLU(inplace=True)(torch.ones(2, requires_grad=True))


def test_double_backward_does_not_reach_the_input() -> None:
    x = torch.randn(5, 3, generator=torch.Generator().manual_seed(0), requires_grad=True)
    (slope,) = torch.autograd.grad(LeakyReLU()(x).sum(), x, create_graph=True)
    assert not slope.requires_grad  # the slope of a piecewise linear function does not depend on x
