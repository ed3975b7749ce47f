"""Truncations: their acceptance, the rule they keep to, and what happens when they cannot."""

import json
import math

import numpy as np
import pytest
import torch
from scipy.stats import chi, ks_2samp, kstest

from pushforward import latents, rng
from pushforward.errors import InputError
from pushforward.latents import gate as gate_module
from pushforward.latents.law import Acceptance

GATES = [
    ("simplicial", {"dim": 12, "components": 4, "tau": 0.36}),
    ("simplicial", {"dim": 12, "components": 4, "score": "neg_distance", "directions": "simplex", "tau": 0.36}),
    ("simplicial", {"dim": 12, "components": 4, "score": "dot", "norm": "sqrt_d", "tau": 4.0}),
    ("simplicial", {"dim": 12, "components": 4, "score": "gap", "margin": 0.5}),
    ("linear", {"dim": 12, "components": 4, "tau": 0.45}),
    ("random_directions", {"dim": 12, "components": 4, "acceptance": 0.2}),
    ("norm", {"dim": 12, "acceptance": 0.2}),
]
IDS = [f"{law}-{params.get('score', '')}" for law, params in GATES]


def stream(name="test"):
    return rng.generator(5, name)


def softmax_max(logits):
    return (np.exp(logits) / np.exp(logits).sum(1, keepdims=True)).max(1)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Measure thresholds on fewer latents than in earnest."""
    monkeypatch.setattr(gate_module, "DRAWS", 2**16)


@pytest.mark.parametrize(
    ("dim", "components", "norm", "score", "printed"),
    [
        (64, 10, "unit", "cosine", {0.135: 3.8, 0.14: 1.3, 0.1445: 0.44}),
        (64, 10, "unit", "neg_distance", {0.135: 4.0, 0.14: 1.4, 0.1445: 0.5}),
        (64, 10, "sqrt_d", "cosine", {0.135: 99.99, 0.14: 99.98, 0.1445: 99.94}),
        (128, 100, "sqrt_d", "cosine", {0.08: 38.5, 0.15: 4.0, 0.20: 1.05}),
        (128, 100, "sqrt_d", "neg_distance", {0.08: 7.3, 0.15: 0.27, 0.20: 0.05}),
    ],
)
def test_acceptance_at_the_printed_thresholds(dim, components, norm, score, printed):
    law = latents.build("simplicial", dim=dim, components=components, norm=norm, score=score)
    scores = torch.cat([law.score(torch.randn(2**15, dim, generator=stream(i))) for i in range(6)])
    for tau, percent in printed.items():
        last_digit = 10.0 ** -len(str(percent).split(".")[1]) / 2
        found = law.truncate(tau=tau).acceptance() if tau == min(printed) else _share(scores > tau)
        # The reference rates come from 400,000 draws themselves.
        reference = math.sqrt(percent / 100 * (1 - percent / 100) / 400_000)
        assert abs(100 * found.rate - percent) < last_digit + 400 * math.hypot(found.error, reference)


def _share(passes):
    rate = passes.double().mean().item()
    return Acceptance(rate, math.sqrt(rate * (1 - rate) / len(passes)))


def test_linear_acceptance_lies_in_the_range_over_initialisations():
    ranges = {0.23: (27, 36), 0.29: (7.5, 11.5), 0.31: (4.8, 8), 0.4: (0.6, 1.4)}
    z = torch.randn(2**15, 64, generator=stream())
    for seed in range(4):
        scores = latents.build("linear", dim=64, components=10, seed=seed).score(z)
        for tau, (low, high) in ranges.items():
            assert low < 100 * _share(scores > tau).rate < high
    assert 0.27 < latents.build("linear", dim=64, components=10, tau=0.23).acceptance().rate < 0.36


def test_the_code_scale_does_nothing_for_ten_and_the_unit_scale_cannot_serve_a_hundred():
    with pytest.raises(InputError, match=r"0\.08 cannot be reached.*largest score.*0\.01.*none can exceed 0\.02685"):
        latents.build("simplicial", dim=128, components=100, norm="unit", tau=0.08)


@pytest.mark.parametrize(("law", "params"), GATES, ids=IDS)
def test_every_latent_passes_and_as_many_come_as_asked(law, params):
    gate = latents.build(law, **params)
    for n in (0, 1, 257):
        z = gate.sample(n, stream())
        assert z.shape == (n, 12)
        assert z.dtype == torch.float32
        assert gate.accepts(z).all()
    assert torch.equal(gate.sample(50, stream()), gate.sample(50, stream()))


@pytest.mark.parametrize(("law", "params"), GATES, ids=IDS)
def test_the_gate_keeps_the_law_of_accepted_gaussians(law, params):
    gate = latents.build(law, **params)
    z = torch.randn(40_000, 12, generator=stream("gaussian"))
    kept, drawn = z[gate.accepts(z)], gate.sample(4000, stream())
    assert abs(len(kept) / len(z) - gate.acceptance().rate) < 4 * math.sqrt(0.25 / len(z))
    for direction in torch.randn(3, 12, generator=stream("projections")):
        assert ks_2samp(kept @ direction, drawn @ direction).pvalue > 1e-4


def test_scores_are_the_printed_formulas():
    z = torch.randn(500, 9, generator=stream())
    for norm, length in (("unit", 1.0), ("sqrt_d", 3.0)):
        laws = {s: latents.build("simplicial", dim=9, components=5, score=s, norm=norm) for s in _SCORES}
        u, x = laws["dot"].directions.numpy(), z.numpy().astype(np.float64)
        np.testing.assert_allclose(np.linalg.norm(u, axis=1), length)
        assert (np.count_nonzero(u, axis=1) == 1).all()  # coordinate axes, all different
        assert len(set(u.argmax(1))) == 5
        products = x @ u.T
        distances = np.linalg.norm(x[:, None] - u, axis=2)
        top = np.sort(products, axis=1)
        expected = {
            "cosine": softmax_max(products / np.linalg.norm(x, axis=1, keepdims=True)),
            "neg_distance": softmax_max(-distances),
            "dot": products.max(1),
            "gap": (top[:, -1] - top[:, -2]) / (math.sqrt(2) * length),
        }
        for score, law in laws.items():
            np.testing.assert_allclose(law.score(z).numpy(), expected[score], rtol=1e-9)
            np.testing.assert_array_equal(law.classify(z).numpy(), products.argmax(1))


_SCORES = ("cosine", "neg_distance", "dot", "gap")


def test_linear_gate_is_an_affine_softmax_of_raw_latents():
    law = latents.build("linear", dim=16, components=3, seed=2)
    z = torch.randn(100, 16, generator=stream())
    logits = z.double().numpy() @ law.weight.numpy().T + law.bias.numpy()
    np.testing.assert_allclose(law.score(z).numpy(), softmax_max(logits), rtol=1e-12)
    assert law.weight.abs().max() <= 0.25 and law.bias.abs().max() <= 0.25
    assert not list(law.parameters())  # never trained


@pytest.mark.parametrize("score", _SCORES)
@pytest.mark.parametrize("directions", ["axes", "simplex"])
def test_no_latent_scores_more_than_the_ceiling(score, directions):
    law = latents.build("simplicial", dim=6, components=4, score=score, directions=directions)
    z = torch.cat([law.directions.float(), torch.randn(20_000, 6, generator=stream())])
    best = (law.directions - law.directions.mean(0)).float()
    assert law.score(torch.cat([z, best, 1e4 * best])).max() <= law.ceiling() + 1e-6
    if score in ("cosine", "neg_distance"):  # and the ceiling is met
        assert law.score(torch.cat([law.directions, best])).max() == pytest.approx(law.ceiling(), abs=1e-6)


@pytest.mark.parametrize(
    "params",
    [
        {"score": "gap", "margin": 0.4},
        {"score": "gap", "margin": 0.4, "directions": "simplex"},
        {"score": "gap", "margin": 0.4, "norm": "sqrt_d"},
        {"score": "dot", "tau": 1.5},
        {"score": "dot", "tau": 4.5, "norm": "sqrt_d"},
    ],
)
def test_closed_forms_agree_with_measurement(params):
    law = latents.build("simplicial", dim=9, components=5, **params)
    exact, found = law.acceptance(), law.measure(100_000, stream())
    assert exact.draws == 0 and exact.error == 0
    assert abs(exact.rate - found.rate) < 4 * found.error


def test_margin_is_the_distance_to_the_border():
    # Two classes: the border is the hyperplane through the origin, and the kept share is P(|g| > margin).
    law = latents.build("simplicial", dim=3, components=2, score="gap", margin=0.7)
    assert law.acceptance().rate == pytest.approx(chi.sf(0.7, 1), abs=1e-9)
    z = law.sample(1000, stream())
    normal = (law.directions[0] - law.directions[1]) / math.sqrt(2)
    assert (z.double() @ normal).abs().min() > 0.7


@pytest.mark.parametrize(("law", "params"), [g for g in GATES if g[0] != "norm"][:1] + GATES[3:])
@pytest.mark.parametrize("rate", [0.5, 0.01])
def test_threshold_from_an_acceptance_rate(law, params, rate):
    plain = {k: v for k, v in params.items() if k not in ("tau", "margin", "acceptance")}
    gate = latents.build(law, **plain, acceptance=rate)
    found = gate.measure(100_000, stream())
    assert gate.acceptance().rate == pytest.approx(rate, abs=1e-4)
    assert abs(found.rate - rate) < 4 * math.hypot(found.error, gate.acceptance().error)


def test_norm_truncation_is_a_ball():
    gate = latents.build("norm", dim=12, radius=3.0)
    assert gate.acceptance().rate == pytest.approx(chi.cdf(3.0, 12))
    radii = gate.sample(2000, stream()).norm(dim=1).numpy()
    assert radii.max() < 3
    assert kstest(radii, lambda r: chi.cdf(r, 12) / chi.cdf(3.0, 12)).pvalue > 1e-4


@pytest.mark.fault("F40")
def test_low_threshold_accepts_all_and_is_the_gaussian():
    # every softmax of four exceeds 1/5
    gate, plain = latents.build("simplicial", dim=12, components=4, tau=0.2), latents.build("gaussian", dim=12)
    assert gate.acceptance().rate == 1
    assert torch.equal(gate.sample(300, stream()), plain.sample(300, stream()))
    everything = latents.build("simplicial", dim=12, components=4, acceptance=1.0)
    assert torch.equal(everything.sample(300, stream()), plain.sample(300, stream()))


@pytest.mark.fault("F40")
@pytest.mark.parametrize(
    ("law", "params"),
    [
        ("simplicial", {"components": 4, "tau": 0.9}),
        ("simplicial", {"components": 4, "score": "dot", "tau": 50.0}),
        ("simplicial", {"components": 4, "score": "gap", "margin": 50.0}),
        ("linear", {"components": 4, "tau": 1.0}),
        ("random_directions", {"components": 4, "tau": 0.9}),
        ("norm", {"radius": 0.0}),
    ],
)
def test_unreachable_threshold_names_the_largest_reachable_one(law, params):
    with pytest.raises(InputError, match=r"cannot be reached: the largest score of .* latents is"):
        latents.build(law, dim=12, **params)


@pytest.mark.fault("F40")
def test_a_gate_that_lost_its_threshold_stops_with_the_measured_rate():
    # whatever goes wrong later, drawing ends
    gate = latents.build("simplicial", dim=12, components=4, tau=0.36)
    gate.tau = 0.99
    with pytest.raises(InputError, match=r"0 of 5 latents after .* draws, an acceptance rate of 0 where about"):
        gate.sample(5, stream())


@pytest.mark.fault("F41")
@pytest.mark.parametrize(("directions", "most"), [("axes", 8), ("simplex", 9)])
def test_too_many_equidistant_directions_name_the_rule(directions, most):
    law = latents.build("simplicial", dim=8, components=most, directions=directions)
    apart = torch.pdist(law.directions)
    torch.testing.assert_close(apart, apart[:1].expand_as(apart))
    with pytest.raises(InputError, match=rf"m <= d \+ 1.*dimension 8 have 2 to {most} components, not {most + 1}"):
        latents.build("simplicial", dim=8, components=most + 1, directions=directions)


@pytest.mark.parametrize("directions", ["axes", "simplex"])
@pytest.mark.parametrize("label", [0, 3])
def test_one_class_is_the_conditional_law(directions, label):
    law = latents.build("simplicial", dim=8, components=5, directions=directions, acceptance=0.2, seed=1)
    everything = law.sample(20_000, stream("all"))
    expected, drawn = everything[law.classify(everything) == label], law.sample_class(4000, label, stream("one"))
    assert (law.classify(drawn) == label).all() and law.accepts(drawn).all()
    for direction in [*torch.randn(3, 8, generator=stream("projections")), *law.directions[[label, 1]].float()]:
        assert ks_2samp(expected @ direction, drawn @ direction).pvalue > 1e-4


def test_one_class_of_axes_swaps_two_coordinates():
    law = latents.build("simplicial", dim=8, components=5, seed=1)
    axes = law.directions.argmax(1)
    z = torch.randn(200, 8, generator=stream())
    carried, cells = law._into_class(z, 2), law.classify(z)
    swapped = z.clone()
    rows = torch.arange(200)
    swapped[rows, axes[2]], swapped[rows, axes[cells]] = z[rows, axes[cells]], z[rows, axes[2]]
    assert torch.equal(carried, swapped)


@pytest.mark.parametrize("law", ["linear", "random_directions"])
def test_one_class_without_symmetry(law):
    gate = latents.build(law, dim=8, components=3, acceptance=0.3)
    drawn = gate.sample_class(500, 1, stream())
    assert drawn.shape == (500, 8)
    assert (gate.classify(drawn) == 1).all() and gate.accepts(drawn).all()
    with pytest.raises(InputError, match="classes 0 to 2, not 3"):
        gate.sample_class(1, 3, stream())


def test_classes_are_equally_likely_and_labelled():
    law = latents.build("simplicial", dim=16, components=4, acceptance=0.1)
    z, labels = law.sample_labelled(4000, stream())
    assert torch.equal(labels, law.classify(z)) and labels.dtype == torch.int64
    assert (labels.bincount(minlength=4).float() / 4000 - 0.25).abs().max() < 4 * math.sqrt(0.25 * 0.75 / 4000)


def test_another_threshold_keeps_the_directions():
    law = latents.build("simplicial", dim=16, components=4, acceptance=0.2, seed=3)
    tighter = law.truncate(acceptance=0.01)
    assert torch.equal(law.directions, tighter.directions)
    assert tighter.tau > law.tau and tighter.acceptance().rate < law.acceptance().rate
    assert law.truncate().tau is None and law.acceptance().rate == pytest.approx(0.2, abs=1e-4)


@pytest.mark.parametrize(("law", "params"), GATES, ids=IDS)
def test_a_checkpoint_rebuilds_the_very_same_gate(law, params):
    gate = latents.build(law, **params, seed=9)
    about = json.loads(json.dumps(gate.about()))
    again = latents.restore(about, {k: v.clone() for k, v in gate.state_dict().items()})
    assert again.about() == gate.about() and again.acceptance() == gate.acceptance()
    assert torch.equal(again.sample(100, stream()), gate.sample(100, stream()))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"tau": 0.3, "acceptance": 0.1}, "given twice"),
        ({"margin": 0.3}, "threshold of the score 'gap'"),
        ({"acceptance": 0.0}, "share between"),
        ({"acceptance": 1.5}, "share between"),
        ({"acceptance": 1e-6}, "share between"),
        ({"score": "angle", "tau": 0.3}, "score is one of cosine"),
        ({"norm": "two", "tau": 0.3}, "norm one of unit"),
        ({"directions": "cube"}, "'axes' or 'simplex'"),
        ({"threshold": 0.3}, "its arguments are dim, components"),
    ],
)
def test_bad_arguments_are_refused(params, message):
    with pytest.raises(InputError, match=message):
        latents.build("simplicial", dim=8, components=4, **params)
