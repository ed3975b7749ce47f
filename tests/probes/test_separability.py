import math
import warnings

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from pushforward.errors import InputError
from pushforward.probes.separability import separability


def sectors(n, d, classes, seed, noise=0.0):
    """Labels that are linear in z but for some noise: the nearest of `classes` directions."""
    directions = np.random.default_rng(99).normal(size=(classes, d))
    g = np.random.default_rng(seed)
    z = g.normal(size=(n, d))
    return z, np.argmax(z @ directions.T + noise * g.normal(size=(n, classes)), axis=1)


def measure(train, test, classes, **options):
    return separability(*train, *test, classes=classes, **options)


def test_linear_classes_are_separable():
    record = measure(sectors(3000, 4, 5, 0), sectors(1000, 4, 5, 1), 5)
    assert record.accuracy > 97 and record.status == "ok"
    assert (record.n_train, record.n_test, record.classes, record.missing) == (3000, 1000, 5, ())
    assert record.accuracy > record.chance + 20


def test_equals_the_printed_recipe():
    train, test = sectors(1500, 6, 4, 0, noise=2.0), sectors(700, 6, 4, 1, noise=2.0)
    model = LogisticRegression(C=np.inf).fit(*train)
    record = measure(train, test, 4)
    assert record.converged and record.accuracy == pytest.approx(100 * model.score(*test))
    assert record.accuracy_converged == record.accuracy and record.iterations == model.n_iter_[0]


def test_a_circle_is_not_separable():
    g = np.random.default_rng(0)
    z = g.normal(size=(2000, 2))
    labels = (np.linalg.norm(z, axis=1) > np.sqrt(2 * np.log(2))).astype(int)
    record = separability(z[:1000], labels[:1000], z[1000:], labels[1000:], classes=2)
    assert abs(record.accuracy - 50) < 8 and abs(record.chance - 50) < 5


def test_early_stop_is_recorded_not_leaked():
    train, test = sectors(800, 20, 6, 0, noise=0.5), sectors(400, 20, 6, 1, noise=0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        stopped = measure(train, test, 6, max_iter=2, converged_iter=3)
        continued = measure(train, test, 6, max_iter=2)
    assert not stopped.converged and stopped.iterations == 2
    assert continued.converged and continued.iterations == 2 and continued.accuracy == stopped.accuracy
    assert continued.accuracy_converged > continued.accuracy
    assert continued.accuracy_converged == pytest.approx(measure(train, test, 6).accuracy, abs=0.5)


@pytest.mark.fault("F33")
def test_single_class_is_undefined_never_perfect():
    z, labels = sectors(100, 3, 4, 0)
    record = separability(z, np.full(100, 2), z, labels, classes=4, acceptance=0.25)
    assert math.isnan(record.accuracy) and math.isnan(record.accuracy_converged)
    assert record.status == "single_class" and "class 2" in record.reason
    assert record.missing == (0, 1, 3) and record.acceptance == 0.25


def test_no_latents_are_undefined():
    z, labels = sectors(100, 3, 4, 0)
    record = separability(z, labels, z[:0], labels[:0], classes=4)
    assert math.isnan(record.accuracy) and record.status == "no_latents"
    assert separability(z[:0], labels[:0], z, labels, classes=4).missing == (0, 1, 2, 3)


def test_classes_missing_from_training_count_as_wrong():
    train, test = sectors(2000, 4, 5, 0), sectors(1000, 4, 5, 1)
    kept = train[1] != 3
    record = separability(train[0][kept], train[1][kept], *test, classes=5)
    assert record.missing == (3,) and record.status == "ok"
    assert record.accuracy <= 100 - 100 * np.mean(test[1] == 3)


def test_single_precision_latents_give_the_same():
    train, test = sectors(500, 4, 3, 0, noise=1.0), sectors(300, 4, 3, 1, noise=1.0)
    single = [(z.astype(np.float32), labels) for z, labels in (train, test)]
    double = [(z.astype(np.float64), labels) for z, labels in single]
    assert measure(*single, 3).accuracy == measure(*double, 3).accuracy


@pytest.mark.fault("F35")
def test_errors_come_before_the_work():
    z, labels = sectors(100, 3, 4, 0)
    bad = z.copy()
    bad[[17, 40, 41], 0] = np.inf
    with pytest.raises(InputError, match=r"3 of 100 test latent rows not finite \(first 17\)"):
        separability(z, labels, bad, labels, classes=4)
    with pytest.raises(InputError, match="d = 3, test latents 2"):
        separability(z, labels, z[:, :2], labels, classes=4)
    with pytest.raises(InputError, match="one training label a row: 100, got 99"):
        separability(z, labels[1:], z, labels, classes=4)
