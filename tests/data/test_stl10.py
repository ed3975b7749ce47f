import dataclasses
import hashlib

import numpy as np
import pytest
from PIL import Image

from pushforward import data
from pushforward.data import stl10
from pushforward.errors import Corrupt

from .test_cifar import pack

RNG = np.random.default_rng(0)
COUNTS = {"train": 3, "unlabeled": 4, "test": 2}
IMAGES = {name: RNG.integers(0, 256, (n, 96, 96, 3), dtype=np.uint8) for name, n in COUNTS.items()}  # row by row
LABELS = {"train": np.array([1, 10, 5], np.uint8), "test": np.array([2, 3], np.uint8)}


def members() -> dict[str, bytes]:
    columns = {f"stl10_binary/{name}_X.bin": x.transpose(0, 3, 2, 1).tobytes() for name, x in IMAGES.items()}
    return columns | {f"stl10_binary/{name}_y.bin": y.tobytes() for name, y in LABELS.items()}


@pytest.fixture
def prepare(tmp_path, monkeypatch):
    def prepare(content: dict[str, bytes], **params):
        (tmp_path / "mirror").mkdir()
        packed = pack(tmp_path / "mirror" / stl10.ARCHIVE.name, content)
        digest = hashlib.sha256(packed).hexdigest()
        small = dataclasses.replace(stl10.ARCHIVE, urls=(), size=len(packed), sha256=digest)
        monkeypatch.setattr(stl10, "ARCHIVE", small)
        monkeypatch.setattr(stl10, "COUNTS", COUNTS)
        return data.prepare("stl10", raw=str(tmp_path / "raw"), mirror=str(tmp_path / "mirror"), **params)

    return prepare


def test_train_and_unlabelled_together(prepare, tmp_path):
    data.save(tmp_path / "stl10.npz", prepare(members()))
    loaded = data.load(tmp_path / "stl10.npz")
    assert loaded.train.shape == (7, 3, 32, 32) and loaded.test.shape == (2, 3, 32, 32)
    assert loaded.train_labels.tolist() == [0, 9, 4, -1, -1, -1, -1]
    assert loaded.test_labels.tolist() == [1, 2]
    assert (loaded.low, loaded.high) == (-1, 1)
    pictures = np.concatenate([IMAGES["train"], IMAGES["unlabeled"]])
    small = [np.asarray(Image.fromarray(x).resize((32, 32), Image.Resampling.BILINEAR)) for x in pictures]
    np.testing.assert_array_equal(loaded.train, np.stack(small).transpose(0, 3, 1, 2))


def test_full_size_is_upright(prepare):
    arrays = prepare(members(), size=96)
    np.testing.assert_array_equal(arrays["test"], IMAGES["test"].transpose(0, 3, 1, 2))


FAULTS = {
    "label 0": ({"stl10_binary/train_y.bin": bytes([0, 1, 2])}, "labels from 0 to 2, expected 1 to 10"),
    "label 11": ({"stl10_binary/test_y.bin": bytes([11, 1])}, "labels from 1 to 11"),
    "short labels": ({"stl10_binary/train_y.bin": bytes([1, 2])}, "3 train images, 2 labels; expected 3"),
    "half an image": ({"stl10_binary/unlabeled_X.bin": bytes(1000)}, "unlabeled_X.bin: expected a file of whole"),
    "no unlabelled": ({"stl10_binary/unlabeled_X.bin": None}, "unlabeled_X.bin: expected a file of whole"),
    "no labels": ({"stl10_binary/test_y.bin": None}, "no test_y.bin"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults(prepare, fault):
    changes, told = FAULTS[fault]
    content = {name: part for name, part in (members() | changes).items() if part is not None}
    with pytest.raises(Corrupt, match=told):
        prepare(content)
