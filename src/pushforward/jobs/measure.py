"""Probe the latent space of every snapshot of one training, under both protocols."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from pushforward import artifacts, data, rng
from pushforward.features.labeller import Labeller, labeller
from pushforward.jobs.facts import cell
from pushforward.latents.law import Law
from pushforward.probes import balance, convexity, separability
from pushforward.sampling import draw
from pushforward.sampling.checkpoint import generators, law, load_classifier
from pushforward.sampling.conditional import Joint
from pushforward.theory.isoperimetry import isoperimetric_ratio

PROTOCOLS = ("printed", "corrected")
METRICS = ("logreg_acc", "convex_acc", "isoperimetric_ratio")


def run(params: dict[str, Any], deps: dict[str, str], outs: dict[str, str], scratch: Path) -> None:
    """Write one record: facts of the training, and for each snapshot its numbers under each protocol."""
    dataset, about = data.load(deps["data"]), artifacts.read_json(deps["about"])
    label = labeller(dataset, load_classifier(deps["oracle"]) if "oracle" in deps else None)
    probe = Probe(params, law(deps["weights"]), label)
    artifacts.write_json(
        outs["measures"],
        {
            "run": params["run"],
            "seconds": about["seconds"],
            "device": f"{about['environment']['device']}: {about['environment']['device_name']}",
            "oracle_test_accuracy": artifacts.read_json(deps["oracle_about"])["test_accuracy"]
            if "oracle" in deps
            else None,
            "snapshots": [{"step": step, **probe(generator, step)} for step, generator in generators(deps["weights"])],
        },
    )


class Probe:
    """Everything that is measured of one generator.

    Args:
        params: those of the job.
        latent: the law of z.
        label: labels and features of samples.
    """

    def __init__(self, params: Mapping[str, Any], latent: Law, label: Labeller) -> None:
        self.params, self.law, self.label = params, latent, label

    def __call__(self, generator: nn.Module, step: int) -> dict[str, Any]:
        """The numbers of a snapshot; its random streams depend on the step."""
        self.generator, self.step = generator, step
        if isinstance(self.law, Joint):
            return self._conditional(self.law)
        found: dict[str, Any] = {name: {} for name in PROTOCOLS}
        train, test = self._labelled("train"), self._labelled("test")
        for name in PROTOCOLS:
            protocol = self.params["protocols"][name]
            found[name] |= self._separability(protocol, train, test) | self._convexity(protocol, train)
        isoperimetry = self._isoperimetry()
        for name in PROTOCOLS:
            found[name]["isoperimetric_ratio"] = self._ratio(isoperimetry)
        return {**found, "balance": self._balance(), "isoperimetry": isoperimetry}

    def _stream(self, name: str) -> torch.Generator:
        return rng.generator(self.params["seed"], "measure", self.step, name)

    def _conditional(self, joint: Joint) -> dict[str, Any]:
        """Of a conditional generator: how often the oracle sees the class that was asked for."""
        why = "the class is an input of a conditional generator, so z says nothing about it"
        nothing = {name: cell(float("nan"), "not_applicable", why) for name in METRICS}
        n, stream = self.params["balance"]["points"], self._stream("balance")
        drawn = draw.labelled(self.generator, joint, self.label.classify, n, stream)
        return {
            **dict.fromkeys(PROTOCOLS, nothing),
            "balance": _plain(balance.balance(drawn.label.numpy(), classes=self.label.classes)),
            "conditional_accuracy": 100 * float((joint.classify(drawn.z) == drawn.label).double().mean()),
        }

    def _labelled(self, split: str) -> draw.Labelled:
        """Latents enough for the strictest protocol; each protocol takes its own from them."""
        wanted = self.params["separability"][split]
        threshold = max(self.params["protocols"][name]["threshold"] for name in PROTOCOLS)
        classify, stream = self.label.classify, self._stream(split)
        if threshold == 0:
            return draw.labelled(self.generator, self.law, classify, wanted, stream)
        return draw.confident(self.generator, self.law, classify, wanted, threshold, stream)

    def _separability(self, protocol: Mapping[str, Any], train: draw.Labelled, test: draw.Labelled) -> dict[str, Any]:
        settings = self.params["separability"]
        fit = _taken(train, protocol["threshold"] if protocol["filter_train"] else None, settings["train"])
        score = _taken(test, protocol["threshold"], settings["test"])
        record = separability.separability(
            fit.z.numpy(),
            fit.label.numpy(),
            score.z.numpy(),
            score.label.numpy(),
            max_iter=settings["max_iter"],
            converged_iter=settings["converged_iter"],
            classes=self.label.classes,
        )
        accuracy = cell(record.accuracy, record.status, record.reason)
        return {"logreg_acc": {**accuracy, **_plain(record), "acceptance": score.acceptance}}

    def _convexity(self, protocol: Mapping[str, Any], train: draw.Labelled) -> dict[str, Any]:
        settings, pairs = self.params["convexity"], self.params["convexity"]["pairs_per_class"]
        choice = rng.numpy_generator(self.params["seed"], "pairs", self.step)
        pool = _taken(train, protocol["threshold"], None)
        if protocol["convex_pool"]:
            segments = convexity.printed_segments(
                pool.z.numpy(), pool.label.numpy(), pairs, settings["pool"], choice, classes=self.label.classes
            )
        else:
            segments = convexity.segments(pool.z.numpy(), pool.label.numpy(), pairs, choice, classes=self.label.classes)
        points = torch.from_numpy(np.asarray(segments.points, dtype=np.float32))
        with torch.no_grad():
            predicted = [self.label.classify(self.generator(z))[0] for z in points.split(draw.BATCH) if len(z)]
        record = convexity.convexity(
            segments, torch.cat(predicted).numpy() if predicted else np.empty(0, dtype=np.int64)
        )
        return {"convex_acc": {**cell(record.accuracy, record.status, record.reason), **_plain(record)}}

    def _balance(self) -> dict[str, Any]:
        n, stream = self.params["balance"]["points"], self._stream("balance")
        labels = draw.labelled(self.generator, self.law, self.label.classify, n, stream).label
        return _plain(balance.balance(labels.numpy(), classes=self.label.classes))

    def _isoperimetry(self) -> dict[str, Any]:
        @torch.no_grad()
        def labels(z: np.ndarray) -> np.ndarray:
            batches = torch.from_numpy(np.asarray(z, dtype=np.float32)).split(draw.BATCH)
            return torch.cat([self.label.classify(self.generator(batch))[0] for batch in batches]).numpy()

        record = isoperimetric_ratio(
            labels,
            d=self.law.dim,
            classes=self.label.classes,
            generator=rng.numpy_generator(self.params["seed"], "ellipses", self.step),
            **self.params["isoperimetry"],
        )
        return _plain(record)

    def _ratio(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """The ratio where the best partition is known: no more classes than d + 1."""
        if self.label.classes > self.law.dim + 1:
            reason = f"{self.label.classes} classes need a latent dimension of at least {self.label.classes - 1}"
            return cell(float("nan"), "not_applicable", reason)
        return cell(record["ratio"], record["status"], record["reason"])


def _taken(latents: draw.Labelled, threshold: float | None, n: int | None) -> draw.Labelled:
    """The first `n` latents above a threshold; with None, or a threshold of 0, as they were drawn."""
    return latents.confident(threshold or -1.0, n)


def _plain(record: Any) -> dict[str, Any]:
    return asdict(record)
