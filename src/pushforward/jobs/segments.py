"""Segments between two samples of a class: what an oracle sees along straight lines and along great circles."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pushforward import rng
from pushforward.errors import InputError
from pushforward.jobs.facts import plain, share
from pushforward.jobs.trained import Trained
from pushforward.latents.law import Law
from pushforward.report.intervals import Interval, summarise
from pushforward.sampling import draw
from pushforward.sampling.paths import PATHS

SPARE = 4  # confident samples drawn for one pair: two are needed, rare classes need more


@dataclass(frozen=True)
class Segments:
    """Pairs of confident samples of one class, no sample in two of them, and the oracle's word along both paths.

    Attributes:
        first: latents of the first ends, (n, d); the first pair of every class comes before any second one.
        second: latents of the second ends, (n, d).
        of: class of each pair, (n,).
        labels: path -> classes at the inner points, (n, k).
        confidences: path -> the oracle's confidences there, (n, k).
        accepted: share of the samples drawn that were confident.
        weights: positions along a path, the ends included, (k + 2,).
        threshold: confidence above which a sample is confident.
        status: "ok", "no_pairs" or "single_class".
        reason: why.
    """

    first: Tensor
    second: Tensor
    of: np.ndarray
    labels: Mapping[str, np.ndarray]
    confidences: Mapping[str, np.ndarray]
    accepted: float
    weights: Tensor
    threshold: float
    status: str
    reason: str

    def kept(self, path: str) -> np.ndarray:
        """Whether the class is that of the ends, (n, k)."""
        return self.labels[path] == self.of[:, None]

    def sure(self, path: str) -> np.ndarray:
        """Whether it is, and the oracle is confident, (n, k)."""
        return self.kept(path) & (self.confidences[path] >= self.threshold)

    def shares(self, hits: np.ndarray) -> list[Interval]:
        """Share of pairs in each column of hits (n, k), with Wilson's interval; NaN unless the status is "ok"."""
        if self.status != "ok":
            return [Interval(math.nan, math.nan, math.nan, 0, "samples", len(hits))] * hits.shape[1]
        return [share(column) for column in hits.T]

    def over_pairs(self, values: np.ndarray) -> Interval:
        """Mean over pairs of one number each, (n,): the points of one pair are not independent."""
        if self.status != "ok":
            return Interval(math.nan, math.nan, math.nan, 0, "samples", len(values))
        return summarise(values, "samples")

    def facts(self) -> dict[str, Any]:
        """Everything measured, as JSON-able values; shares in [0, 1]."""
        inner = [f"{float(w):.3f}" for w in self.weights[1:-1]]

        def by_weight(hits: np.ndarray) -> dict[str, Any]:
            return {w: plain(own) for w, own in zip(inner, self.shares(hits), strict=True)}

        apart = self.kept("spherical").mean(axis=1) - self.kept("linear").mean(axis=1)
        return {
            "status": self.status,
            "reason": self.reason,
            "pairs": len(self.of),
            "pairs_by_class": {str(k): int(n) for k, n in zip(*np.unique(self.of, return_counts=True), strict=True)},
            "confident_samples": self.accepted,
            "class_kept": {path: by_weight(self.kept(path)) for path in PATHS},
            "class_kept_and_confident": {path: by_weight(self.sure(path)) for path in PATHS},
            "points": {path: plain(self.over_pairs(self.kept(path).mean(axis=1))) for path in PATHS},
            "whole": {path: plain(self.shares(self.kept(path).min(axis=1, keepdims=True))[0]) for path in PATHS},
            "spherical_less_linear": plain(self.over_pairs(apart)),
        }


def measure(trained: Trained, latent: Law, pairs: int, steps: int, threshold: float, seed: int) -> Segments:
    """Draw confident samples, pair those of a class, and ask the oracle along both paths.

    Args:
        trained: a generator of images.
        latent: the law of z it was trained with.
        pairs: wanted, the same number a class; fewer where a class is rare.
        steps: points along a path, the ends included.
        threshold: confidence that the ends must exceed.
        seed: of the samples.

    Raises:
        InputError: the data are points of a mixture.
    """
    if trained.data.centres is not None:
        raise InputError(f"run {trained.run}: expected a generator of images; its data are points of a mixture.")
    stream = rng.generator(seed, "segments", trained.run, trained.seed)
    classify = trained.labeller.classify
    drawn = draw.confident(trained.generator, latent, classify, SPARE * pairs, threshold, stream)
    sure = drawn.confident(threshold)
    first, second = _pairs(sure.label.numpy(), math.ceil(pairs / trained.labeller.classes))
    ends, of = (sure.z[first], sure.z[second]), sure.label.numpy()[first]
    weights = torch.arange(steps, dtype=torch.float64) / (steps - 1)
    seen = {path: _seen(trained, along(*ends, weights[1:-1])) for path, along in PATHS.items()}
    labels, confidences = ({path: both[k] for path, both in seen.items()} for k in (0, 1))
    state = _state(of, threshold)
    return Segments(*ends, of, labels, confidences, sure.acceptance, weights, threshold, *state)


def _pairs(labels: np.ndarray, per_class: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions of both ends, (n,) each: neighbours in the order drawn, the first pair of every class first."""
    found = []
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        found += [(number, label, *own[2 * number : 2 * number + 2]) for number in range(min(len(own) // 2, per_class))]
    table = np.array(sorted(found), dtype=np.int64).reshape(-1, 4)
    return table[:, 2], table[:, 3]


def _state(of: np.ndarray, threshold: float) -> tuple[str, str]:
    present = np.unique(of)
    if len(present) == 0:
        return "no_pairs", f"no class has two samples above a confidence of {threshold}"
    if len(present) == 1:
        return "single_class", f"every confident pair is of class {present[0]}: staying there says nothing"
    return "ok", ""


def _seen(trained: Trained, points: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Classes and confidences at points (n, k, d), (n, k) each."""
    shape = tuple(points.shape[:2])
    if not len(points):
        return np.zeros(shape, dtype=np.int64), np.zeros(shape)
    parts = points.flatten(0, 1).split(draw.BATCH)
    found = [trained.labeller.classify(trained.generate(part.numpy())) for part in parts]
    labels, confidences = (torch.cat(own).reshape(shape).numpy() for own in zip(*found, strict=True))
    return labels, confidences
