"""K-means of points on a sphere: how well a line parts the clusters, and how empty the space between them is."""

import math
import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import silhouette_score

from pushforward.arrays import Floats, Integers
from pushforward.probes.separability import separability

STARTS = 3  # of K-means; the best one is taken
ITERATIONS = 200  # of the linear classifier
SILHOUETTE_POINTS = 2000  # its cost is quadratic


@dataclass(frozen=True)
class Clustering:
    """Clusters of training points, and what test points say of them; NaN where fewer were found than asked for.

    Attributes:
        found: number of clusters.
        ids: cluster of each test point, (m,).
        accuracy: of a linear classifier fitted on the training points' clusters, in percent.
        silhouette: of the test points, in [-1, 1].
        border_mass: see `border_mass`.
    """

    found: int
    ids: Integers
    accuracy: float = math.nan
    silhouette: float = math.nan
    border_mass: float = math.nan


def cluster(train: Floats, test: Floats, clusters: int, epsilon: float, generator: np.random.Generator) -> Clustering:
    """Run K-means on `train` (n, f) and look at `test` (m, f).

    Args:
        train: points to find clusters in.
        test: points to score on.
        clusters: K.
        epsilon: see `border_mass`.
        generator: of the starts of K-means and of the points that the silhouette is computed from.
    """
    model = KMeans(clusters, n_init=STARTS, random_state=int(generator.integers(2**31)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer clusters than asked for are counted below
        model.fit(train)
    ids, found = model.predict(test).astype(np.int64), len(np.unique(model.labels_))
    if found < clusters:
        return Clustering(found, ids)
    few = generator.permutation(len(test))[:SILHOUETTE_POINTS]
    defined = 2 <= len(np.unique(ids[few])) < len(few)
    return Clustering(
        found,
        ids,
        accuracy=linear_accuracy(train, model.labels_, test, ids, clusters),
        silhouette=float(silhouette_score(test[few], ids[few])) if defined else math.nan,
        border_mass=border_mass(test, model.cluster_centers_, epsilon),
    )


def linear_accuracy(train: Floats, labels: Integers, test: Floats, test_labels: Integers, classes: int) -> float:
    """Of a logistic regression, in percent; the common scale of the points is set to 1 first, for its optimiser."""
    mean = train.mean(axis=0)
    scale = float(np.sqrt(np.mean((train - mean) ** 2))) or 1.0
    fitted = separability(
        *((train - mean) / scale, labels, (test - mean) / scale, test_labels),
        classes=classes,
        max_iter=ITERATIONS,
        converged_iter=ITERATIONS,
    )
    return fitted.accuracy


def border_mass(points: Floats, centres: Floats, epsilon: float) -> float:
    """Percent of points nearer than `epsilon` to the border of their Voronoi cell.

    The distance to a border is in units of half the distance between the two centres that it parts: a centre itself is
    at 1, the border at 0. The unit makes the share independent of scale.

    Args:
        points: (n, f).
        centres: (K, f).
        epsilon: greater than 0.
    """
    squared = np.stack([((points - centre) ** 2).sum(axis=1) for centre in centres], axis=1)  # (n, K)
    own = squared.argmin(axis=1)
    apart = ((centres[:, None] - centres) ** 2).sum(axis=2)[own]  # (n, K)
    excess = squared - squared.min(axis=1, keepdims=True)
    excess[np.arange(len(points)), own] = np.inf
    distance = (excess / np.where(apart > 0, apart, 1)).min(axis=1)
    return 100 * float(np.mean(distance < epsilon))
