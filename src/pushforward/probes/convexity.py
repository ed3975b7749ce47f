"""Convexity of the classes in latent space: do segments between latents of one class stay in the class?

Section 4.1 and Table 1 (`Convex`): points lambda z1 + (1 - lambda) z2 with lambda in {1/4, 1/2, 3/4}. The printed
formula applies lambda to class labels; it must act on the latents.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pushforward.arrays import Floats, Integers, class_labels, finite_matrix
from pushforward.errors import InputError

LAMBDAS = (0.25, 0.5, 0.75)
TINY = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True)
class Segments:
    """Pairs of latents of one class, and points between them.

    Attributes:
        points: (3 P, d), the three points of a pair after one another.
        expected: (3 P,) class of the pair's ends.
        classes: number of classes of the oracle.
        attempts: pairs that were asked for; P or more.
    """

    points: Floats
    expected: Integers
    classes: int
    attempts: int

    @property
    def pairs(self) -> int:
        """P."""
        return len(self.expected) // len(LAMBDAS)


@dataclass(frozen=True)
class Convexity:
    """Shares in percent of points whose class is that of their pair.

    Attributes:
        accuracy: over all points, as printed.
        balanced: mean of the classes' own shares.
        whole: share of pairs with all three points in the class.
        by_lambda: share at each lambda.
        lowest: smallest of these.
        by_class: class -> share; only classes with a pair.
        pairs_by_class: class -> number of pairs.
        pairs: number of pairs.
        attempts: pairs that were asked for.
        left_out: classes without a pair.
        status: "ok", "single_class" (a partition of one cell is convex, which says nothing) or "no_pairs".
        reason: why; also with "ok" where classes are left out.
    """

    accuracy: float
    balanced: float
    whole: float
    by_lambda: tuple[float, ...]
    lowest: float
    by_class: dict[int, float]
    pairs_by_class: dict[int, int]
    pairs: int
    attempts: int
    left_out: tuple[int, ...]
    status: str = "ok"
    reason: str = ""


def segments(
    z: Any, labels: Any, pairs_per_class: int, generator: np.random.Generator, *, classes: int, path: str = "linear"
) -> Segments:
    """Segments between already labelled latents: the same number of pairs for every class, no latent used twice.

    Args:
        z: (n, d).
        labels: (n,) in 0..classes-1.
        pairs_per_class: pairs wanted a class; fewer where a class has not twice as many latents.
        generator: chooses the pairs.
        classes: number of classes.
        path: "linear", or "spherical": along the great circle, with the norm between those of the ends.

    Raises:
        InputError: latents that are not finite, labels that do not fit, an unknown path.
    """
    z, labels = _checked(z, labels, classes)
    first, second, of = [], [], []
    for label in range(classes):
        own = generator.permutation(np.flatnonzero(labels == label))[: 2 * pairs_per_class]
        half = len(own) // 2
        first.append(own[:half])
        second.append(own[half : 2 * half])
        of.append(np.full(half, label))
    ends = np.concatenate(first), np.concatenate(second)
    return _between(z, *ends, np.concatenate(of), classes, path, attempts=classes * pairs_per_class)


def printed_segments(
    z: Any, labels: Any, repeats: int, pool: int, generator: np.random.Generator, *, classes: int, path: str = "linear"
) -> Segments:
    """Segments as the authors' code draws them: per class and repeat a pool of latents, its first two of the class.

    A pool with fewer than two latents of the class gives no pair, so rare classes count less. Pools are drawn from the
    labelled latents given, with replacement between pools.

    Args:
        z: (n, d), in random order.
        labels: (n,).
        repeats: pools a class.
        pool: latents a pool; all there are, where there are fewer.
        generator: chooses the pools.
        classes: number of classes.
        path: see `segments`.
    """
    z, labels = _checked(z, labels, classes)
    first, second, of = [], [], []
    size = min(pool, len(z))
    for label in range(classes):
        for _ in range(repeats):
            drawn = generator.choice(len(z), size, replace=False)
            hits = drawn[labels[drawn] == label][:2]
            if len(hits) == 2:
                first.append(hits[0])
                second.append(hits[1])
                of.append(label)
    a, b, own = (np.asarray(each, dtype=np.int64) for each in (first, second, of))
    return _between(z, a, b, own, classes, path, attempts=classes * repeats)


def convexity(between: Segments, predicted: Any) -> Convexity:
    """Compare the classes of the points with those of their pairs.

    Args:
        between: from `segments` or `printed_segments`.
        predicted: (3 P,) the oracle's classes of the points.
    """
    predicted = class_labels(predicted, between.classes, "predicted", len(between.points))
    right = (predicted == between.expected).reshape(-1, len(LAMBDAS))
    of = between.expected[:: len(LAMBDAS)]
    present, counts = np.unique(of, return_counts=True)
    by_class = {int(label): _percent(right[of == label]) for label in present}
    by_lambda = tuple(_percent(column) for column in right.T)
    status, reason = _state(present, between.classes)
    numbers = (_percent(right), float(np.mean(list(by_class.values()) or [math.nan])), _percent(right.all(axis=1)))
    if status != "ok":
        numbers, by_lambda = (math.nan,) * 3, (math.nan,) * len(LAMBDAS)
    return Convexity(
        *numbers,
        by_lambda=by_lambda,
        lowest=min(by_lambda),
        by_class=by_class,
        pairs_by_class={int(label): int(count) for label, count in zip(present, counts, strict=True)},
        pairs=between.pairs,
        attempts=between.attempts,
        left_out=_left_out(present, between.classes),
        status=status,
        reason=reason,
    )


def _state(present: Integers, classes: int) -> tuple[str, str]:
    if len(present) == 0:
        return "no_pairs", "no class has two latents"
    if len(present) == 1:
        return "single_class", f"every pair is of class {present[0]}"
    left_out = _left_out(present, classes)
    return "ok", f"classes without a pair: {', '.join(map(str, left_out))}" if left_out else ""


def _left_out(present: Integers, classes: int) -> tuple[int, ...]:
    return tuple(int(c) for c in np.setdiff1d(np.arange(classes), present))


def _checked(z: Any, labels: Any, classes: int) -> tuple[Floats, Integers]:
    z = finite_matrix(z, "latent")
    return z, class_labels(labels, classes, "latent", len(z))


def _between(
    z: Floats, first: Integers, second: Integers, of: Integers, classes: int, path: str, attempts: int
) -> Segments:
    if path not in PATHS:
        raise InputError(f"a path is one of {', '.join(PATHS)}; got {path!r}.")
    points = PATHS[path](z[first], z[second]).reshape(-1, z.shape[1])
    expected = np.repeat(of, len(LAMBDAS)).astype(np.int64)
    return Segments(points, expected, classes, attempts)


def _linear(a: Floats, b: Floats) -> Floats:
    weights = np.asarray(LAMBDAS, dtype=a.dtype)[None, :, None]
    return weights * a[:, None] + (1 - weights) * b[:, None]


def _spherical(a: Floats, b: Floats) -> Floats:
    weights = np.asarray(LAMBDAS)[None, :, None]
    lengths = [np.linalg.norm(end, axis=1)[:, None, None].astype(np.float64) for end in (a, b)]
    units = [end[:, None] / np.maximum(length, TINY) for end, length in zip((a, b), lengths, strict=True)]
    angle = np.arccos(np.clip((units[0] * units[1]).sum(-1, keepdims=True), -1, 1))
    flat = np.sin(angle) < 1e-6  # one direction or opposite ones: no great circle is singled out, so a straight line
    sine = np.where(flat, 1, np.sin(angle))
    on_circle = (np.sin(weights * angle) * units[0] + np.sin((1 - weights) * angle) * units[1]) / sine
    straight = weights * units[0] + (1 - weights) * units[1]
    points = (weights * lengths[0] + (1 - weights) * lengths[1]) * np.where(flat, straight, on_circle)
    return points.astype(a.dtype)


PATHS = {"linear": _linear, "spherical": _spherical}


def _percent(right: NDArray[np.bool_]) -> float:
    return 100 * int(right.sum()) / right.size if right.size else math.nan
