"""Probe the latent space of every snapshot of one training, under both protocols."""

import importlib
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
from pushforward.provenance import device
from pushforward.sampling import draw, sources
from pushforward.sampling.checkpoint import generators, law, load_classifier
from pushforward.sampling.conditional import Joint
from pushforward.theory.isoperimetry import isoperimetric_ratio

PROTOCOLS = ("printed", "corrected")
METRICS = ("logreg_acc", "convex_acc", "isoperimetric_ratio")


def run(params: dict[str, Any], deps: dict[str, str], outs: dict[str, str], scratch: Path) -> None:
    """Write one record: facts of the training, and for each snapshot its numbers under each protocol."""
    dataset, about = data.load(deps["data"]), artifacts.read_json(deps["about"])
    label = labeller(dataset, load_classifier(deps["oracle"]) if "oracle" in deps else None, device())
    probe, encoded = Probe(params, label), about["model"]["kind"] == "vae"
    snapshots = []
    for step, generator in generators(deps["weights"]):
        latent = law(deps["weights"], step).to(device())
        source = _encoded(deps["weights"], step, dataset) if encoded else sources.Prior(latent)
        snapshots.append({"step": step, **probe(generator.to(device()), latent, source, step)})
    artifacts.write_json(
        outs["measures"],
        {
            "run": params["run"],
            "seconds": about["seconds"],
            "device": f"{about['environment']['device']}: {about['environment']['device_name']}",
            "oracle_test_accuracy": artifacts.read_json(deps["oracle_about"])["test_accuracy"]
            if "oracle" in deps
            else None,
            "snapshots": snapshots,
        },
    )


def _encoded(path: str, step: int, dataset: data.Dataset) -> sources.Source:
    """A VAE's latents are encodings of images; loaded by name, so that the code of VAEs is none of a GAN's."""
    networks = dict(importlib.import_module("pushforward.sampling.autoencoder").autoencoders(path))
    return sources.Encoded(networks[step].to(device()), dataset)


class Probe:
    """Everything that is measured of one generator.

    Args:
        params: those of the job.
        label: labels and features of samples.
    """

    def __init__(self, params: Mapping[str, Any], label: Labeller) -> None:
        self.params, self.label = params, label

    def __call__(self, generator: nn.Module, latent: Law, source: sources.Source, step: int) -> dict[str, Any]:
        """The numbers of a snapshot, with its law of z; its random streams depend on the step."""
        self.generator, self.law, self.source, self.step = generator, latent, source, step
        if isinstance(self.law, Joint):
            return self._conditional(self.law)
        found: dict[str, Any] = {name: {} for name in PROTOCOLS}
        train, test = self._labelled("train"), self._labelled("test")
        for name in PROTOCOLS:
            protocol = self.params["protocols"][name]
            found[name] |= self._separability(protocol, train, test) | self._convexity(
                protocol, train if self.source.pairs == "train" else test
            )
        isoperimetry = self._isoperimetry()
        for name in PROTOCOLS:
            found[name]["isoperimetric_ratio"] = self._ratio(isoperimetry)
        return {**found, "balance": self._balance(), "isoperimetry": isoperimetry}

    def _stream(self, name: str) -> torch.Generator:
        return rng.generator(self.params["seed"], "measure", self.step, name, device=device())

    def _conditional(self, joint: Joint) -> dict[str, Any]:
        """Of a conditional generator: how often the oracle sees the class that was asked for."""
        why = "the class is an input of a conditional generator, so z says nothing about it"
        nothing = {name: cell(float("nan"), "not_applicable", why) for name in METRICS}
        n, stream = self.params["balance"]["points"], self._stream("balance")
        drawn = draw.labelled(self.generator, joint, self.label.classify, n, stream)
        return {
            **dict.fromkeys(PROTOCOLS, nothing),
            "balance": _plain(balance.balance(drawn.label.cpu().numpy(), classes=self.label.classes)),
            "conditional_accuracy": 100 * float((joint.classify(drawn.z) == drawn.label).double().mean()),
        }

    def _labelled(self, split: str) -> draw.Labelled:
        """Latents enough for the strictest protocol; each protocol takes its own from them."""
        wanted = self.params["separability"][split]
        threshold = max(self.params["protocols"][name]["threshold"] for name in PROTOCOLS)
        return self.source.labelled(self.generator, self.label.classify, split, wanted, threshold, self._stream(split))

    def _separability(self, protocol: Mapping[str, Any], train: draw.Labelled, test: draw.Labelled) -> dict[str, Any]:
        settings = self.params["separability"]
        fit = _taken(train, protocol["threshold"] if protocol["filter_train"] else None, settings["train"])
        score = _taken(test, protocol["threshold"], settings["test"])
        found = {"logreg_acc": self._accuracy(fit, score)}
        if fit.truth is not None:
            found["logreg_acc_true_labels"] = self._accuracy(fit.truly(), score.truly())
        return found

    def _accuracy(self, fit: draw.Labelled, score: draw.Labelled) -> dict[str, Any]:
        settings = self.params["separability"]
        record = separability.separability(
            *(tensor.cpu().numpy() for tensor in (fit.z, fit.label, score.z, score.label)),
            max_iter=settings["max_iter"],
            converged_iter=settings["converged_iter"],
            classes=self.label.classes,
        )
        accuracy = cell(record.accuracy, record.status, record.reason)
        return {**accuracy, **_plain(record), "acceptance": score.acceptance, "all_of_split": fit.exhausted}

    def _convexity(self, protocol: Mapping[str, Any], train: draw.Labelled) -> dict[str, Any]:
        settings, pairs = self.params["convexity"], self.params["convexity"]["pairs_per_class"]
        choice = rng.numpy_generator(self.params["seed"], "pairs", self.step)
        pool = _taken(train, protocol["threshold"], None)
        z, own = pool.z.cpu().numpy(), pool.label.cpu().numpy()
        if protocol["convex_pool"]:
            segments = convexity.printed_segments(z, own, pairs, settings["pool"], choice, classes=self.label.classes)
        else:
            segments = convexity.segments(z, own, pairs, choice, classes=self.label.classes)
        record = convexity.convexity(segments, self._labels(segments.points))
        return {"convex_acc": {**cell(record.accuracy, record.status, record.reason), **_plain(record)}}

    def _balance(self) -> dict[str, Any]:
        n, stream = self.params["balance"]["points"], self._stream("balance")
        labels = draw.labelled(self.generator, self.law, self.label.classify, n, stream).label
        return _plain(balance.balance(labels.cpu().numpy(), classes=self.label.classes))

    def _isoperimetry(self) -> dict[str, Any]:
        record = isoperimetric_ratio(
            self._labels,
            d=self.law.dim,
            classes=self.label.classes,
            generator=rng.numpy_generator(self.params["seed"], "ellipses", self.step),
            **self.params["isoperimetry"],
        )
        return _plain(record)

    @torch.no_grad()
    def _labels(self, z: np.ndarray) -> np.ndarray:
        """The partition of the latent space: (n, d) -> (n,)."""
        batches = torch.as_tensor(np.asarray(z, dtype=np.float32), device=device()).split(draw.BATCH)
        found = [self.label.classify(self.generator(batch))[0].cpu() for batch in batches if len(batch)]
        return torch.cat(found).numpy() if found else np.empty(0, dtype=np.int64)

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
