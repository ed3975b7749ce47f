import math

import numpy as np
import pytest
from scipy.special import ndtri

from pushforward.errors import InputError
from pushforward.theory.agreement import best_rotation_agreement
from pushforward.theory.partition import simplicial_labels
from pushforward.theory.simplex import random_rotation, simplex_directions
from pushforward.theory.weighted import offsets_for_weights


@pytest.mark.parametrize(("m", "d"), [(2, 3), (3, 2), (3, 8), (10, 9), (10, 20)])
def test_a_turned_cluster_with_its_classes_renamed_is_recognised(m, d):
    rng = np.random.default_rng(m * d)
    u = simplex_directions(m, d, random_rotation(d, rng))
    names = 7 + rng.permutation(m)
    labels = simplicial_labels(u)
    found = best_rotation_agreement(lambda z: names[labels(z)], d=d, generator=rng)
    assert found.status == "ok"
    assert found.share > 0.97
    assert found.low < found.share < found.high
    np.testing.assert_array_equal(found.present, np.sort(names))
    cosines = (found.directions * u[np.argsort(names)]).sum(axis=1)
    assert cosines.min() > 0.98


def test_unequal_cells():
    rng = np.random.default_rng(1)
    labels = simplicial_labels(
        simplex_directions(4, 5, random_rotation(5, rng)), offsets_for_weights([0.5, 0.3, 0.15, 0.05])
    )
    assert best_rotation_agreement(labels, d=5, generator=rng).share > 0.98


def test_wrong_labels_lower_the_share_by_as_much():
    rng = np.random.default_rng(2)
    labels = simplicial_labels(simplex_directions(3, 4, random_rotation(4, rng)))

    def noisy(z):
        found = labels(z)
        return np.where(rng.random(len(z)) < 0.2, (found + 1) % 3, found)

    found = best_rotation_agreement(noisy, d=4, generator=rng)
    assert found.share == pytest.approx(0.8, abs=0.02)


def test_slabs_reach_the_best_of_all_angles_and_labellings():
    """The best of 180 angles and 6 namings of a propeller agrees with three slabs on 0.635 of the mass."""
    walls, axis = ndtri([1 / 3, 2 / 3]), np.array([0.6, 0.8])
    found = best_rotation_agreement(lambda z: np.searchsorted(walls, z @ axis), d=2, generator=np.random.default_rng(3))
    assert found.share == pytest.approx(0.635, abs=0.015)


def test_undefined_agreements_say_why():
    rng = np.random.default_rng(4)
    one = best_rotation_agreement(lambda z: np.full(len(z), 3), d=2, generator=rng)
    assert (one.status, math.isnan(one.share)) == ("single_class", True)
    six = best_rotation_agreement(
        lambda z: np.floor(6 * (np.arctan2(z[:, 1], z[:, 0]) / (2 * np.pi) % 1)), d=2, generator=rng
    )
    assert (six.status, math.isnan(six.share)) == ("too_many_cells", True)
    assert "at most 3" in six.reason
    with pytest.raises(InputError, match="n >= 100"):
        best_rotation_agreement(lambda z: z[:, 0] > 0, d=2, generator=rng, n=10)
