"""Does another classifier see the same digits? Agreement with the oracle on test images and on generated samples."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pushforward import data, rng
from pushforward.artifacts import write_bytes
from pushforward.data.dataset import Dataset
from pushforward.errors import InputError
from pushforward.features.labeller import Oracle
from pushforward.jobs.summaries import statements
from pushforward.jobs.summaries.shares import percent
from pushforward.report import second_opinion as page
from pushforward.report import tables
from pushforward.report.intervals import Interval, summarise
from pushforward.sampling import checkpoint
from pushforward.sampling.draw import samples

BATCH = 1000
TEST = "test images"

Row = dict[str, Any]


@dataclass
class Tally:
    """Counts over samples.

    Attributes:
        n: samples.
        agree: with the same label from both.
        sure: of which the oracle's confidence is above the threshold.
        sure_agree: both.
        first, second: labelled truly by the oracle, by the other; where the truth is known.
    """

    n: int = 0
    agree: int = 0
    sure: int = 0
    sure_agree: int = 0
    first: int = 0
    second: int = 0


@torch.no_grad()
def run(params: dict[str, Any], deps: dict[str, str], outs: dict[str, str], scratch: Path) -> None:
    """Write the tidy CSV and the page.

    Params: `scale`, `seed`, `points`; `classifier`, the name of the second one, and its files as `second`, with a
    sidecar if it is one of this project's oracles; `runs`, for each run its `dataset`, `model`, `threshold`, and for
    each of its `seeds` the files of training, data and oracle.
    """
    about = {
        "scale": params["scale"],
        "command": statements.command(params["scale"], outs["csv"]),
        "device": "cpu",
        "protocol": f"second classifier: {params['classifier']}",
    }
    found: list[Row] = []
    told: set[str] = set()
    for name, own in params["runs"].items():
        facts = {**about, "dataset": own["dataset"], "latent_dim": own["latent_dim"]}
        pairs = {int(seed): Pair(params["second"], files) for seed, files in own["seeds"].items()}
        first = next(iter(pairs.values()))
        if own["dataset"] not in told:
            told.add(own["dataset"])
            found += _of_test_images(first, own["threshold"], {**facts, "latent_dim": None, "architecture": page.DATA})
        tallies = {
            seed: pair.on_samples(params["points"], own["threshold"], params["seed"], (name, seed))
            for seed, pair in pairs.items()
        }
        found += _of_samples(tallies, own["threshold"], {**facts, "architecture": own["model"], "run": name})
    frame = tables.tidy(found)
    write_bytes(outs["csv"], tables.to_csv(frame).encode())
    write_bytes(outs["markdown"], page.markdown(frame).encode())


class Pair:
    """The oracle and the second classifier beside one training.

    Args:
        second: files of the second classifier.
        files: of the training, its data and its oracle.

    Raises:
        InputError: the data have exact labels and no oracle, or the second classifier takes other images.
    """

    def __init__(self, second: Mapping[str, str], files: Mapping[str, str]) -> None:
        if "oracle" not in files:
            raise InputError(f"{files['data']}: its labels are exact, there is nothing to ask a second classifier.")
        self.weights = files["weights"]
        self.data: Dataset = data.load(files["data"])
        own = "about" in second
        other = checkpoint.load_classifier(second["weights"]) if own else checkpoint.load_released(second["weights"])
        self.first = self._oracle(checkpoint.load_classifier(files["oracle"]))
        self.second = self._oracle(other)
        try:
            self.second.classify(torch.zeros(1, *self.data.shape))
        except RuntimeError as error:
            raise InputError(
                f"{second['weights']} does not take images of shape {tuple(self.data.shape)} as {files['data']} has "
                f"them ({str(error).splitlines()[0]})."
            ) from None

    def on_test(self, threshold: float) -> Tally:
        """Counts over the labelled test images."""
        tally, known = Tally(), self.data.test_labels >= 0
        images, labels = self.data.test[known], self.data.test_labels[known]
        for batch, truth in zip(images.split(BATCH), labels.split(BATCH), strict=True):
            self._count(tally, self.data.scaled(batch), threshold, truth)
        return tally

    def on_samples(self, points: int, threshold: float, seed: int, training: tuple[str, int]) -> Tally:
        """Counts over samples of the last snapshot."""
        tally, stream = Tally(), rng.generator(seed, "second opinion", *training)
        generator, law = checkpoint.generator(self.weights), checkpoint.law(self.weights)
        for _, x in samples(generator, law, points, stream):
            self._count(tally, x, threshold)
        return tally

    def _oracle(self, network: nn.Module) -> Oracle:
        return Oracle(network, self.data.classes, self.data.low, self.data.high)

    def _count(self, tally: Tally, x: Tensor, threshold: float, truth: Tensor | None = None) -> None:
        (first, confidence), (second, _) = self.first.classify(x), self.second.classify(x)
        same, sure = first == second, confidence > threshold
        tally.n += len(x)
        tally.agree += int(same.sum())
        tally.sure += int(sure.sum())
        tally.sure_agree += int((same & sure).sum())
        if truth is not None:
            tally.first += int((first == truth).sum())
            tally.second += int((second == truth).sum())


def _of_test_images(pair: Pair, threshold: float, facts: Mapping[str, Any]) -> Iterator[Row]:
    tally = pair.on_test(threshold)
    for metric, count in ((page.FIRST, tally.first), (page.SECOND, tally.second), (page.AGREE, tally.agree)):
        yield tables.row(metric, ours=percent(count, tally.n, TEST), **facts)
    yield tables.row(page.SURE_AGREE, ours=percent(tally.sure_agree, tally.sure, TEST), **_sure(threshold, facts))


def _of_samples(tallies: Mapping[int, Tally], threshold: float, facts: Mapping[str, Any]) -> Iterator[Row]:
    """The first training's shares with their interval over samples, and the spread over trainings."""
    yield _row(page.AGREE, {seed: percent(t.agree, t.n, "samples") for seed, t in tallies.items()}, facts)
    shares = {seed: percent(t.sure_agree, t.sure, "samples") for seed, t in tallies.items()}
    yield _row(page.SURE_AGREE, shares, _sure(threshold, facts))


def _row(metric: str, shares: Mapping[int, Interval], facts: Mapping[str, Any]) -> Row:
    first = next(iter(shares.values()))
    seeds = summarise([own.mean for own in shares.values()], "seeds") if len(shares) > 1 else None
    status = "ok" if first.n else "undefined"
    reason = "" if first.n else "the oracle is sure of no sample"
    return tables.row(metric, None, first, None, seeds, status=status, reason=reason, **facts)


def _sure(threshold: float, facts: Mapping[str, Any]) -> dict[str, Any]:
    return {**facts, "variant": f"oracle's confidence above {threshold:g}"}
