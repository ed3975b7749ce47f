"""CIFAR-10 and CIFAR-100 (Krizhevsky 2009), from the official binary archives, which need no pickle."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pushforward.data import images
from pushforward.data.archives import extract
from pushforward.data.fetch import Published
from pushforward.errors import Corrupt

SHAPE = (3, 32, 32)
UNPACKED = 2**28  # bytes; 184 million are expected

# The second address is where the first one leads today.
ADDRESSES = ("https://www.cs.toronto.edu/~kriz/", "https://cave.cs.toronto.edu/kriz/")


@dataclass(frozen=True)
class Release:
    """An archive of records: label bytes, the last of which is the class, then 3072 bytes of red, green and blue."""

    archive: Published
    folder: str
    train: tuple[str, ...]
    test: tuple[str, ...]
    counts: tuple[int, int]
    label_bytes: int
    classes: int


def _archive(name: str, size: int, sha256: str) -> Published:
    return Published(name, tuple(base + name for base in ADDRESSES), size, sha256)


RELEASES = {
    "cifar10": Release(
        # md5 on the publisher's page: c32a1d4ab5d03f1284b67883e8d87530
        _archive(
            "cifar-10-binary.tar.gz", 170052171, "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"
        ),
        folder="cifar-10-batches-bin",
        train=tuple(f"data_batch_{i}.bin" for i in range(1, 6)),
        test=("test_batch.bin",),
        counts=(50_000, 10_000),
        label_bytes=1,
        classes=10,
    ),
    "cifar100": Release(
        # md5 on the publisher's page: 03b5dce01913d631647c71ecec9e9cb8; the two labels are superclass and class
        _archive(
            "cifar-100-binary.tar.gz", 168513733, "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec"
        ),
        folder="cifar-100-binary",
        train=("train.bin",),
        test=("test.bin",),
        counts=(50_000, 10_000),
        label_bytes=2,
        classes=100,
    ),
}


def prepare(
    kind: str, *, raw: str = "data/raw", mirror: str | None = None, classes: Sequence[int] | None = None
) -> dict[str, np.ndarray]:
    """50,000 and 10,000 colour images of 32 x 32, scaled range [-1, 1].

    Args:
        kind: "cifar10" or "cifar100".
        raw: folder for the archive.
        mirror: local folder with the archive; else the environment variable PUSHFORWARD_MIRROR, else the network.
        classes: classes to keep, renumbered in this order; all if None.

    Raises:
        Missing: not here and not to be had.
        Corrupt: the archive is not the published one.
        InputError: bad `classes` or `mirror`.
    """
    release = RELEASES[kind]
    archive = release.archive.fetch(raw, mirror)
    Path(raw).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=raw) as folder:
        extract(archive, folder, UNPACKED)
        splits = [_read_split(Path(folder) / release.folder, names, release) for names in (release.train, release.test)]
    found = tuple(len(labels) for _, labels in splits)
    if found != release.counts:
        raise Corrupt(f"{archive} holds {found} train and test images, expected {release.counts}.")
    digest = {release.archive.name: release.archive.sha256}
    return images.arrays(
        kind, *splits, classes=release.classes, span=images.CIFAR_RANGE, keep=classes, published=digest
    )


def _read_split(folder: Path, names: Sequence[str], release: Release) -> images.Split:
    parts = [read_records(folder / name, release.label_bytes, release.classes) for name in names]
    return np.concatenate([x for x, _ in parts]), np.concatenate([y for _, y in parts])


def read_records(path: Path, label_bytes: int, classes: int) -> images.Split:
    """Read one file of records.

    Returns:
        Images uint8 (n, 3, 32, 32) and labels uint8 (n,).

    Raises:
        Corrupt: not there, not a whole number of records, or a label out of range.
    """
    if not path.is_file():
        raise Corrupt(f"the archive has no {path.name}. Remove it and fetch it again.")
    record = label_bytes + int(np.prod(SHAPE))
    content = np.fromfile(path, np.uint8)
    if not len(content) or len(content) % record:
        raise Corrupt(f"{path.name}: expected records of {record} bytes, got {len(content)} bytes in all.")
    rows = content.reshape(-1, record)
    labels = rows[:, label_bytes - 1]
    if labels.max() >= classes:
        raise Corrupt(f"{path.name}: label {labels.max()}, expected 0 to {classes - 1}.")
    return rows[:, label_bytes:].reshape(-1, *SHAPE), labels
