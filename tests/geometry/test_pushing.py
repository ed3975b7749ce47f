"""Tangents pushed by hand are those of PyTorch's forward mode, for every layer that there is a rule for."""

import pytest
import torch
from torch import nn
from torch.func import jvp, vmap
from torch.nn import functional as F

from pushforward.geometry import jacobian
from pushforward.geometry.pushing import push
from pushforward.geometry.tangents import Once

D = 6


class Reshape(nn.Module):
    def __init__(self, *shape):
        super().__init__()
        self.shape = shape

    def forward(self, x):
        return x.view(-1, *self.shape)


class Modulated(nn.Module):
    """The latent scales and shifts normalised maps, and a skip joins what was before."""

    def __init__(self):
        super().__init__()
        self.first, self.norm, self.scale = nn.Linear(D, 4 * 9), nn.BatchNorm2d(4), nn.Linear(D, 4)
        self.conv = nn.Conv2d(4, 4, 3, padding=1, bias=False)

    def forward(self, z):
        x = self.first(z).reshape(len(z), 4, 3, 3)
        h = self.scale(z)[:, :, None, None] * self.norm(self.conv(x)) + x
        return F.interpolate(F.relu(h), scale_factor=2).sigmoid() / 2 - 0.25


def images(channels, *between, last=1):
    """A generator whose channels and slopes differ, with overwriting activations as in the GAN of MNIST."""
    a, b = channels
    return nn.Sequential(
        nn.Linear(D, a * 12), Reshape(a, 3, 4), nn.Conv2d(a, b, 3, padding=1), nn.LeakyReLU(0.2, True),
        nn.Upsample(scale_factor=2), nn.Conv2d(b, b, 3, padding=1), *between, nn.Conv2d(b, last, 3, padding=1),
        nn.Tanh(), nn.Flatten(),
    )  # fmt: skip


NETWORKS = {
    "linear": lambda: nn.Linear(D, 5),
    "perceptron": lambda: nn.Sequential(nn.Linear(D, 9), nn.ReLU(), nn.Linear(9, 9), nn.Tanh(), nn.Linear(9, 4)),
    "images": lambda: images((4, 8), nn.LeakyReLU(0.2, True)),
    "images, kept": lambda: images((4, 8), nn.LeakyReLU(0.2)),
    "images, no activation between": lambda: images((4, 8)),
    "images, many outputs": lambda: images((4, 8), nn.ReLU(), last=3),
    "images, tanh between": lambda: images((4, 8), nn.Tanh()),
    "images, strided": lambda: images((4, 8), nn.LeakyReLU(0.2), nn.Conv2d(8, 8, 4, 2, 1), nn.ReLU()),
    "images, doubled twice": lambda: images((4, 8), nn.Upsample(scale_factor=2), nn.LeakyReLU(0.2)),
    "modulated": Modulated,
}


@pytest.fixture
def draw():
    generator = torch.Generator().manual_seed(0)
    return lambda *shape: torch.randn(shape, generator=generator, dtype=torch.float64)


@pytest.fixture(params=NETWORKS)
def network(request):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        built = NETWORKS[request.param]().double()
        built(torch.randn(50, D, dtype=torch.float64))  # running averages of their own
    return built.eval().requires_grad_(False)


def reference(decode, z, tangents):
    """(n, k, D) by PyTorch's forward mode."""
    own = tangents.expand(len(z), -1, -1)
    with torch.no_grad():
        return vmap(lambda v: jvp(decode, (z,), (v,))[1].flatten(1), in_dims=1, out_dims=1)(own)


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")  # forward mode in PyTorch
@pytest.mark.parametrize("directions", [1, 40])
def test_tangents_are_those_of_forward_mode(network, draw, directions):
    z = draw(3, D)
    for tangents in (draw(directions, D), draw(3, directions, D)):
        found = push(network, z, tangents)
        assert found is not None
        torch.testing.assert_close(found, reference(network, z, tangents))


def test_passes_share_what_does_not_depend_on_the_sample(network, draw):
    z, once = draw(5, D), Once()
    for tangents in (draw(8, D), draw(5, 8, D)):
        once = Once()
        whole = push(network, z, tangents)
        parts = [
            push(network, z[rows], tangents if tangents.dim() == 2 else tangents[rows], once)
            for rows in (slice(0, 2), slice(2, 3), slice(3, 5))
        ]
        torch.testing.assert_close(torch.cat(parts), whole)


def test_what_is_common_is_computed_once(draw):
    once, linear = Once(), nn.Linear(D, 5).double()
    push(linear, draw(2, D), torch.eye(D, dtype=torch.float64), once)
    assert len(once.kept) == 1
    with torch.no_grad():
        linear.weight += 1
    torch.testing.assert_close(push(linear, draw(2, D), torch.eye(D, dtype=torch.float64), once)[0], once.kept[0])


@pytest.mark.parametrize(
    "decode",
    [
        lambda z: z.softmax(1),
        lambda z: torch.zeros(len(z), 2),
        lambda z: z + torch.ones(D),
        lambda z: torch.ones(D) * z,
        lambda z: z[:, :2],
        lambda z: z.view(-1),
        lambda z: torch.cat([z, z], 1),
        lambda z: F.interpolate(z[:, :, None, None], scale_factor=3),
        lambda z: F.relu(F.interpolate(z[:, :, None, None], scale_factor=2), inplace=True),
        nn.BatchNorm1d(D),
    ],
)
def test_no_rule_no_answer(decode):
    assert push(decode, torch.ones(2, D), torch.eye(D)) is None


def test_without_rules_the_general_way_is_taken(draw):
    z = draw(3, D)
    found = jacobian.jacobian(lambda z: z.softmax(1), z)
    p = z.softmax(1)
    torch.testing.assert_close(found, torch.diag_embed(p) - p[:, :, None] * p[:, None, :])


def test_what_is_overwritten_is_seen_by_all(draw):
    """An activation in place changes its input too; a number added before does not."""
    weight = draw(4, D)

    def decode(z):
        h = F.linear(z, weight)
        shifted = h + 1
        return F.leaky_relu(h, 0.1, inplace=True) * 2 + h + F.leaky_relu(shifted, 0.3, inplace=True)

    z, tangents = draw(5, D), draw(7, D)
    h = z @ weight.T
    slope = 3 * torch.where(h > 0, 1.0, 0.1) + torch.where(h + 1 > 0, 1.0, 0.3)
    torch.testing.assert_close(push(decode, z, tangents), slope[:, None] * (tangents @ weight.T))


@pytest.mark.parametrize("rows", [4, 13])
def test_norms_do_not_depend_on_the_size_of_a_pass(monkeypatch, draw, rows):
    network, z = NETWORKS["images"]().double().eval(), draw(7, D)

    def norms():
        stream = torch.Generator().manual_seed(0)
        estimate = jacobian.jacobian_norms(network, z, "hutchinson", generator=stream, draws=5)
        return torch.stack([jacobian.jacobian_norms(network, z).value, estimate.value])

    whole = norms()
    monkeypatch.setattr(jacobian, "FEWEST", rows)
    monkeypatch.setattr(jacobian, "MOST", rows)
    torch.testing.assert_close(norms(), whole)
