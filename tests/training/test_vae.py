"""VAEs: the loss is the bound of the textbook, a killed training goes on bit by bit, digits come back."""

import json
import math

import pytest
import torch

from pushforward import artifacts, data, models, rng
from pushforward.data.batches import source
from pushforward.errors import Diverged, InputError
from pushforward.models.vae import VAE
from pushforward.sampling import checkpoint
from pushforward.sampling.autoencoder import autoencoders, encode
from pushforward.training import vae
from pushforward.training.loop import Loop, Schedule
from pushforward.training.vae_step import Autoencoding, Settings, score

CNN = {
    "kind": "vae",
    "generator": {"decoder": "cnn", "channels": 32},
    "encoder": {"decoder": "cnn", "channels": [16, 32]},
}
RESNET = {
    "kind": "vae",
    "generator": {"decoder": "resnet", "width": 4},
    "encoder": {"decoder": "resnet", "width": 4},
}


def prepared(folder, **options):
    path = folder / f"digits-{options.get('size', 8)}.npz"
    data.save(path, data.prepare("digits", **options))
    return data.load(path)


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    return prepared(tmp_path_factory.mktemp("digits"))


@pytest.fixture(scope="module")
def colours(tmp_path_factory):
    return prepared(tmp_path_factory.mktemp("digits"), size=32, colours=3, train=40, test=20)


def network(likelihood="bernoulli", variance=None):
    sizes = {"latent_dim": 4, "decoder": "cnn", "image_size": 8}
    encoder = models.build("vae", "encoder", seed=0, **sizes, channels=[4, 8])
    return VAE(encoder, models.build("vae", "generator", seed=1, **sizes, channels=8), likelihood, variance)


def trainer(digits, **settings):
    numbers = Settings(**settings)
    parts = network(numbers.likelihood, numbers.variance)
    return Autoencoding(parts, source(digits, 50, 0), 0, numbers)


@pytest.mark.parametrize(
    ("likelihood", "variance", "beta"), [("bernoulli", None, 1.0), ("gaussian", 0.3, 4.0), ("gaussian", None, 0.5)]
)
def test_the_loss_is_the_bound_of_the_textbook(digits, likelihood, variance, beta):
    trained = trainer(digits, likelihood=likelihood, variance=variance, beta=beta, lr=0.0)
    twin = network(likelihood, variance).double().train()
    x = source(digits, 50, 0).next().double()
    mean, log_variance = twin.encode(x)
    noise = torch.randn(mean.shape, generator=rng.generator(0, "latent"))
    posterior = torch.distributions.Normal(mean, (log_variance / 2).exp())
    decoded = twin.decode(mean + posterior.scale * noise)
    if likelihood == "bernoulli":
        logp = torch.distributions.Bernoulli(decoded, validate_args=False).log_prob(x)
    else:
        logp = torch.distributions.Normal(decoded, (twin.log_variance / 2).exp()).log_prob(x)
    kl = torch.distributions.kl_divergence(posterior, torch.distributions.Normal(0.0, 1.0)).sum(1).mean()
    expected = beta * kl - logp.flatten(1).sum(1).mean()
    expected.backward()
    found = trained.step()
    assert found["loss"].item() == pytest.approx(expected.item(), rel=1e-6)
    assert found["divergence"].item() == pytest.approx(kl.item(), rel=1e-5)
    for mine, textbook in zip(trained.network.parameters(), twin.parameters(), strict=True):
        if mine.requires_grad:
            torch.testing.assert_close(mine.grad.double(), textbook.grad, rtol=1e-3, atol=1e-4)


def test_a_step_moves_nothing_to_the_host(digits, monkeypatch):
    trained = trainer(digits)

    def called(*_):
        raise AssertionError("the step waits for the device")

    for name in ("item", "cpu", "numpy", "tolist", "__bool__", "__float__", "__int__"):
        monkeypatch.setattr(torch.Tensor, name, called)
    trained.step()


def run(trained, folder, steps, until):
    """A loop of `steps` steps that saves its state at step `until`, as if killed then."""
    schedule = Schedule(steps, (steps,), 1, until, 1e9)
    return Loop(trained, schedule, folder, {}, {}, lambda *_: None)


@pytest.mark.parametrize("settings", [{}, {"likelihood": "gaussian"}])
def test_a_killed_training_goes_on_bit_by_bit(digits, tmp_path, settings):
    whole = run(trainer(digits, **settings), tmp_path / "whole", 9, 9).run()
    killed = run(trainer(digits, **settings), tmp_path / "killed", 9, 4)
    for _ in range(5):  # one step more than was saved
        killed.trainer.step()
        killed.step += 1
        if killed.step == 4:
            killed._save()
    killed.history.close()
    resumed = run(trainer(digits, **settings), tmp_path / "killed", 9, 9)
    assert resumed.step == 4
    again = resumed.run()
    assert again.bit_exact and again.snapshots.keys() == {9}
    assert all(torch.equal(value, again.snapshots[9][name]) for name, value in whole.snapshots[9].items())


def fit(digits, folder, **changes):
    arguments = {
        "model": CNN,
        "latent": {"law": "gaussian", "dim": 8},
        "seed": 0,
        "steps": 4,
        "snapshots": [2, 4],
        "batch": 100,
        "out": folder / "s0.safetensors",
        "state_dir": folder / "state",
        "progress": lambda *_: None,
    }
    vae.fit(digits, **{**arguments, **changes})
    return folder / "s0.safetensors"


def test_the_csv_goes_where_it_is_wanted(digits, tmp_path):
    path = fit(digits, tmp_path, steps=1, snapshots=[1], log=tmp_path / "plots" / "loss.csv")
    assert (tmp_path / "plots" / "loss.csv").read_text().startswith("step,loss")
    assert not path.with_suffix(".csv").exists()


def test_digits_come_back(digits, tmp_path):
    path = fit(digits, tmp_path, steps=450, snapshots=[450], lr=3e-3, likelihood="gaussian", variance=0.02)
    ((step, best),) = autoencoders(path)
    test = digits.scaled(digits.test)
    back = best.decode(encode(best, test))
    error, variance = (back - test).square().mean(), (test - test.mean(0)).square().mean()
    assert step == 450 and error < 0.45 * variance
    # recognisable: the nearest training image of a reconstruction shows the same digit
    nearest = torch.cdist(back.flatten(1), digits.scaled(digits.train).flatten(1)).argmin(1)
    assert (digits.train_labels[nearest] == digits.test_labels).float().mean() > 0.8
    about = json.loads(artifacts.sidecar(path).read_text())
    assert about["test_error"] == pytest.approx(error.item(), rel=1e-4)
    blind = -32 * (variance / 0.02 + math.log(2 * math.pi * 0.02))  # without z: the mean image
    assert about["test_bound"] > 5 > -40 > blind
    assert about["latent"]["law"] == "gaussian" and about["range"] == [0.0, 1.0]


def test_every_snapshot_holds_encoder_and_decoder(colours, tmp_path):
    path = fit(colours, tmp_path, model=RESNET, batch=20, likelihood="gaussian")
    (first, early), (second, late) = autoencoders(path)
    assert (first, second) == (2, 4) and not late.training
    assert early.log_variance.item() != late.log_variance.item() != 0
    x = colours.scaled(colours.test)
    z = encode(late, x, batch=7)
    assert z.shape == (20, 8) and late.decode(z).shape == x.shape
    assert (encode(early, x) - z).abs().max() > 0
    norms = [name for name in late.state_dict() if name.endswith("running_mean")]
    assert norms and all((late.state_dict()[name] != 0).any() for name in norms)


def test_the_file_is_read_as_that_of_any_generator(digits, tmp_path):
    path = fit(digits, tmp_path)
    z = checkpoint.law(path).sample(3, rng.generator(0))
    pairs = zip(checkpoint.generators(path), autoencoders(path), strict=True)
    for (step, generator), (same_step, whole) in pairs:
        assert step == same_step and torch.equal(generator(z), whole.decode(z))


def test_scores_do_not_depend_on_the_batch(digits):
    best, x = network(), digits.scaled(digits.test)
    whole, parts = (score(best, x, rng.generator(0), batch) for batch in (1000, 100))
    assert whole["test_error"] == pytest.approx(parts["test_error"], rel=1e-5)
    assert whole["test_bound"] == pytest.approx(parts["test_bound"], rel=1e-2)  # other draws
    assert score(best, x[:0], rng.generator(0)) == {}


def test_exploding_rates_stop_with_their_own_error(digits, tmp_path):
    with pytest.raises(Diverged):
        fit(digits, tmp_path, lr=1e6, steps=50, snapshots=[50], likelihood="gaussian", log_every=1)
    assert not (tmp_path / "s0.safetensors").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"latent": {"law": "norm", "dim": 4, "acceptance": 0.5}}, "prior is gaussian"),
        ({"critic_steps": 2}, "no setting critic_steps; there are: lr"),
        ({"beta": -1.0}, "beta must be at least 0"),
        ({"likelihood": "laplace"}, "likelihood is one of"),
        ({"model": {**CNN, "encoder": {"channels": [4, 8]}}}, "it goes by a decoder"),
        ({"model": {**CNN, "generator": {"decoder": "cnn", "image_size": 12}}}, r"makes samples \(1, 12, 12\)"),
        ({"model": {**CNN, "generator": {"decoder": "cnn", "wide": 12}}}, "its sizes are"),
        ({"precision": "tf32"}, "on a GPU only"),
    ],
)
def test_bad_arguments_are_named(digits, tmp_path, changes, message):
    with pytest.raises(InputError, match=message):
        fit(digits, tmp_path, **changes)


def test_a_bernoulli_likelihood_needs_images_from_0_to_1(colours, tmp_path):
    with pytest.raises(InputError, match=r"lie in \[-1\.0, 1\.0\]. Take likelihood: gaussian"):
        fit(colours, tmp_path, model=RESNET)


def test_points_are_refused(tmp_path):
    path = tmp_path / "gaussians.npz"
    parameters = {"modes": 2, "dim": 2, "layout": "equidistant", "separation": 1.0, "sigma": 0.1, "weights": "equal"}
    data.save(path, data.prepare("gaussians", **parameters))
    with pytest.raises(InputError, match="trained on images"):
        fit(data.load(path), tmp_path)
