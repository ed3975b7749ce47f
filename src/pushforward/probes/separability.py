"""Linear separability of the classes in latent space: accuracy of a logistic regression from z to the oracle's label.

Section 4.1 and Table 1 (`LogReg`). The regression is multinomial, in float64, with an intercept, without a penalty and
without scaling of the latents, by L-BFGS.
"""

import math
import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from pushforward.arrays import Doubles, Integers, class_labels, finite_matrix
from pushforward.errors import InputError


@dataclass(frozen=True)
class Separability:
    """Accuracies in percent.

    Attributes:
        accuracy: on the test latents after at most `max_iter` iterations, as the authors' code stops.
        accuracy_converged: after going on until convergence, at most for `converged_iter` iterations.
        converged: whether those sufficed.
        iterations: iterations that were done for `accuracy`.
        chance: share of the most frequent class among the test labels.
        n_train: latents fitted.
        n_test: latents scored.
        classes: number of classes of the oracle.
        missing: classes without a training latent; a test latent of such a class counts as wrong.
        acceptance: share of drawn latents that passed the oracle's threshold, where the caller tells.
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
    classes: int
    missing: tuple[int, ...]
    acceptance: float = math.nan
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
    acceptance: float = math.nan,
) -> Separability:
    """Fit on one set of labelled latents, score on another.

    Args:
        train_z: (n, d).
        train_labels: (n,) in 0..classes-1.
        test_z: (m, d).
        test_labels: (m,).
        classes: number of classes of the oracle.
        max_iter: iterations of L-BFGS, 100 in the authors' code.
        converged_iter: further iterations allowed for the converged value.
        acceptance: put on record.

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
    nan, sizes = math.nan, (len(train_z), len(test_z), classes)
    undefined = Separability(nan, nan, False, 0, nan, *sizes, missing, acceptance, status, reason)
    if status != "ok":
        return undefined
    train_z, test_z = train_z.astype(np.float64), test_z.astype(np.float64)
    model = LogisticRegression(C=np.inf, max_iter=max_iter, warm_start=True)  # no penalty
    converged = _fitted(model, train_z, train_labels)
    first, iterations = _score(model, test_z, test_labels), int(np.max(model.n_iter_))
    if not converged:
        converged = _fitted(model.set_params(max_iter=converged_iter), train_z, train_labels)
    return replace(
        undefined,
        accuracy=first,
        accuracy_converged=_score(model, test_z, test_labels),
        converged=converged,
        iterations=iterations,
        chance=100 * int(np.bincount(test_labels).max()) / len(test_labels),
    )


def _state(train: Integers, test: Integers) -> tuple[str, str]:
    if not len(train) or not len(test):
        return "no_latents", f"there are {len(train)} training and {len(test)} test latents"
    if (train == train[0]).all():
        return "single_class", f"all {len(train)} training latents have class {train[0]}: nothing to separate"
    return "ok", ""


def _fitted(model: LogisticRegression, z: Doubles, labels: Integers) -> bool:
    """Fit, or go on fitting; whether the optimiser was content."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(z, labels)
    others = [w for w in caught if not issubclass(w.category, ConvergenceWarning)]
    for other in others:
        warnings.warn_explicit(other.message, other.category, other.filename, other.lineno)
    return len(others) == len(caught)


def _score(model: LogisticRegression, z: Doubles, labels: Integers) -> float:
    return 100 * int((model.predict(z) == labels).sum()) / len(labels)
