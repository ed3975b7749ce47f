import hashlib
import io
import json

import numpy as np
import pytest
from PIL import Image

from pushforward import data
from pushforward.data import cifar10_jpeg
from pushforward.data.fetch import Published
from pushforward.errors import Corrupt, Missing

HEAD = 20  # bytes that the pictures here have in common
PICTURES = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)


def encoded(picture: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=75)
    return buffer.getvalue()


def packed(**changes) -> dict[str, np.ndarray]:
    bodies = [encoded(picture)[HEAD:] for picture in PICTURES]
    arrays = {
        "data": np.frombuffer(b"".join(bodies), np.uint8),
        "offsets": np.cumsum([0, *map(len, bodies)]),
        "header_id": np.zeros(6, np.uint8),
        "labels": np.array([0, 1, 2, 3, 4, 9], np.uint8),
        "index": np.zeros(6, np.int32),
        "header0": np.frombuffer(encoded(PICTURES[0])[:HEAD], np.uint8),
    }
    return {key: value for key, value in (arrays | changes).items() if value is not None}


def test_pictures_come_back(tmp_path):
    np.savez(tmp_path / "a.npz", **packed())
    x, y = cifar10_jpeg.read(tmp_path / "a.npz")
    expected = [np.asarray(Image.open(io.BytesIO(encoded(picture)))) for picture in PICTURES]
    np.testing.assert_array_equal(x, np.stack(expected).transpose(0, 3, 1, 2))
    assert y.tolist() == [0, 1, 2, 3, 4, 9]


def test_it_is_never_called_cifar10(tmp_path, monkeypatch):
    for split in ("TRAIN", "TEST"):
        path = tmp_path / getattr(cifar10_jpeg, split).name
        np.savez(path, **packed())
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        monkeypatch.setattr(cifar10_jpeg, split, Published(path.name, (), path.stat().st_size, digest))
    about = json.loads(str(data.prepare("cifar10-jpeg", raw=str(tmp_path))["about"]))
    assert about["kind"] == "cifar10-jpeg" and (about["low"], about["high"]) == (-1, 1)


FAULTS = {
    "no labels": packed(labels=None),
    "no header": packed(header0=None),
    "label": packed(labels=np.full(6, 10, np.uint8)),
    "short labels": packed(labels=np.zeros(5, np.uint8)),
    "short offsets": packed(offsets=packed()["offsets"][:-1]),
    "picture cut": packed(offsets=np.minimum(packed()["offsets"], packed()["offsets"][-1] - 400)),
    "pickle": packed(labels=np.array([object()])),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults(tmp_path, fault):
    np.savez(tmp_path / "a.npz", **FAULTS[fault])
    with pytest.raises(Corrupt):
        cifar10_jpeg.read(tmp_path / "a.npz")


def test_without_a_mirror(tmp_path):
    with pytest.raises(Missing, match=r"cifar10_train_jpeg\.npz"):
        data.prepare("cifar10-jpeg", raw=str(tmp_path))


@pytest.mark.slow
def test_real_copy(shared, tmp_path):
    arrays = data.prepare("cifar10-jpeg", raw=str(tmp_path), mirror=str(shared))
    assert np.bincount(arrays["train_labels"]).tolist() == [5000] * 10
    assert np.bincount(arrays["test_labels"]).tolist() == [1000] * 10
    assert arrays["train"].shape == (50_000, 3, 32, 32)
    # Decoders differ by a few grey levels, the means of 50,000 pictures do not.
    np.testing.assert_allclose(arrays["train"].mean((0, 2, 3)), [125.3, 122.9, 113.9], atol=0.1)
    with Image.open(shared / "cifar10" / "cifar10_batch_0.png") as sheet:
        lossless = np.asarray(sheet).reshape(1000, 32, 32, 3).transpose(0, 3, 1, 2)
    with np.load(shared / "cifar10" / "cifar10_batch_0-3_labels.npz") as file:
        rows = file["labels"][:1000].astype(int) * 5000 + file["jpeg_index"][:1000]
    error = arrays["train"][rows].astype(float) - lossless
    assert 7 < np.sqrt((error**2).mean()) < 9
