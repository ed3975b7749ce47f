import json

import numpy as np
import pytest
from sklearn.datasets import load_digits

from pushforward import data
from pushforward.errors import InputError


def test_values_and_split():
    arrays = data.prepare("digits")
    assert arrays["train"].shape == (1500, 1, 8, 8) and arrays["test"].shape == (297, 1, 8, 8)
    assert arrays["train"].dtype == np.uint8 and arrays["train_labels"].dtype == np.int64
    both = np.concatenate([arrays["train"], arrays["test"]])[:, 0]
    source = load_digits().images
    # The same pictures: sorted as rows, 16 levels stretched to 255.
    expected = np.floor(source * 255 / 16 + 0.5).astype(np.uint8)
    np.testing.assert_array_equal(np.unique(both.reshape(-1, 64), axis=0), np.unique(expected.reshape(-1, 64), axis=0))
    assert both.max() == 255 and sorted(np.unique(both))[:3] == [0, 16, 32]
    shares = np.bincount(load_digits().target) / 1797
    for split, n in (("train", 1500), ("test", 297)):
        assert np.abs(np.bincount(arrays[f"{split}_labels"]) - shares * n).max() < 1.01


def test_labels_belong_to_their_pictures():
    arrays = data.prepare("digits", seed=3)
    source = load_digits()
    table = {row.tobytes(): label for row, label in zip(source.images, source.target, strict=True)}
    back = np.rint(arrays["test"][:, 0] / 255 * 16)
    assert [table[row.tobytes()] for row in back] == arrays["test_labels"].tolist()


def test_split_follows_the_seed():
    first, again, other = (data.prepare("digits", seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first["test"], again["test"])
    assert not np.array_equal(first["test"], other["test"])


def test_as_cifar():
    arrays = data.prepare("digits", size=32, colours=3)
    assert arrays["train"].shape == (1500, 3, 32, 32)
    assert (arrays["train"][:, 0] == arrays["train"][:, 2]).all()
    about = json.loads(str(arrays["about"]))
    assert (about["low"], about["high"]) == (-1, 1)
    small = data.prepare("digits")["train"]
    np.testing.assert_allclose(arrays["train"][:, :1].mean((1, 2, 3)), small.mean((1, 2, 3)), rtol=0.1, atol=2)


def test_chosen_classes_are_a_part_of_the_whole_split():
    part, whole = data.prepare("digits", classes=[0, 1, 2]), data.prepare("digits")
    np.testing.assert_array_equal(part["test"], whole["test"][whole["test_labels"] < 3])
    assert set(part["train_labels"]) == {0, 1, 2}


@pytest.mark.parametrize(
    "params", [{"size": 4}, {"colours": 2}, {"train": 1501}, {"test": 3}, {"train": 0}, {"classes": [0, 10]}]
)
def test_out_of_range(params):
    with pytest.raises(InputError, match=next(iter(params))):
        data.prepare("digits", **params)
