"""The conditional GAN: labels of the last real batch everywhere, and a training that can be taken up again."""

import copy
from dataclasses import replace
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
from pushforward.sampling import checkpoint
from pushforward.training import conditional
from pushforward.training.conditional_step import Conditional
from pushforward.training.wgan_step import Settings

RESNET = {"kind": "resnet", "generator": {"width": 4}, "critic": {"width": 4}}


@pytest.fixture(scope="module")
def colours(images: Dataset) -> Dataset:
    """Two classes of small pictures, as large as the residual generator makes them."""
    x, test = (part.repeat(1, 3, 4, 4) for part in (images.train, images.test))
    return replace(images, train=x, test=test, low=-1.0, high=1.0)


class Linear(nn.Module):
    """A network of an input and one-hot labels."""

    def __init__(self, inputs: int, outputs: int, classes: int = 3) -> None:
        super().__init__()
        self.classes, self.seen = classes, []
        self.layers = nn.Sequential(nn.Linear(inputs + classes, 8), nn.Tanh(), nn.Linear(8, outputs))

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        self.seen.append(labels)
        y = self.layers(torch.cat([x, F.one_hot(labels, self.classes).to(x.dtype)], 1))
        return y.squeeze(1) if y.shape[1] == 1 else y


def trainer(**settings: Any) -> Conditional:
    stream = torch.Generator().manual_seed(0)
    points, labels = torch.rand(14, 5, generator=stream), torch.randint(3, (14,), generator=stream)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        networks = Linear(2, 5).double(), Linear(5, 1).double()
    source = Permuted(points, 9, 0, labels=labels)
    return Conditional(*networks, source, latents.build(law="gaussian", dim=2), 7, Settings(**settings))


def fit(data: Dataset, folder: Path, **changes: Any) -> Path:
    given: dict[str, Any] = {
        "model": RESNET,
        "latent": {"law": "gaussian", "dim": 2},
        **{"seed": 0, "steps": 4, "snapshots": [2, 4], "batch": 5, "log_every": 1, "threads": 1, "save_every": 1},
        **changes,
    }
    out = folder / "run" / "s0.safetensors"
    conditional.fit(data, out=out, state_dir=folder / "state", progress=lambda *_: None, **given)
    return out


def test_everything_is_told_the_labels_of_the_last_real_batch() -> None:
    ours = trainer()
    source = copy.deepcopy(ours.source)
    (_, first), (_, last) = source.next_labelled(), source.next_labelled()
    ours.step()
    generator, critic = ours.generator.seen, ours.critic.seen
    assert (len(first), len(last)) == (9, 5)
    for found, expected in zip(generator, (first, last, last), strict=True):
        assert torch.equal(found, expected)
    for found, expected in zip(critic, (first.repeat(2), first, last.repeat(2), last, last), strict=True):
        assert torch.equal(found, expected)


def test_the_critics_loss_is_that_of_the_textbook() -> None:
    ours = trainer(critic_steps=1, gp_alpha="sample")
    generator, critic = copy.deepcopy(ours.generator.layers), copy.deepcopy(ours.critic.layers)
    streams = {name: stream.clone_state() for name, stream in ours.streams.items()}
    x, labels = copy.deepcopy(ours.source).next_labelled()
    real, code = x.double(), F.one_hot(labels, 3).double()

    def score(x: Tensor) -> Tensor:
        return critic(torch.cat([x, code], 1))

    fake = generator(torch.cat([torch.randn(9, 2, generator=streams["latent"]).double(), code], 1)).detach()
    share = torch.rand(9, 1, generator=streams["alpha"]).double()
    mix = (share * real + (1 - share) * fake).requires_grad_()
    (slope,) = torch.autograd.grad(score(mix).sum(), mix, create_graph=True)
    loss = score(fake).mean() - score(real).mean() + 10 * ((slope.norm(dim=1) - 1) ** 2).mean()
    loss.backward()
    assert float(ours.step()["critic_loss"]) == pytest.approx(float(loss.detach()), rel=1e-9)
    for mine, theirs in zip(ours.critic.layers.parameters(), critic.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, theirs.grad, rtol=1e-7, atol=1e-10)


def test_a_conditional_generator_comes_back(colours: Dataset, tmp_path: Path) -> None:
    out = fit(colours, tmp_path)
    _, about = artifacts.load_tensors(out)
    assert about["model"]["sizes"]["classes"] == about["model"]["critic"]["classes"] == 2
    found = list(checkpoint.generators(out))
    assert [step for step, _ in found] == [2, 4]
    joint, generator = checkpoint.law(out), found[-1][1]
    pictures, others = (
        generator(joint.given(torch.tensor(labels), torch.Generator().manual_seed(0)))
        for labels in ([0, 1, 1], [1, 0, 0])
    )
    assert pictures.shape == (3, 3, 32, 32)
    assert not torch.equal(pictures, others), "the same z with other labels"


def test_a_stopped_training_goes_on_bit_by_bit(
    colours: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    whole = fit(colours, tmp_path / "whole")
    original, calls = Conditional.step, iter(range(9))

    def step(self: Conditional) -> dict[str, Tensor]:
        if next(calls) == 3:
            raise Interrupted("stopped", 15)
        return original(self)

    with monkeypatch.context() as patched:
        patched.setattr(Conditional, "step", step)
        with pytest.raises(Interrupted):
            fit(colours, tmp_path / "stopped")
    with caplog.at_level("INFO"):
        stopped = fit(colours, tmp_path / "stopped")
    assert "resuming after step 3" in caplog.text
    assert artifacts.digest_file(stopped) == artifacts.digest_file(whole)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"generator_batch": 8}, "null is expected, 8 came"),
        ({"model": {**RESNET, "critic": {"width": 4, "classes": 3}}}, "critic: bars has 2 classes; a size of 3 came"),
        ({"model": {**RESNET, "generator": {"width": 4, "classes": 0}}}, "generator: bars has 2 classes"),
        ({"model": {"kind": "cnn", "generator": {"channels": 8}, "critic": {"width": 4}}}, "networks that take labels"),
        ({"latent": {"law": "gausian", "dim": 2}}, "gaussian"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_written(
    colours: Dataset, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        fit(colours, tmp_path, **changes)
    assert not list(tmp_path.iterdir())


def test_samples_without_a_label_are_refused(colours: Dataset, tmp_path: Path) -> None:
    labels = colours.train_labels.clone()
    labels[3] = -1
    with pytest.raises(InputError, match="bars has samples without one"):
        fit(replace(colours, train_labels=labels), tmp_path)


def test_one_network_of_another_kind_is_refused() -> None:
    ours = trainer()
    plain = models.build("mlp", "generator", latent_dim=2, data_dim=5)
    with pytest.raises(InputError, match="take labels"):
        Conditional(plain, ours.critic, ours.source, ours.law, 0, Settings())
