"""The gates that simplicial truncation is compared with: equal acceptance, their own cells, and what they cannot do."""

import math

import pytest
import torch
from scipy.stats import chi, kstest

from pushforward import latents, rng
from pushforward.errors import InputError
from pushforward.latents import gate as gate_module

CONTROLS = [("random_directions", {"components": 10}), ("linear", {"components": 10}), ("norm", {})]


def stream(name="test"):
    return rng.generator(11, name)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Measure thresholds on fewer latents than in earnest."""
    monkeypatch.setattr(gate_module, "DRAWS", 2**16)


@pytest.mark.parametrize(("law", "params"), CONTROLS)
def test_a_control_accepts_what_the_simplicial_gate_accepts(law, params):
    simplicial = latents.build("simplicial", dim=64, components=10, tau=0.135)
    control = latents.build(law, dim=64, **params, acceptance=simplicial.acceptance().rate)
    assert control.acceptance().rate == pytest.approx(simplicial.acceptance().rate, abs=1e-9)
    fresh = [gate.measure(2**17, stream(gate.name)) for gate in (simplicial, control)]
    unsure = math.hypot(*(found.error for found in fresh), simplicial.acceptance().error, control.acceptance().error)
    assert abs(fresh[0].rate - fresh[1].rate) < 4 * unsure
    assert unsure < 0.05 * fresh[0].rate


@pytest.mark.parametrize("dim", [1, 2, 64])
@pytest.mark.parametrize("rate", [0.9, 0.5, 0.038, 1e-3])
def test_the_ball_has_exactly_the_mass_asked_for(dim, rate):
    gate = latents.build("norm", dim=dim, acceptance=rate)
    radius = -gate.tau
    assert gate.acceptance().rate == pytest.approx(rate, rel=1e-6)
    assert gate.acceptance().draws == 0
    assert chi.cdf(radius, dim) == pytest.approx(rate, rel=1e-6)
    assert latents.build("norm", dim=dim, radius=radius).acceptance().rate == pytest.approx(rate, rel=1e-6)


def test_the_ball_is_round():
    z = latents.build("norm", dim=5, acceptance=0.1).sample(4000, stream())
    across = (z / z.norm(dim=1, keepdim=True))[:, 0]
    # One coordinate of a uniform direction in five dimensions: density (1 - t^2), so F = (2 + 3 t - t^3) / 4.
    assert kstest(across.numpy(), lambda t: (2 + 3 * t - t**3) / 4).pvalue > 1e-4


def test_a_ball_knows_no_classes():
    gate = latents.build("norm", dim=4, acceptance=0.5)
    with pytest.raises(InputError, match="has no classes"):
        gate.classify(torch.zeros(2, 4))
    with pytest.raises(InputError, match="law norm has the classes"):
        gate.sample_class(1, 0, stream())


def test_random_directions_are_unequal_and_follow_their_seed():
    one, same, other = (latents.build("random_directions", dim=8, components=5, seed=s) for s in (1, 1, 2))
    assert torch.equal(one.directions, same.directions) and not torch.equal(one.directions, other.directions)
    torch.testing.assert_close(one.directions.norm(dim=1), torch.ones(5, dtype=torch.float64))
    assert torch.pdist(one.directions).std() > 0.05  # those of a simplex are all as far apart
    shares = one.classify(one.sample(20_000, stream())).bincount(minlength=5) / 20_000
    assert shares.max() - shares.min() > 10 * math.sqrt(0.2 * 0.8 / 20_000)


@pytest.mark.parametrize("score", ["cosine", "neg_distance", "dot", "gap"])
def test_random_directions_take_every_score(score):
    gate = latents.build("random_directions", dim=6, components=4, score=score, norm="sqrt_d", acceptance=0.1)
    z = gate.sample(2000, stream())
    assert gate.accepts(z).all()
    assert torch.equal(gate.classify(z), (z.double() @ gate.directions.T).argmax(1))


def test_the_gap_is_the_distance_to_the_nearest_border():
    gate = latents.build("random_directions", dim=6, components=4, score="gap", acceptance=0.3)
    z = gate.sample(300, stream()).double()
    cell, rows = gate.classify(z), torch.arange(300)
    nearest = torch.full((300,), math.inf, dtype=torch.float64)
    for other in range(4):  # walk straight to each border
        normal = gate.directions[cell] - gate.directions[other]
        length = normal.norm(dim=1)
        walk = (z * normal).sum(1) / length
        nearest = torch.where(cell == other, nearest, nearest.minimum(walk))
        border = z - walk[:, None] * normal / length[:, None]
        products = border @ gate.directions.T
        apart = (products[rows, cell] - products[:, other]).abs()
        assert apart[cell != other].max() < 1e-12
    torch.testing.assert_close(gate.score(z), nearest)
    assert nearest.min() > gate.tau


@pytest.mark.parametrize("law", ["random_directions", "linear"])
def test_one_class_is_the_conditional_law(law):
    gate = latents.build(law, dim=8, components=4, acceptance=0.2, seed=3)
    everything = gate.sample(20_000, stream("all"))
    for label in range(4):
        expected = everything[gate.classify(everything) == label]
        drawn = gate.sample_class(600, label, stream(label))
        assert (gate.classify(drawn) == label).all() and gate.accepts(drawn).all()
        unsure = torch.hypot(expected.std(0) / len(expected) ** 0.5, drawn.std(0) / len(drawn) ** 0.5)
        assert ((drawn.mean(0) - expected.mean(0)).abs() < 4.5 * unsure).all()
