import json
import math

import numpy as np
import pytest
import torch

from pushforward import data
from pushforward.data.dataset import describe, scale
from pushforward.errors import Corrupt, InputError, Missing

ARRAYS = {
    "train": np.arange(6 * 12, dtype=np.uint8).reshape(6, 3, 2, 2),
    "train_labels": np.array([0, 1, 2, 0, 1, -1]),
    "test": np.zeros((2, 3, 2, 2), np.uint8),
    "test_labels": np.array([0, 2]),
    "about": describe("digits", classes=3, low=-1.0, high=1.0, note="tiny"),
}


def saved(tmp_path, **changes):
    path = tmp_path / "tiny.npz"
    data.save(path, {key: value for key, value in (ARRAYS | changes).items() if value is not None})
    return path


def test_round_trip(tmp_path):
    loaded = data.load(saved(tmp_path))
    for key in ("train", "train_labels", "test", "test_labels"):
        np.testing.assert_array_equal(getattr(loaded, key), ARRAYS[key])
    assert (loaded.name, loaded.kind, loaded.classes, loaded.low, loaded.high) == ("tiny", "digits", 3, -1, 1)
    assert loaded.about["note"] == "tiny" and loaded.shape == (3, 2, 2) and loaded.centres is None


def test_equal_arrays_give_equal_bytes(tmp_path):
    (tmp_path / "b").mkdir()
    assert saved(tmp_path).read_bytes() == saved(tmp_path / "b").read_bytes()


def test_mixture_round_trip(tmp_path):
    arrays = data.prepare("gaussians", layout="polygon", modes=3, separation=2.0, sigma=0.02, samples=10)
    data.save(tmp_path / "triangle.npz", arrays)
    loaded = data.load(tmp_path / "triangle.npz")
    assert loaded.sigma == 0.02 and loaded.classes == 3 and loaded.shape == (2,)
    assert (loaded.low, loaded.high) == (-math.inf, math.inf)
    assert loaded.centres.dtype == loaded.weights.dtype == torch.float64
    assert loaded.scaled(loaded.train) is loaded.train


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-1.0, 1.0)])
def test_scale_equals_the_usual_transforms_to_the_bit(low, high):
    levels = torch.arange(256, dtype=torch.uint8)
    unit = levels.to(torch.float32) / 255
    assert torch.equal(scale(levels, low, high), unit if low == 0 else (unit - 0.5) / 0.5)
    assert levels[3] == 3


def test_reference_is_a_seeded_subset(tmp_path):
    loaded = data.load(saved(tmp_path))
    x, labels = loaded.reference(4, seed=1)
    again, _ = loaded.reference(4, seed=1)
    assert torch.equal(x, again) and len(x) == 4 and x.dtype == torch.uint8
    rows = [next(i for i in range(6) if torch.equal(loaded.train[i], row)) for row in x]
    assert len(set(rows)) == 4 and torch.equal(loaded.train_labels[rows], labels)
    assert sorted(loaded.reference(100, seed=2)[1].tolist()) == [-1, 0, 0, 1, 1, 2]
    assert any(not torch.equal(loaded.reference(4, seed)[0], x) for seed in range(2, 6))


def nan_points():
    points = np.zeros((6, 3), np.float32)
    points[4, 1] = np.nan
    return points


def law(**changes):
    """A mixture's arrays, spoiled."""
    arrays = data.prepare("gaussians", modes=3, dim=4, separation=1.0, sigma=0.1, samples=5)
    return arrays | changes


FAULTS = {
    "no labels": ({"train_labels": None}, "train_labels"),
    "no about": ({"about": None}, "about"),
    "about": ({"about": np.array("{")}, "not a prepared data set"),
    "about without classes": ({"about": np.array(json.dumps({"kind": "x", "low": 0, "high": 1}))}, "classes"),
    "floats as images": ({"train": np.zeros((6, 3, 2, 2))}, "expected uint8"),
    "short labels": ({"train_labels": np.zeros(5, np.int64)}, "6 samples, but labels"),
    "byte labels": ({"train_labels": np.zeros(6, np.uint8)}, "labels torch.uint8"),
    "label above": ({"test_labels": np.array([0, 3])}, "test labels run from 0 to 3, expected 0..2"),
    "label below": ({"test_labels": np.array([-2, 1])}, "run from -2"),
    "other test shape": ({"test": np.zeros((2, 1, 2, 2), np.uint8)}, "test samples"),
    "empty": ({"train": ARRAYS["train"][:0], "train_labels": ARRAYS["train_labels"][:0]}, "training split is empty"),
    "nan": ({"train": nan_points()}, "1 of 6 train points are not finite .first: number 4"),
    "centres": (law(centres=np.full((3, 4), np.nan)), "centres .* do not fit 3 modes"),
    "weights": (law(weights=np.ones(2)), "do not fit 3 modes"),
    "no weight": (law(weights=np.array([0.5, 0.5, 0])), "do not fit 3 modes"),
    "other dimension": (law(centres=np.eye(3)), "do not fit 3 modes"),
    "sigma": ({"centres": np.zeros((3, 2)), "weights": np.ones(3) / 3, "sigma": np.zeros(2)}, "not a prepared"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_arrays_that_do_not_fit(tmp_path, fault):
    changes, told = FAULTS[fault]
    with pytest.raises(Corrupt, match=told):
        data.load(saved(tmp_path, **changes))


@pytest.mark.parametrize(
    "damage",
    [
        lambda b: b[: len(b) // 2],
        lambda b: b"",
        lambda b: b"<html>not a zip",
        lambda b: b.replace(bytes(ARRAYS["train"][1]), bytes(12)),  # altered pixels, whole zip
    ],
)
def test_damaged_file(tmp_path, damage):
    path = saved(tmp_path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(Corrupt, match=r"tiny\.npz"):
        data.load(path)


@pytest.mark.fault("F20")
def test_pickle_is_refused(tmp_path):
    np.savez(tmp_path / "bad.npz", **ARRAYS | {"train": np.array([object()])})
    with pytest.raises(Corrupt):
        data.load(tmp_path / "bad.npz")
    with pytest.raises(InputError, match="pickled"):
        data.save(tmp_path / "worse.npz", {"train": np.array([object()])})
    assert not (tmp_path / "worse.npz").exists()


def test_absent_file(tmp_path):
    with pytest.raises(Missing, match="make pull"):
        data.load(tmp_path / "none.npz")


def test_only_npz(tmp_path):
    with pytest.raises(InputError):
        data.save(tmp_path / "a.npy", ARRAYS)
