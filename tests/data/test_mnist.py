import gzip
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from pushforward import data
from pushforward.data import mnist
from pushforward.errors import Corrupt, InputError, Missing

from .test_idx import encode

RNG = np.random.default_rng(0)
TRAIN = RNG.integers(0, 256, (40, 28, 28), dtype=np.uint8), np.arange(40, dtype=np.uint8) % 10
TEST = RNG.integers(0, 256, (20, 28, 28), dtype=np.uint8), np.arange(20, dtype=np.uint8) % 10


@pytest.fixture
def tiny(monkeypatch):
    """Four small official files: their bytes by name, published in place of the large ones."""
    files = {
        f"{role}.gz": gzip.compress(encode(array)) for role, array in zip(mnist.ROLES, (*TRAIN, *TEST), strict=True)
    }
    table = tuple((len(b), hashlib.sha256(b).hexdigest(), ()) for b in files.values())
    monkeypatch.setitem(mnist.FILES, "mnist", table)
    monkeypatch.setitem(mnist.ADDRESSES, "mnist", ("http://127.0.0.1:9/",))
    return files


def test_from_the_network(site, tiny, tmp_path, monkeypatch):
    monkeypatch.setitem(mnist.ADDRESSES, "mnist", (site.url("error", ""), site.url("cut", "")))
    site.files = tiny
    arrays = data.prepare("mnist", raw=str(tmp_path))
    np.testing.assert_array_equal(arrays["train"][:, 0], TRAIN[0])
    np.testing.assert_array_equal(arrays["test_labels"], TEST[1])
    assert sorted(p.name for p in (tmp_path / "mnist").glob("[!.]*")) == sorted(tiny)


def test_from_a_mirror_with_chosen_classes(tiny, tmp_path):
    for name, content in tiny.items():
        (tmp_path / name).write_bytes(content)
    arrays = data.prepare("mnist", raw=str(tmp_path / "raw"), mirror=str(tmp_path), classes=[7, 1])
    assert len(arrays["train"]) == 8
    np.testing.assert_array_equal(arrays["train"][:, 0], TRAIN[0][np.isin(TRAIN[1], (1, 7))])
    np.testing.assert_array_equal(arrays["train_labels"], np.where(TRAIN[1][np.isin(TRAIN[1], (1, 7))] == 7, 0, 1))
    about = json.loads(str(arrays["about"]))
    assert about["classes"] == 2 and about["kept"] == [7, 1] and (about["low"], about["high"]) == (0, 1)


@pytest.mark.parametrize("classes", [[], [1, 1], [10], [-1]])
def test_impossible_classes(tiny, tmp_path, classes):
    for name, content in tiny.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match="classes"):
        data.prepare("mnist", raw=str(tmp_path / "raw"), mirror=str(tmp_path), classes=classes)


def test_fashion_is_not_taken_for_mnist(tiny, tmp_path, monkeypatch):
    monkeypatch.setitem(mnist.ADDRESSES, "fashion-mnist", ("http://127.0.0.1:9/",))
    for name, content in tiny.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(Missing, match="another file"):
        data.prepare("fashion-mnist", raw=str(tmp_path / "raw"), mirror=str(tmp_path))


def test_swapped_train_and_test_labels(tiny, tmp_path, monkeypatch):
    """A publisher's own mistake: the digests fit, the files do not."""
    wrong = gzip.compress(encode(TEST[1]))
    rows = list(mnist.FILES["mnist"])
    rows[1] = (len(wrong), hashlib.sha256(wrong).hexdigest(), ())
    monkeypatch.setitem(mnist.FILES, "mnist", tuple(rows))
    for name, content in {**tiny, f"{mnist.ROLES[1]}.gz": wrong}.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(Corrupt, match="20 labels for the 40 images"):
        data.prepare("mnist", raw=str(tmp_path / "raw"), mirror=str(tmp_path))


def test_real_mnist(shared, tmp_path):
    path = tmp_path / "mnist.npz"
    data.save(path, data.prepare("mnist", raw=str(tmp_path / "raw"), mirror=str(shared)))
    mnist_data = data.load(path)
    assert mnist_data.train.shape == (60_000, 1, 28, 28) and mnist_data.test.shape == (10_000, 1, 28, 28)
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert mnist_data.train_labels.bincount().tolist() == counts
    assert mnist_data.train_labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert not (tmp_path / "raw").exists()


def test_real_fashion_mnist(tmp_path):
    """As the Debian package dataset-fashion-mnist installs it: other gzip bytes, the same content."""
    folder = Path("/usr/share/datasets/fashion-mnist")
    if not folder.is_dir():
        pytest.skip(f"{folder} is not here (package dataset-fashion-mnist)")
    arrays = data.prepare("fashion-mnist", raw=str(tmp_path), mirror=str(folder))
    assert np.bincount(arrays["train_labels"]).tolist() == [6000] * 10
    assert np.bincount(arrays["test_labels"]).tolist() == [1000] * 10
