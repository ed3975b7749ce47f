"""The Gaussian, the DeliGAN mixture and the registry of laws."""

import json
import math

import pytest
import torch
from scipy.stats import kstest

from pushforward import latents, rng
from pushforward.errors import Corrupt, InputError


def stream(name="test"):
    return rng.generator(5, name)


def test_gaussian():
    law = latents.build("gaussian", dim=3)
    z = law.sample(5000, stream())
    assert z.shape == (5000, 3) and z.dtype == torch.float32
    assert all(kstest(column, "norm").pvalue > 1e-4 for column in z.T)
    assert law.acceptance().rate == 1 and law.components == 0 and law.penalty() == 0
    with pytest.raises(InputError, match="has no classes"):
        law.classify(z)
    with pytest.raises(InputError, match="not -1"):
        law.sample(-1, stream())


def test_printed_mixture_has_unit_widths_and_only_its_means_are_trained():
    law = latents.build("mixture", dim=256, components=10)
    assert {name: tuple(p.shape) for name, p in law.named_parameters()} == {"means": (10, 256)}
    assert law.means.std().item() == pytest.approx(0.1, rel=0.1)
    assert law.penalty() == 0
    z, k = law.sample_labelled(4000, stream())
    assert (z - law.means[k]).std().item() == pytest.approx(1, rel=0.01)
    assert (k.bincount(minlength=10) / 4000 - 0.1).abs().max() < 4 * math.sqrt(0.09 / 4000)


def test_faithful_mixture_trains_widths_under_the_penalty():
    law = latents.build("mixture", dim=64, components=10, variant="faithful")
    assert law.means.abs().max() <= 1 and law.means.std().item() == pytest.approx(1 / math.sqrt(3), rel=0.1)
    assert law.sigmas.abs().max() <= 0.2
    assert law.penalty().item() == pytest.approx(0.05 * (1 - law.sigmas).square().mean().item())
    z, k = law.sample_labelled(4000, stream())
    assert ((z - law.means[k]) / law.sigmas[k]).std().item() == pytest.approx(1, rel=0.01)
    (z.square().mean() + law.penalty()).backward()
    assert law.means.grad.abs().sum() > 0 and law.sigmas.grad.abs().sum() > 0


def test_mixture_classifies_by_likelihood():
    law = latents.build("mixture", dim=2, components=2, variant="faithful")
    with torch.no_grad():
        law.means.copy_(torch.tensor([[0.0, 0.0], [0.5, 0.0]]))
        law.sigmas.copy_(torch.tensor([[0.1, 0.1], [-3.0, 3.0]]))
    z = torch.tensor([[0.0, 0.0], [0.5, 0.0], [5.0, 5.0]])
    assert law.classify(z).tolist() == [0, 1, 1]
    normal = torch.distributions.Normal(law.means, law.sigmas.abs())
    points = law.sample(200, stream()).detach()
    assert torch.equal(law.classify(points), normal.log_prob(points[:, None]).sum(2).argmax(1))


@pytest.mark.parametrize("variant", ["printed", "faithful"])
def test_a_trained_mixture_is_rebuilt(variant):
    law = latents.build("mixture", dim=4, components=3, variant=variant, seed=2)
    with torch.no_grad():
        law.means += 1
    again = latents.restore(json.loads(json.dumps(law.about())), law.state_dict())
    assert torch.equal(again.sample(20, stream()), law.sample(20, stream()))
    with pytest.raises(Corrupt, match="not the record of a law"):
        latents.restore(law.about(), {})


def test_laws_by_name():
    for law in latents.LAWS:
        assert latents.find(law).name == law
    with pytest.raises(InputError, match="Did you mean 'gaussian'"):
        latents.build("gausian", dim=2)
    with pytest.raises(InputError, match="at least 1, not 0"):
        latents.build("gaussian", dim=0)
    with pytest.raises(InputError, match="its arguments are dim, components"):
        latents.build("mixture", dim=2, means=3)
    with pytest.raises(InputError, match="at least 1 component"):
        latents.build("mixture", dim=2, components=0)
