"""The oracle: a classifier of a data set's images, trained through the same loop as everything else."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from pushforward import models, rng
from pushforward.data.batches import Permuted
from pushforward.data.dataset import Dataset
from pushforward.errors import InputError
from pushforward.provenance import environment
from pushforward.training.augment import Augment
from pushforward.training.hardware import setting
from pushforward.training.loop import Schedule
from pushforward.training.optimizers import adam, gradient_norm, load_moments, moments
from pushforward.training.progress import Progress
from pushforward.training.session import conduct, digest_data


@dataclass(frozen=True)
class Settings:
    """Numbers of the training; the paper states none of them.

    Args:
        lr: Adam's rate at the start; it falls to 0 along half a cosine.
        weight_decay: times the weights, added to the gradient.
        label_smoothing: share of the target spread over all classes.
        augment: "none", "shift" or "flip_crop", see `training.augment`.
    """

    lr: float = 1e-3
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    augment: str = "none"


class Supervised:
    """A trainer for `training.loop`: cross-entropy on labelled batches.

    Args:
        network: images -> logits.
        source: labelled batches.
        steps: length of the run, for the decay of the rate.
        seed: of the run.
        settings: numbers of the training.
    """

    def __init__(self, network: nn.Module, source: Permuted, steps: int, seed: int, settings: Settings) -> None:
        self.network, self.source, self.steps, self.settings, self.done = network.train(), source, steps, settings, 0
        self.adam = adam(network.parameters(), settings.lr, decay=settings.weight_decay)
        self.stream = rng.generator(seed, "augment", device=source.tensor.device)
        self.augment = Augment(settings.augment, source.span[0], self.stream)

    def step(self) -> dict[str, Tensor]:
        """One update on one batch."""
        self.adam.param_groups[0]["lr"] = self.settings.lr * (1 + math.cos(math.pi * self.done / self.steps)) / 2
        images, labels = self.source.next_labelled()
        logits = self.network(self.augment(images))
        loss = functional.cross_entropy(logits, labels, label_smoothing=self.settings.label_smoothing)
        self.adam.zero_grad()
        loss.backward()
        norm = gradient_norm(self.network)
        self.adam.step()
        self.done += 1
        accuracy = 100 * (logits.detach().argmax(1) == labels).to(loss.dtype).mean()
        return {"loss": loss.detach(), "accuracy": accuracy, "gradient": norm}

    def snapshot(self) -> dict[str, Tensor]:
        """The classifier."""
        return self.network.state_dict()

    def state_dict(self) -> dict[str, Any]:
        """Network, optimizer, random stream, data position."""
        return {
            "network": self.network.state_dict(),
            "adam": moments(self.adam),
            "stream": self.stream.get_state(),
            "source": self.source.state_dict(),
            "done": self.done,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from where `state_dict` was taken."""
        self.network.load_state_dict(state["network"])
        load_moments(self.adam, state["adam"])
        self.stream.set_state(state["stream"])
        self.source.load_state_dict(state["source"])
        self.done = state["done"]


def fit(
    data: Dataset,
    *,
    model: Mapping[str, Any],
    epochs: int,
    batch: int,
    seed: int,
    out: str | Path,
    state_dir: str | Path,
    log: str | Path | None = None,
    lr: float = 1e-3,
    weight_decay: float = 0.0,
    label_smoothing: float = 0.0,
    augment: str = "none",
    log_every: int = 50,
    save_every: int | None = None,
    save_seconds: float = 120.0,
    threads: int | None = None,
    device: str = "cpu",
    progress: Progress | None = None,
) -> None:
    """Train an oracle on the labelled images and publish it.

    Its accuracy on the test split (`test_accuracy`, percent) stands in the sidecar.

    Args:
        data: labelled images.
        model: sizes of `models.classifier.Classifier`; those that follow from the data need not be given.
        epochs: passes over the training split.
        batch: images of an update.
        seed: of the run.
        out: the .safetensors file to write.
        state_dir: folder of this run for the states it resumes from.
        log: the CSV of losses to write; by default beside `out`.
        lr: see `Settings`.
        weight_decay: see `Settings`.
        label_smoothing: see `Settings`.
        augment: see `Settings`.
        log_every: steps between two rows of the CSV.
        save_every: steps between two saved states; None leaves it to the clock.
        save_seconds: seconds between two saved states.
        threads: threads of the CPU kernels.
        device: "cpu", "cuda" or "auto".
        progress: display; None chooses.

    Raises:
        InputError: an argument out of its range, or no labelled images.
        Locked, Corrupt, Diverged, Resource, Interrupted: see `training.session` and `training.loop`.
    """
    labelled = data.train_labels >= 0
    if data.train.ndim != 4 or not labelled.any():
        raise InputError(f"an oracle is trained on labelled images; {data.name} is not a data set of such.")
    images, labels = data.train[labelled], data.train_labels[labelled]
    settings = Settings(lr, weight_decay, label_smoothing, augment)
    with setting(device, threads) as place:
        sizes = models.sizes("classifier", "classifier", model, data.shape, classes=data.classes)
        network = models.build("classifier", "classifier", seed=rng.derive(seed, "classifier"), **sizes).to(place)
        span = (data.low, data.high)
        batches = Permuted(images.to(place), batch, seed, labels=labels.to(place), span=span)
        steps = epochs * batches.batches_per_epoch
        about = {"model": {"kind": "classifier", "sizes": sizes}, "classes": data.classes, "range": list(span)}
        conduct(
            Supervised(network, batches, steps, seed, settings),
            Schedule(steps, (steps,), log_every, save_every, save_seconds),
            out=out,
            state_dir=state_dir,
            log=log,
            identity={
                "model": about["model"],
                "data": digest_data(data),
                **{"seed": seed, "batch": batch, "epochs": epochs},
                **asdict(settings),
            },
            about=about,
            result=lambda: {"test_accuracy": accuracy(network, data.scaled(data.test), data.test_labels)},
            environment=environment(place),
            progress=progress,
        )


@torch.no_grad()
def accuracy(network: nn.Module, x: Tensor, labels: Tensor, batch: int = 1000) -> float:
    """Share of right answers, in percent, in evaluation mode.

    Args:
        network: images -> logits.
        x: (n, C, H, W), scaled.
        labels: (n,).
        batch: images at once.
    """
    device = next(network.parameters()).device
    network.eval()
    right = [
        (network(images.to(device)).argmax(1).cpu() == truth).sum()
        for images, truth in zip(x.split(batch), labels.split(batch), strict=True)
    ]
    return 100.0 * int(torch.stack(right).sum()) / len(labels)
