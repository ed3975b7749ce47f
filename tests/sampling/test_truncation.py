import math

import pytest
import torch

from pushforward import latents
from pushforward.errors import InputError
from pushforward.geometry.jacobian import jacobian_norms
from pushforward.sampling import draw
from pushforward.sampling.truncation import JacobianTruncation, at_test_time

JBT = {"method": "jacobian", "keep": 0.8, "estimate": "exact", "draws": 16, "scope": "batch", "batch": 100}


def stream(seed=0):
    return torch.Generator().manual_seed(seed)


def bent(z):
    """Steep where the first coordinate is near 0, as between two modes."""
    return torch.tanh(4 * z)


def gaussian(dim=3):
    return latents.build("gaussian", dim=dim)


def test_the_trained_law_stays():
    law = gaussian()
    assert at_test_time(law, {"method": "trained"}, bent, 0) is law


def test_a_gate_at_another_threshold():
    law = latents.build("simplicial", dim=16, components=4, acceptance=0.5)
    narrow = at_test_time(law, {"method": "threshold", "acceptance": 0.1}, bent, 0)
    assert narrow.acceptance().rate == pytest.approx(0.1, rel=0.02)
    assert torch.equal(narrow.directions, law.directions)
    assert law.acceptance().rate == pytest.approx(0.5, rel=0.02), "the law of the training is left alone"
    same = at_test_time(law, {"method": "threshold", "tau": narrow.tau}, bent, 0)
    assert torch.equal(same.sample(50, stream()), narrow.sample(50, stream()))


def test_a_margin_is_the_distance_to_the_borders():
    law = latents.build("simplicial", dim=6, components=3, acceptance=0.5)
    far = at_test_time(law, {"method": "threshold", "margin": 0.3}, bent, 0)
    products = (far.sample(2000, stream()).double() @ law.directions.T).sort(1, descending=True).values
    assert ((products[:, 0] - products[:, 1]) / math.sqrt(2)).min() > 0.3


@pytest.mark.parametrize(
    ("law", "spec", "says"),
    [
        ({"law": "gaussian"}, {"method": "threshold", "tau": 0.1}, "no threshold"),
        ({"law": "linear", "components": 3, "acceptance": 0.5}, {"method": "threshold", "margin": 0.1}, "no directions"),
        ({"law": "simplicial", "components": 3}, {"method": "threshold", "tau": 2.0}, "cannot be reached"),
        ({"law": "gaussian"}, {"method": "luck"}, "luck"),
        ({"law": "gaussian"}, {**JBT, "keep": 0.0}, "keep"),
    ],
)
def test_what_cannot_be_done_is_said(law, spec, says):
    with pytest.raises(InputError, match=says):
        at_test_time(latents.build(dim=4, **law), spec, bent, 0)


def test_any_gate_on_a_plain_training():
    law = at_test_time(gaussian(8), {"method": "law", "latent": {"law": "norm", "acceptance": 0.25}}, bent, 0)
    assert law.acceptance().rate == pytest.approx(0.25)
    assert law.sample(500, stream()).norm(dim=1).max() < gaussian(8).sample(500, stream()).norm(dim=1).max()


def test_a_batch_keeps_the_flattest_latents_in_the_order_drawn():
    law = at_test_time(gaussian(), JBT, bent, 0)
    assert law.acceptance().rate == pytest.approx(100 / 125)
    drawn = gaussian().sample(125, stream())
    norms = jacobian_norms(bent, drawn).value
    expected = drawn[norms <= norms.sort().values[99]]
    assert torch.equal(law.sample(100, stream()), expected)
    assert torch.equal(law.sample(7, stream()), expected[:7]), "a shorter sample is the start of a longer one"


@pytest.mark.parametrize("keep", [0.9, 0.3])
def test_a_global_threshold_keeps_its_share(keep):
    law = at_test_time(gaussian(), {**JBT, "keep": keep, "scope": "global"}, bent, 0)
    rate, error = law.acceptance().rate, law.acceptance().error
    assert abs(rate - keep) < 4 * error + 4 * math.sqrt(keep * (1 - keep) / 5000)
    assert jacobian_norms(bent, law.sample(500, stream())).value.max() <= law.threshold
    fresh = jacobian_norms(bent, gaussian().sample(4000, stream(1))).value
    assert float((fresh <= law.threshold).double().mean()) == pytest.approx(rate, abs=5 * error)


@pytest.mark.parametrize("estimate", ["exact", "hutchinson", "difference"])
def test_truncation_leaves_the_steep_part_out(estimate):
    law = at_test_time(gaussian(2), {**JBT, "keep": 0.5, "estimate": estimate}, bent, 0)
    steep = [float(jacobian_norms(bent, own.sample(2000, stream())).value.mean()) for own in (gaussian(2), law)]
    assert steep[1] < 0.8 * steep[0]


def test_it_stacks_on_a_gate_and_multiplies_the_rates():
    gate = latents.build("simplicial", dim=4, components=3, acceptance=0.5)
    law = JacobianTruncation(gate, bent, keep=0.8, batch=80)
    assert law.acceptance().rate == pytest.approx(gate.acceptance().rate * 0.8)
    z = law.sample(200, stream())
    assert gate.accepts(z).all()
    assert torch.equal(law.classify(z), gate.classify(z))
    assert law.about()["of"]["law"] == "simplicial"


def test_everything_that_draws_takes_it():
    law = at_test_time(gaussian(), JBT, bent, 0)
    z, x = zip(*draw.samples(bent, law, 1500, stream()), strict=True)
    assert torch.cat(z).shape == (1500, 3) and torch.equal(torch.cat(x), bent(torch.cat(z)))


def test_a_threshold_that_nothing_passes_ends_in_an_error():
    law = JacobianTruncation(gaussian(), bent, keep=0.5, scope="global")
    law.threshold = -1.0
    with pytest.raises(InputError, match="0 of 10 latents"):
        law.sample(10, stream())
