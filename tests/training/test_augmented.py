"""Trainings with augmentation, token noise, the loss on z's component and trained laws of z: the step and the job."""

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pushforward import artifacts, latents, models
from pushforward.data.batches import Permuted
from pushforward.data.dataset import Dataset
from pushforward.errors import InputError, Interrupted
from pushforward.models.augment import augment
from pushforward.sampling import checkpoint
from pushforward.training import augmented
from pushforward.training.augmented_step import Augmented, MutualInformation, Settings

MIXTURE = {"law": "mixture", "dim": 3, "components": 4, "variant": "faithful"}
SIMPLICIAL = {"law": "simplicial", "dim": 4, "components": 3, "acceptance": 0.5}
TRANSGAN = {
    "kind": "transgan",
    "generator": {"dims": [16, 4], "depths": [1, 1], "heads": 2},
    "critic": {"dims": [4, 8], "depths": [1, 1, 1], "heads": 2},
}
CNN = {"kind": "cnn", "generator": {"channels": 8}, "critic": {"width": 4}}
FULL = {"augment": "diffaug", "mutual_information": {"weight": 1.0, "steps": 3}, "clip": 5.0, "drift": 1e-3}


def trainer(law: dict[str, Any], dtype: torch.dtype = torch.float64, **settings: Any) -> Augmented:
    """Tiny networks of 8 x 8 images, a critic with residual blocks that tells the law's components apart."""
    own = latents.build(**law)
    generator = models.build("cnn", "generator", seed=1, latent_dim=own.dim, image_size=8, channels=8).to(dtype)
    critic = models.build("resnet", "critic", seed=2, width=4, image_channels=1, components=own.components).to(dtype)
    images = torch.randint(256, (20, 1, 8, 8), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    return Augmented(generator, critic, Permuted(images, 6, 0), own, 7, Settings(**settings))


def fit(data: Dataset, folder: Path, **changes: Any) -> Path:
    given: dict[str, Any] = {
        "model": TRANSGAN,
        "latent": MIXTURE,
        **{"seed": 0, "steps": 5, "snapshots": [2, 5], "batch": 6, "generator_batch": 9, "log_every": 1, "threads": 1},
        **{"flip": True, "ema_halflife": 50.0, "save_every": 2, "generator_lr": 1e-2, "critic_lr": 1e-2},
        **{"gp_alpha": "sample", **FULL},
        **changes,
    }
    out = folder / "run" / "s0.safetensors"
    augmented.fit(data, out=out, state_dir=folder / "state", progress=lambda *_: None, **given)
    return out


def gradients(network: nn.Module) -> list[Tensor]:
    return [p.grad.clone() for p in network.parameters() if p.grad is not None]


def test_both_losses_are_those_of_the_textbook() -> None:
    """The critic's and the generator's gradients against formulas written out, law of z included."""
    ours = trainer(MIXTURE, mutual_information=MutualInformation(0.7, 1), critic_steps=1, drift=0.01, gp_alpha="sample")
    generator, law = copy.deepcopy(ours.generator), copy.deepcopy(ours.law)
    critic = models.build("resnet", "critic", seed=2, width=4, image_channels=1, components=4).double()
    streams = {name: stream.clone_state() for name, stream in ours.streams.items()}
    real = copy.deepcopy(ours.source).next().double()

    def entropy(fake: Tensor, component: Tensor) -> Tensor:
        logits = critic.judge(fake)[1]
        return -(logits.exp() / logits.exp().sum(1, keepdim=True))[torch.arange(len(fake)), component].log().mean()

    z, component = law.sample_labelled(6, streams["latent"])
    fake = generator(z.double()).detach()
    share = torch.rand(6, 1, 1, 1, generator=streams["alpha"]).double()
    mix = (share * real + (1 - share) * fake).requires_grad_()
    (slope,) = torch.autograd.grad(critic(mix).sum(), mix, create_graph=True)
    on_real, on_fake = critic(real).mean(), critic(fake).mean()
    of_critic = on_fake - on_real + 10 * ((slope.flatten(1).norm(dim=1) - 1) ** 2).mean() + 0.01 * on_real**2
    guess = entropy(fake, component)
    (of_critic + 0.7 * guess).backward()
    expected = gradients(critic)

    found = ours._update_critic(ours._real())
    assert float(found["component_entropy"]) == pytest.approx(float(guess.detach()), rel=1e-7)
    for mine, theirs in zip(gradients(ours.critic), expected, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-7, atol=1e-10)
    assert not gradients(ours.generator)

    critic.load_state_dict(ours.critic.state_dict())
    z, component = law.sample_labelled(5, streams["latent"])
    fake = generator(z.double())
    penalty = 0.05 * ((1 - law.sigmas) ** 2).mean()
    (0.7 * entropy(fake, component) - critic(fake).mean() + penalty).backward()
    ours._update_generator(5)
    for mine, theirs in zip(gradients(ours.trained), [*gradients(generator), *gradients(law)], strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-6, atol=1e-9)


def test_the_loss_on_components_ends_after_its_steps() -> None:
    ours = trainer(MIXTURE, mutual_information=MutualInformation(1.0, 2))
    for moves in (True, True, False):
        ours.step()
        assert bool(ours.critic.component_head.weight.grad.any()) == moves


@pytest.mark.parametrize("kept", [{}, {"mutual_information": MutualInformation(1.0, 9)}])
def test_the_critic_sees_augmented_images_only(monkeypatch: pytest.MonkeyPatch, kept: dict[str, Any]) -> None:
    ours, shown, made = trainer(MIXTURE, augment="diffaug", critic_steps=1, **kept), [], []

    def record(x: Tensor, generator: torch.Generator) -> Tensor:
        assert generator is ours.streams["augment"]
        made.append(augment(x, generator))
        assert not torch.equal(made[-1], x)
        return made[-1]

    monkeypatch.setattr("pushforward.training.augmented_step.augment", record)
    ours.critic.body.register_forward_pre_hook(lambda _body, inputs: shown.append(inputs[0]))
    ours.step()
    assert len(shown) == 4  # real, fake, between; then the generator's update
    assert all(a is b for a, b in zip(shown, made, strict=True))


def test_the_penalty_goes_through_the_augmentation() -> None:
    """With a linear critic the slope in the image that was given is known: the weights, pulled back by hand."""
    ours = trainer(MIXTURE, augment="diffaug", critic_steps=1)
    weight = torch.randn(1, 1, 8, 8, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    ours.critic.forward = lambda x: (x * weight).sum((1, 2, 3))
    x = torch.rand(3, 1, 8, 8, dtype=torch.float64, requires_grad=True)
    stream = ours.streams["augment"].clone_state()
    (slope,) = torch.autograd.grad(ours.critic(x).sum(), x)
    origin = torch.zeros_like(x)
    pulled = torch.zeros_like(x)
    for i in range(64):  # augmentation is affine: its columns are differences
        unit = F.one_hot(torch.tensor(i), 64).double().view(1, 1, 8, 8).expand_as(x)
        moved = augment(unit, stream.clone_state()) - augment(origin, stream.clone_state())
        pulled.view(3, -1)[:, i] = (moved * weight).sum((1, 2, 3))
    torch.testing.assert_close(slope, pulled)
    assert not torch.allclose(slope, weight.expand_as(x))


def test_noise_of_tokens_comes_from_its_own_stream() -> None:
    law = latents.build(law="gaussian", dim=3)
    sizes = {"image_size": 8, "image_channels": 1}
    generator = models.build("transgan", "generator", seed=1, latent_dim=3, **TRANSGAN["generator"], **sizes)
    critic = models.build("transgan", "critic", seed=2, **TRANSGAN["critic"], **sizes)
    images = torch.randint(256, (12, 1, 8, 8), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    ours = Augmented(generator, critic, Permuted(images, 6, 0), law, 7, Settings(critic_steps=1))
    before = {name: stream.get_state() for name, stream in ours.streams.items()}
    ours.step()
    changed = {name for name, stream in ours.streams.items() if not torch.equal(stream.get_state(), before[name])}
    assert changed == {"latent", "alpha", "tokens"}
    assert all(p.grad is not None for name, p in critic.named_parameters() if name.endswith("noise"))


def test_clipping_bounds_generator_and_law_together() -> None:
    ours = trainer(MIXTURE, critic_steps=1, clip=1e-3)
    ours.step()
    assert torch.cat([g.flatten() for g in gradients(ours.trained)]).norm() == pytest.approx(1e-3, rel=1e-3)
    assert ours.law.means.grad.any()


@pytest.mark.parametrize("latent", [MIXTURE, SIMPLICIAL])
def test_a_stopped_training_goes_on_bit_by_bit(
    images: Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    latent: dict[str, Any],
) -> None:
    whole = fit(images, tmp_path / "whole", latent=latent)
    original = Augmented.step

    def step(self: Augmented) -> dict[str, Tensor]:
        if self.updates == 3:  # a state was saved after step 2
            raise Interrupted("stopped", 15)
        return original(self)

    with monkeypatch.context() as patched:
        patched.setattr(Augmented, "step", step)
        with pytest.raises(Interrupted):
            fit(images, tmp_path / "stopped", latent=latent)
    with caplog.at_level("INFO"):
        stopped = fit(images, tmp_path / "stopped", latent=latent)
    assert "resuming after step 2" in caplog.text
    assert artifacts.digest_file(stopped) == artifacts.digest_file(whole)
    rows = [path.with_suffix(".csv").read_text().splitlines() for path in (whole, stopped)]
    whole_rows, stopped_rows = ([row.rsplit(",", 1)[0] for row in own] for own in rows)  # but the speed
    assert whole_rows == stopped_rows
    assert "component_entropy" in whole_rows[0]


def test_the_average_follows_the_trained_law_too() -> None:
    ours = trainer(MIXTURE, critic_steps=1, generator_lr=1e-2, ema_halflife=5.0)
    shadow, seen = ours.law.means.detach().clone(), 0
    for n in (6, 6, 6, 2):
        ours.step()
        seen += n
        decay = 0.5 ** (n / min(5.0, 0.1 * seen))
        shadow = decay * shadow + (1 - decay) * ours.law.means.detach()
    torch.testing.assert_close(ours.snapshot()["latent/means"], shadow)
    assert not torch.allclose(shadow, ours.law.means)


def test_trained_means_come_back_with_their_snapshot(images: Dataset, tmp_path: Path) -> None:
    out = fit(images, tmp_path)
    tensors, about = artifacts.load_tensors(out)
    assert about["model"]["critic"]["components"] == 4
    assert about["training"]["mutual_information"] == {"weight": 1.0, "steps": 3}
    early, late = (checkpoint.law(out, step) for step in (2, 5))
    for name in ("means", "sigmas"):
        assert torch.equal(late.state_dict()[name], tensors[f"5/latent/{name}"])
        assert not torch.equal(early.state_dict()[name], late.state_dict()[name])
    z = late.sample(4, torch.Generator().manual_seed(0))
    assert checkpoint.generator(out)(z).shape == (4, 1, 8, 8)


def test_a_gate_comes_back_as_it_was_trained_with(images: Dataset, tmp_path: Path) -> None:
    law = checkpoint.law(fit(images, tmp_path, latent=SIMPLICIAL, steps=1, snapshots=[1]))
    assert law.accepts(law.sample(100, torch.Generator().manual_seed(0))).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"augment": "diff"}, "none, diffaug, not 'diff'"),
        ({"generator_rl": 1e-4}, "no setting generator_rl; there are: generator_lr"),
        ({"mutual_information": {"wait": 1.0}}, "mutual_information: no setting wait"),
        ({"mutual_information": {"weight": -1.0}}, "at least 0"),
        ({"model": CNN}, "law mixture has 4, the critic tells 0"),
        ({"latent": {"law": "gaussian", "dim": 3}}, "law gaussian has 0, the critic tells 0"),
        ({"model": {**TRANSGAN, "critic": {**TRANSGAN["critic"], "components": 5}}}, "has 4, the critic tells 5"),
        ({"model": {**CNN, "generator": {"channels": 8, "image_size": 12}}, "mutual_information": None}, r"12, 12\)"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_written(
    images: Dataset, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        fit(images, tmp_path, **changes)
    assert not list(tmp_path.iterdir())


def test_points_are_not_augmented(mixture: Dataset, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="diffaug changes images"):
        fit(mixture, tmp_path)
