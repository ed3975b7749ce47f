"""Whether data fall into clusters with gaps between them, or a connected law would look the same (Sec. 4.1).

The paper embeds images, runs K-means, and takes a linear classifier's high accuracy for the cluster numbers as a sign
of disconnected data. Cells of K-means are Voronoi cells: a linear classifier finds them in any data, one Gaussian
included. So everything is also done with a Gaussian of the same mean and covariance, whose support is connected, and
what tells gaps from cuts through a bulk stands beside it: how much mass lies near the borders of the cells, the
silhouette, and how cells and true classes agree.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from scipy import stats
from sklearn.metrics import adjusted_rand_score

from pushforward.arrays import Floats, Integers, finite_matrix
from pushforward.errors import InputError
from pushforward.probes.clusters import cluster, linear_accuracy

UNLABELLED = -1
LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """Mean over rounds, half-width of its 95 % Student-t interval (NaN from one round), and the rounds."""

    mean: float
    half_width: float
    rounds: tuple[float, ...]


@dataclass(frozen=True)
class Disconnectedness:
    """Test accuracies, mass and gap in percent; all from points that neither K-means nor a classifier was fitted on.

    Attributes:
        cluster_accuracy: of a linear classifier that predicts the cluster; the paper's number.
        control_accuracy: the same for the Gaussian of equal mean and covariance.
        label_accuracy: of a linear classifier that predicts the true label.
        agreement: adjusted Rand index of clusters and true labels; 0 by chance, 1 if they are the same.
        silhouette: of the clusters, in [-1, 1].
        control_silhouette: the same for the Gaussian.
        border_mass: share of points near the border of their cell, see `clusters.border_mass`.
        control_border_mass: the same for the Gaussian.
        gap: share of the Gaussian's border mass that the data lack: 100 if the borders are empty, about 0 if the data
            cross them as a connected law does.
        clusters: K.
        epsilon: what counts as near a border.
        n_train: points fitted on.
        n_test: points scored.
        status: "ok" or "few_clusters"; nothing is defined unless it is "ok".
        reason: why.
        label_status: "ok", "no_labels", "single_class" or "undefined", for `label_accuracy` and `agreement`.
        label_reason: why.
    """

    cluster_accuracy: Estimate
    control_accuracy: Estimate
    label_accuracy: Estimate
    agreement: Estimate
    silhouette: Estimate
    control_silhouette: Estimate
    border_mass: Estimate
    control_border_mass: Estimate
    gap: Estimate
    clusters: int
    epsilon: float
    n_train: int
    n_test: int
    status: str
    reason: str
    label_status: str
    label_reason: str


ESTIMATES = tuple(field.name for field in fields(Disconnectedness) if field.type is Estimate)


def disconnectedness(
    embeddings: Any,
    labels: Any = None,
    *,
    generator: np.random.Generator,
    clusters: int = 10,
    rounds: int = 5,
    test_share: float = 1 / 6,
    epsilon: float = 0.1,
) -> Disconnectedness:
    """Measure gaps between clusters of embeddings, with the control of one Gaussian.

    Every round draws a split into training and test points, starts of K-means and a control of its own; intervals are
    over rounds.

    Args:
        embeddings: (n, f); scaled to length 1 here (zeros stay).
        labels: (n,) true classes from 0, -1 for points without one; None if there are none.
        generator: of all randomness.
        clusters: K of K-means.
        rounds: repetitions.
        test_share: part of the points to score on; the default is 10,000 of 60,000.
        epsilon: see `clusters.border_mass`.

    Raises:
        InputError: embeddings that are not finite, labels that do not fit, or numbers out of their ranges, among them
            more clusters than training points.
    """
    points = normalised(finite_matrix(embeddings, "embedding"))
    truth = _labels(labels, len(points))
    n_test = round(len(points) * test_share)
    _require_ranges(clusters, rounds, epsilon, len(points) - n_test, n_test)
    draw = matched_gaussian(points)
    results = [_round(points, truth, draw, clusters, n_test, epsilon, child) for child in generator.spawn(rounds)]
    estimates: dict[str, Any] = {name: estimate([r[name] for r in results]) for name in ESTIMATES}
    fewest = int(min(r["found"] for r in results))
    good = fewest == clusters
    label_status, label_reason = _label_state(truth, good, math.isnan(estimates["label_accuracy"].mean))
    return Disconnectedness(
        **estimates,
        clusters=clusters,
        epsilon=epsilon,
        n_train=len(points) - n_test,
        n_test=n_test,
        status="ok" if good else "few_clusters",
        reason="" if good else f"K-means finds {fewest} of {clusters} clusters: too few embeddings differ",
        label_status=label_status,
        label_reason=label_reason,
    )


def _round(
    points: Floats,
    truth: Integers,
    draw: Callable[[np.random.Generator], Floats],
    clusters: int,
    n_test: int,
    epsilon: float,
    generator: np.random.Generator,
) -> dict[str, float]:
    """All numbers of one split; NaN where they are not defined."""
    order = generator.permutation(len(points))
    train, test = points[order[n_test:]], points[order[:n_test]]
    here = cluster(train, test, clusters, epsilon, generator)
    values = {**dict.fromkeys(ESTIMATES, math.nan), "found": here.found}
    if here.found < clusters:
        return values
    control = draw(generator)
    there = cluster(control[n_test:], control[:n_test], clusters, epsilon, generator)
    return values | {
        "cluster_accuracy": here.accuracy,
        "control_accuracy": there.accuracy,
        "silhouette": here.silhouette,
        "control_silhouette": there.silhouette,
        "border_mass": here.border_mass,
        "control_border_mass": there.border_mass,
        "gap": 100 * (1 - here.border_mass / there.border_mass) if there.border_mass > 0 else math.nan,
        **_agreement(train, truth[order[n_test:]], test, truth[order[:n_test]], here.ids),
    }


def _agreement(train: Floats, labels: Integers, test: Floats, test_labels: Integers, ids: Integers) -> dict[str, float]:
    """What the labelled points say."""
    known, scored = labels != UNLABELLED, test_labels != UNLABELLED
    if len(np.unique(labels[known])) < 2 or not scored.any():
        return {}
    classes = int(max(labels.max(), test_labels.max())) + 1
    return {
        "label_accuracy": linear_accuracy(train[known], labels[known], test[scored], test_labels[scored], classes),
        "agreement": float(adjusted_rand_score(test_labels[scored], ids[scored])),
    }


def normalised(points: Floats) -> Floats:
    """Rows (n, f) scaled to length 1; a row of zeros stays."""
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    return points / np.where(lengths > 0, lengths, 1)


def matched_gaussian(points: Floats) -> Callable[[np.random.Generator], Floats]:
    """Draws of as many points (n, f) from the Gaussian of their mean and covariance, scaled to length 1 as they are."""
    mean = points.mean(axis=0)
    deviations = points - mean
    values, vectors = np.linalg.eigh((deviations.T @ deviations).astype(np.float64) / max(len(points) - 1, 1))
    root = (vectors * np.sqrt(values.clip(0))).T.astype(points.dtype)  # (f, f)

    def draw(generator: np.random.Generator) -> Floats:
        return normalised(generator.standard_normal(points.shape, dtype=points.dtype) @ root + mean)

    return draw


def estimate(values: list[float]) -> Estimate:
    """Mean and half-width of the 95 % Student-t interval; NaN if one of the values is."""
    n = len(values)
    width = stats.t.ppf((1 + LEVEL) / 2, n - 1) * np.std(values, ddof=1) / math.sqrt(n) if n > 1 else math.nan
    return Estimate(float(np.mean(values)), float(width), tuple(map(float, values)))


def _labels(labels: Any, n: int) -> Integers:
    if labels is None:
        return np.full(n, UNLABELLED, dtype=np.int64)
    vector = np.asarray(labels)
    if vector.shape != (n,) or not np.issubdtype(vector.dtype, np.integer) or (n and vector.min() < UNLABELLED):
        raise InputError(
            f"labels must be {n} integers from -1 (none) upwards, got {vector.dtype} of shape {vector.shape}."
        )
    return vector.astype(np.int64)


def _require_ranges(clusters: int, rounds: int, epsilon: float, n_train: int, n_test: int) -> None:
    if not 2 <= clusters <= n_train:
        raise InputError(f"clusters must lie in 2..{n_train}, the number of training points, not {clusters}.")
    if n_test < 2 or rounds < 1 or epsilon <= 0:
        raise InputError(
            f"at least 2 test points, 1 round and an epsilon above 0 are needed; {n_test}, {rounds} and {epsilon} came."
        )


def _label_state(truth: Integers, good: bool, undefined: bool) -> tuple[str, str]:
    known = truth[truth != UNLABELLED]
    if not len(known):
        return "no_labels", "no point has a label"
    if len(np.unique(known)) < 2:
        return "single_class", f"all labelled points have class {known[0]}"
    if undefined:
        return "undefined", "a split has too few labelled points" if good else "there are too few clusters"
    return "ok", ""
