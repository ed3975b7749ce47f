"""The oracle's training."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from pushforward import artifacts, rng
from pushforward.data.dataset import Dataset
from pushforward.errors import InputError
from pushforward.sampling.checkpoint import load_classifier
from pushforward.training import classifier
from pushforward.training.augment import Augment
from pushforward.training.classifier import Settings, Supervised, accuracy


def fit(data: Dataset, folder: Path, **changes: Any) -> Path:
    out = folder / "bars.safetensors"
    given: dict[str, Any] = {
        "model": {"channels": [4, 4, 4]},
        "epochs": 20,
        "batch": 16,
        "seed": 0,
        "lr": 1e-2,
        **changes,
    }
    classifier.fit(data, out=out, state_dir=folder / "state", threads=1, progress=lambda *_: None, **given)
    return out


def test_an_oracle_learns_and_says_how_well(images: Dataset, tmp_path: Path) -> None:
    out = fit(images, tmp_path)
    about = artifacts.load_tensors(out)[1]
    assert about["test_accuracy"] == 100
    assert about["classes"] == 2
    assert about["model"]["sizes"] == {
        "classes": 2,
        "image_channels": 1,
        "image_size": 8,
        "channels": [4, 4, 4],
    }
    oracle = load_classifier(out)
    assert accuracy(oracle, images.scaled(images.test), images.test_labels) == 100
    assert about["steps"] == [20 * 3]


def test_accuracy_counts_every_image_once() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(1, 2, bias=False))
    network[1].weight.data = torch.tensor([[1.0], [-1.0]])
    x = torch.tensor([1.0, 1.0, -1.0, 1.0, -1.0]).view(5, 1, 1, 1)
    assert accuracy(network, x, torch.tensor([0, 0, 1, 1, 0]), batch=2) == 60


class Batches:
    """One batch, over and over."""

    def __init__(self, x: Tensor, y: Tensor) -> None:
        self.tensor, self.labels, self.span = x, y, (0.0, 1.0)

    def next_labelled(self) -> tuple[Tensor, Tensor]:
        return self.tensor, self.labels


def supervised(steps: int = 4, **settings: Any) -> Supervised:
    x, y = torch.rand(6, 1, 8, 8, generator=torch.Generator().manual_seed(0)), torch.arange(6) % 3
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))
    return Supervised(network, Batches(x, y), steps, 0, Settings(**settings))  # type: ignore[arg-type]


def test_the_rate_falls_along_half_a_cosine() -> None:
    trainer, rates = supervised(lr=0.8), []
    for _ in range(4):
        trainer.step()
        rates.append(trainer.adam.param_groups[0]["lr"])
    assert rates == pytest.approx([0.8, 0.4 + 0.4 * 0.5**0.5, 0.4, 0.4 - 0.4 * 0.5**0.5])


def test_smoothing_spreads_the_target() -> None:
    plain, smooth = supervised(), supervised(label_smoothing=0.3)
    x, y = plain.source.tensor, plain.source.labels
    assert y is not None
    target = 0.7 * nn.functional.one_hot(y, 3) + 0.1
    logits = smooth.network(x).log_softmax(1).detach()
    assert float(smooth.step()["loss"]) == pytest.approx(float(-(target * logits).sum(1).mean()), rel=1e-5)
    assert float(plain.step()["loss"]) != pytest.approx(float(-(target * logits).sum(1).mean()), rel=1e-3)


def test_decay_pulls_weights_to_zero() -> None:
    free, decayed = supervised(lr=1e-2), supervised(lr=1e-2, weight_decay=10.0)
    for trainer in (free, decayed):
        for _ in range(4):
            trainer.step()
    norms = [float(trainer.network[1].weight.detach().norm()) for trainer in (decayed, free)]
    assert norms[0] < norms[1]


def test_images_without_labels_are_refused(images: Dataset, mixture: Dataset, tmp_path: Path) -> None:
    bare = Dataset(**{**vars(images), "train_labels": torch.full((40,), -1)})
    for data in (bare, mixture):
        with pytest.raises(InputError, match="labelled images"):
            fit(data, tmp_path)


def test_shifts_move_whole_images_and_fill_the_border() -> None:
    x = torch.zeros(400, 1, 16, 16)
    x[:, :, 8, 8] = 1.0
    moved = Augment("shift", -1.0, rng.generator(0, "augment"))(x)
    assert moved.shape == x.shape
    spots = (moved == 1).nonzero()
    assert len(spots) == 400
    offsets = {(int(r) - 8, int(c) - 8) for _, _, r, c in spots}
    assert offsets == {(r, c) for r in range(-2, 3) for c in range(-2, 3)}
    still = [i for i, (_, _, r, c) in enumerate(spots) if r == c == 8]
    assert all(torch.equal(moved[i], x[i]) for i in still)
    assert (moved == -1).any()


def test_flips_mirror_about_half_of_the_images() -> None:
    x = torch.arange(4.0).expand(1000, 1, 4, 4)  # too small to shift by an eighth
    flipped = Augment("flip_crop", 0.0, rng.generator(0, "augment"))(x)
    mirrored = (flipped == x.flip(-1)).flatten(1).all(1)
    same = (flipped == x).flatten(1).all(1)
    assert torch.equal(mirrored, ~same)
    assert 400 < int(mirrored.sum()) < 600


def test_no_augmentation_changes_nothing() -> None:
    x = torch.rand(2, 3, 8, 8)
    assert Augment("none", 0.0, rng.generator(0, "augment"))(x) is x
    with pytest.raises(InputError, match="flip_crop"):
        Augment("mixup", 0.0, rng.generator(0, "augment"))
