import json
import math

import pytest
import torch

from pushforward import latents
from pushforward.errors import Diverged, InputError
from pushforward.geometry.jacobian import jacobian_norms, local_lipschitz
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
        ({"law": "linear", "components": 3}, {"method": "threshold", "margin": 0.1}, "no directions"),
        ({"law": "simplicial", "components": 3}, {"method": "threshold"}, "given once"),
        ({"law": "simplicial", "components": 3}, {"method": "threshold", "tau": 0.4, "margin": 0.1}, "given once"),
        (
            {"law": "simplicial", "components": 3},
            {"method": "threshold", "gap": 0.4},
            "unexpected keyword argument 'gap'",
        ),
        ({"law": "gaussian"}, {"method": "law"}, "missing a required argument: 'latent'"),
        ({"law": "gaussian"}, {**JBT, "share": 0.5}, "unexpected keyword argument 'share'"),
        ({"law": "gaussian"}, {}, "None came"),
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


@pytest.mark.parametrize("scope", ["batch", "global"])
def test_everything_that_draws_takes_it(scope):
    law = at_test_time(gaussian(), {**JBT, "scope": scope, "batch": 30}, bent, 0)
    z, x = zip(*draw.samples(bent, law, 1500, stream()), strict=True)
    assert torch.cat(z).shape == (1500, 3) and torch.equal(torch.cat(x), bent(torch.cat(z)))
    probed = draw.confident(bent, law, lambda x: ((x[:, 0] > 0).long(), x[:, 0].abs()), 700, 0.5, stream())
    assert len(probed.confident(0.5, 700).z) == 700
    assert local_lipschitz(bent, law.sample(20, stream())).converged.all()
    assert law.sample(0, stream()).shape == (0, 3)
    assert torch.equal(law.sample(64, stream()), law.sample(64, stream()))


@pytest.mark.parametrize(("batch", "keep", "drawn"), [(100, 0.9, 111), (100, 0.8, 125), (63, 0.9, 70), (1, 1.0, 1)])
def test_a_batch_draws_as_many_as_the_authors_code(batch, keep, drawn):
    law = JacobianTruncation(gaussian(), bent, keep=keep, batch=batch)
    assert law.drawn == drawn
    rate = law.acceptance()
    assert (rate.rate, rate.error, rate.draws) == (batch / drawn, 0.0, 0)


def test_keeping_all_is_the_law_before():
    for scope in ("batch", "global"):
        law = JacobianTruncation(gaussian(), bent, keep=1.0, scope=scope, batch=50)
        assert law.acceptance().rate == 1
        assert torch.equal(law.sample(50, stream()), gaussian().sample(50, stream()))


def test_components_of_a_mixture_stay_with_their_latents():
    mixture = latents.build("mixture", dim=3, components=4, variant="faithful", seed=1)
    with torch.no_grad():
        mixture.means *= 20
        mixture.sigmas.fill_(0.1)
    law = JacobianTruncation(mixture, lambda z: z.sin(), keep=0.5, batch=40)
    z, label = law.sample_labelled(200, stream())
    assert torch.equal(label, mixture.classify(z)) and len(label.unique()) > 1
    assert not z.requires_grad and not law.sample(10, stream()).requires_grad
    assert law.components == 4


@pytest.mark.parametrize("scope", ["batch", "global"])
def test_a_broken_generator_is_named(scope):
    with pytest.raises(Diverged, match="no finite Jacobian norm at"):
        JacobianTruncation(gaussian(), torch.sqrt, keep=0.5, scope=scope).sample(5, stream())


def test_the_record_tells_every_setting():
    gate = latents.build("simplicial", dim=3, components=3, acceptance=0.5)
    printed = at_test_time(gate, {**JBT, "estimate": "difference", "draws": 10}, bent, 0).about()
    assert {**printed, "of": None} == {
        **{"law": "jacobian", "dim": 3, "keep": 0.8, "estimate": "difference", "draws": 10, "scale": 1e-3},
        **{"scope": "batch", "batch": 100, "drawn": 125, "of": None},
        "acceptance": {
            "rate": pytest.approx(0.4, abs=1e-3),
            "error": pytest.approx(0, abs=1e-3),
            "draws": gate.acceptance().draws,
        },
    }
    assert printed["of"] == gate.about()
    exact = at_test_time(gaussian(), {**JBT, "scope": "global"}, bent, 7).about()
    assert exact["seed"] == 7 and exact["calibration"] == exact["acceptance"]["draws"] and "draws" not in exact
    assert json.loads(json.dumps(exact)) == exact


def test_the_generator_is_no_part_of_the_law():
    decode = torch.nn.Linear(3, 2)
    law = JacobianTruncation(gaussian(), decode, keep=0.5)
    assert not law.state_dict() and not list(law.parameters())


@pytest.mark.fault("F40")
def test_a_threshold_that_nothing_passes_ends_in_an_error():
    law = JacobianTruncation(gaussian(), bent, keep=0.5, scope="global")
    law.threshold = -1.0
    with pytest.raises(InputError, match="0 of 10 latents"):
        law.sample(10, stream())
