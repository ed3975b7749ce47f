"""Linear separability of the classes in latent space: accuracy of a logistic regression from z to the oracle's label.

Section 4.1 and Table 1 (`LogReg`). The regression has no penalty, an intercept and no scaling of features.
"""

import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from pushforward.arrays import Floats, Integers, class_labels, finite_matrix
from pushforward.errors import InputError


@dataclass(frozen=True)
class Separability:
    """Accuracies in percent.

    Attributes:
        accuracy: on the test latents after `max_iter` iterations, as the authors' code stops.
        accuracy_converged: after as many iterations as convergence needs, at most `converged_iter`.
        converged: whether those sufficed.
        iterations: iterations that were done for `accuracy`.
        chance: share of the most frequent class among the test labels.
        n_train: latents fitted.
        n_test: latents scored.
        missing: classes without a training latent; a test latent of such a class counts as wrong.
        status: "ok", "single_class" or "no_latents"; the accuracies are NaN unless it is "ok".
        reason: why.
    """

    accuracy: float
    accuracy_converged: float
    converged: bool
    iterations: int
    chance: float
    n_train: int
    n_test: int
    missing: tuple[int, ...]
    status: str = "ok"
    reason: str = ""


def separability(
    train_z: Any,
    train_labels: Any,
    test_z: Any,
    test_labels: Any,
    *,
    classes: int,
    max_iter: int = 100,
    converged_iter: int = 1000,
) -> Separability:
    """Fit on one set of labelled latents, score on another.

    Args:
        train_z: (n, d).
        train_labels: (n,) in 0..classes-1.
        test_z: (m, d).
        test_labels: (m,).
        classes: number of classes of the oracle.
        max_iter: iterations of L-BFGS, 100 in the authors' code.
        converged_iter: iterations allowed to the converged value.

    Raises:
        InputError: latents that are not finite, or shapes and labels that do not fit.
    """
    train_z, test_z = finite_matrix(train_z, "training latent"), finite_matrix(test_z, "test latent")
    train_labels = class_labels(train_labels, classes, "training", len(train_z))
    test_labels = class_labels(test_labels, classes, "test", len(test_z))
    if train_z.shape[1] != test_z.shape[1]:
        raise InputError(
            f"training latents have d = {train_z.shape[1]}, test latents {test_z.shape[1]}: draw both alike."
        )
    missing = tuple(int(c) for c in np.setdiff1d(np.arange(classes), train_labels))
    status, reason = _state(train_labels, test_labels)
    if status != "ok":
        nan = math.nan
        return Separability(nan, nan, False, 0, nan, len(train_z), len(test_z), missing, status, reason)
    first, iterations, done = _fit(train_z, train_labels, test_z, test_labels, max_iter)
    final = first
    if not done and converged_iter > max_iter:
        final, _, done = _fit(train_z, train_labels, test_z, test_labels, converged_iter)
    chance = 100 * int(np.bincount(test_labels).max()) / len(test_labels)
    return Separability(first, final, done, iterations, chance, len(train_z), len(test_z), missing)


def _state(train: Integers, test: Integers) -> tuple[str, str]:
    if not len(train) or not len(test):
        return "no_latents", f"{len(train)} training and {len(test)} test latents pass the oracle's threshold"
    present = np.unique(train)
    if len(present) < 2:
        return (
            "single_class",
            f"all {len(train)} training latents have class {present[0]}: there is nothing to separate",
        )
    return "ok", ""


def _fit(z: Floats, labels: Integers, test_z: Floats, test: Integers, limit: int) -> tuple[float, int, bool]:
    """Accuracy in percent, iterations done, and whether the optimiser was content."""
    model = LogisticRegression(C=np.inf, max_iter=limit)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(z, labels)
    iterations = int(np.max(model.n_iter_))
    return 100 * float(np.mean(model.predict(test_z) == test)), iterations, iterations < limit
