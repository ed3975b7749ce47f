"""STL-10 (Coates, Lee, Ng 2011) at 32 x 32: the labelled and the unlabelled training images together."""

import tempfile
from pathlib import Path

import numpy as np

from pushforward.data import images
from pushforward.data.archives import extract
from pushforward.data.dataset import UNLABELLED
from pushforward.data.fetch import Published
from pushforward.errors import Corrupt

CLASSES = 10
SHAPE = (3, 96, 96)
UNPACKED = 2**32  # bytes; 3.2 thousand million are expected
BLOCK = 5000  # images resized at a time
COUNTS = {"train": 5_000, "unlabeled": 100_000, "test": 8_000}
FOLDER = "stl10_binary"

ARCHIVE = Published(  # md5 91f7769df0f17e558f3565bffb0c7dfb
    "stl10_binary.tar.gz",
    (
        "http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz",
        "https://cs.stanford.edu/~acoates/stl10/stl10_binary.tar.gz",
    ),
    2640397119,
    "f31fd99273a1acb8609c8db427cebb1de3f71de77758cdc0e22956e1289b9866",
)


def prepare(kind: str, *, raw: str = "data/raw", mirror: str | None = None, size: int = 32) -> dict[str, np.ndarray]:
    """105,000 training images (label -1 where there is none) and 8,000 test images, scaled range [-1, 1].

    Args:
        kind: "stl10".
        raw: folder for the archive; needs 3.2 GB for the time of unpacking.
        mirror: local folder with the archive; else the environment variable PUSHFORWARD_MIRROR, else the network.
        size: height and width to resize to, bilinear with anti-aliasing.

    Raises:
        Missing: not here and not to be had.
        Corrupt: the archive is not the published one.
        InputError: bad `mirror`.
    """
    archive = ARCHIVE.fetch(raw, mirror)
    Path(raw).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=raw) as place:
        extract(archive, place, UNPACKED)
        folder = Path(place) / FOLDER
        parts = {name: read_images(folder / f"{name}_X.bin", size) for name in COUNTS}
        labels = {name: read_labels(folder / f"{name}_y.bin") for name in ("train", "test")}
    labels["unlabeled"] = np.full(len(parts["unlabeled"]), UNLABELLED)
    for name, count in COUNTS.items():
        if not len(parts[name]) == len(labels[name]) == count:
            raise Corrupt(f"{archive}: {len(parts[name])} {name} images, {len(labels[name])} labels; expected {count}.")
    train = tuple(np.concatenate([part["train"], part["unlabeled"]]) for part in (parts, labels))
    return images.arrays(
        kind,
        (train[0], train[1]),
        (parts["test"], labels["test"]),
        classes=CLASSES,
        span=images.CIFAR_RANGE,
        published={ARCHIVE.name: ARCHIVE.sha256},
    )


def read_images(path: Path, size: int) -> np.ndarray:
    """Read and resize images that are stored colour by colour, column by column.

    Returns:
        uint8 (n, 3, size, size).

    Raises:
        Corrupt: not there, or not a whole number of images.
    """
    pixels = int(np.prod(SHAPE))
    if not path.is_file() or not path.stat().st_size or path.stat().st_size % pixels:
        raise Corrupt(f"{path.name}: expected a file of whole images of {pixels} bytes each in the archive.")
    stored = np.memmap(path, np.uint8, "r").reshape(-1, *SHAPE).transpose(0, 1, 3, 2)
    blocks = [images.resize(stored[i : i + BLOCK], size) for i in range(0, len(stored), BLOCK)]
    return np.concatenate(blocks)


def read_labels(path: Path) -> np.ndarray:
    """Read labels, stored as 1..10, as int64 0..9.

    Raises:
        Corrupt: not there, or a label out of range.
    """
    if not path.is_file():
        raise Corrupt(f"the archive has no {path.name}. Remove it and fetch it again.")
    labels = np.fromfile(path, np.uint8).astype(np.int64)
    if len(labels) and not (labels.min() >= 1 and labels.max() <= CLASSES):
        raise Corrupt(f"{path.name}: labels from {labels.min()} to {labels.max()}, expected 1 to {CLASSES}.")
    return labels - 1
