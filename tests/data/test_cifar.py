import dataclasses
import hashlib
import io
import tarfile

import numpy as np
import pytest

from pushforward import data
from pushforward.data import cifar
from pushforward.data.fetch import Published
from pushforward.errors import Corrupt, Missing

RNG = np.random.default_rng(0)


def records(n: int, classes: int, label_bytes: int) -> tuple[bytes, np.ndarray, np.ndarray]:
    x = RNG.integers(0, 256, (n, 3, 32, 32), dtype=np.uint8)
    y = RNG.integers(0, classes, n, dtype=np.uint8)
    coarse = np.full((n, label_bytes - 1), 7, np.uint8)
    return np.concatenate([coarse, y[:, None], x.reshape(n, -1)], 1).tobytes(), x, y


def pack(path, members: dict[str, bytes]) -> bytes:
    with tarfile.open(path, "w:gz") as file:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))
    return path.read_bytes()


def publish(monkeypatch, tmp_path, kind: str, members: dict[str, bytes], **changes) -> None:
    """Put a small archive in place of the published one, in the folder `mirror`."""
    release = cifar.RELEASES[kind]
    (tmp_path / "mirror").mkdir()
    content = pack(tmp_path / "mirror" / release.archive.name, members)
    small = Published(release.archive.name, (), len(content), hashlib.sha256(content).hexdigest())
    monkeypatch.setitem(cifar.RELEASES, kind, dataclasses.replace(release, archive=small, **changes))


def prepare(tmp_path, kind: str, **params):
    return data.prepare(kind, raw=str(tmp_path / "raw"), mirror=str(tmp_path / "mirror"), **params)


def test_cifar10(tmp_path, monkeypatch):
    release = cifar.RELEASES["cifar10"]
    parts = {name: records(4, 10, 1) for name in (*release.train, *release.test)}
    members = {f"{release.folder}/{name}": content for name, (content, _, _) in parts.items()}
    publish(monkeypatch, tmp_path, "cifar10", members, counts=(20, 4))
    data.save(tmp_path / "cifar.npz", prepare(tmp_path, "cifar10"))
    loaded = data.load(tmp_path / "cifar.npz")
    np.testing.assert_array_equal(loaded.train, np.concatenate([parts[name][1] for name in release.train]))
    np.testing.assert_array_equal(loaded.train_labels, np.concatenate([parts[name][2] for name in release.train]))
    np.testing.assert_array_equal(loaded.test, parts["test_batch.bin"][1])
    assert (loaded.low, loaded.high, loaded.classes) == (-1, 1, 10)
    assert not list((tmp_path / "raw").iterdir())  # nothing unpacked stays


def test_cifar100_takes_the_fine_label(tmp_path, monkeypatch):
    train, test = records(6, 100, 2), records(3, 100, 2)
    members = {"cifar-100-binary/train.bin": train[0], "cifar-100-binary/test.bin": test[0]}
    publish(monkeypatch, tmp_path, "cifar100", members, counts=(6, 3))
    arrays = prepare(tmp_path, "cifar100")
    np.testing.assert_array_equal(arrays["train_labels"], train[2])
    np.testing.assert_array_equal(arrays["train"], train[1])
    np.testing.assert_array_equal(arrays["test"], test[1])


GOOD = {"cifar-100-binary/train.bin": records(6, 100, 2)[0], "cifar-100-binary/test.bin": records(3, 100, 2)[0]}
FAULTS = {
    "another count": (GOOD, {"counts": (7, 3)}, r"\(6, 3\) train and test images, expected \(7, 3\)"),
    "no test file": ({"cifar-100-binary/train.bin": records(6, 100, 2)[0]}, {}, "no test.bin"),
    "half a record": (GOOD | {"cifar-100-binary/train.bin": bytes(3000)}, {}, "records of 3074 bytes, got 3000"),
    "empty": (GOOD | {"cifar-100-binary/train.bin": b""}, {}, "got 0 bytes"),
    "label": (GOOD | {"cifar-100-binary/test.bin": b"\0\x64" + bytes(3072)}, {}, "label 100, expected 0 to 99"),
    "path": (GOOD | {"../evil": b"x"}, {}, "leave the folder"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults(tmp_path, monkeypatch, fault):
    members, changes, told = FAULTS[fault]
    publish(monkeypatch, tmp_path, "cifar100", members, **{"counts": (6, 3)} | changes)
    with pytest.raises(Corrupt, match=told):
        prepare(tmp_path, "cifar100")
    assert not list((tmp_path / "raw").iterdir())


def test_absent_archive_names_itself(tmp_path, monkeypatch):
    offline = dataclasses.replace(cifar.RELEASES["cifar10"].archive, urls=("http://127.0.0.1:9/x",))
    monkeypatch.setitem(cifar.RELEASES, "cifar10", dataclasses.replace(cifar.RELEASES["cifar10"], archive=offline))
    with pytest.raises(Missing, match=r"cifar-10-binary\.tar\.gz .*sha256 c4a38c50"):
        data.prepare("cifar10", raw=str(tmp_path))
