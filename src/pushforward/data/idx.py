"""The IDX format of MNIST: two zero bytes, type, number of axes, their lengths (big-endian), then the values."""

import gzip
import math
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from pushforward.errors import Corrupt

UINT8 = 0x08
LARGEST = 2**30  # bytes; MNIST has 47 million


def read(path: str | Path, axes: int) -> np.ndarray:
    """Read an IDX file of bytes, gzipped or plain.

    Args:
        path: the file.
        axes: how many axes it must have: 3 for images (n, H, W), 1 for labels (n,).

    Returns:
        uint8 array of the shape in the header.

    Raises:
        Corrupt: another magic number, a broken or short file, bytes after the end, or an impossible size.
    """
    path = Path(path)
    with open(path, "rb") as raw:
        zipped = raw.read(2) == b"\x1f\x8b"
    try:
        with gzip.open(path) if zipped else open(path, "rb") as file:
            return _parse(path, file, axes)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise Corrupt(f"{path} is truncated or damaged ({error}). {AGAIN}") from None


def read_pair(images: str | Path, labels: str | Path, *, classes: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Read images and their labels, and check that they fit together.

    Args:
        images: IDX file of three axes.
        labels: IDX file of one axis.
        classes: labels must be below this.
        size: height and width that the images must have.

    Returns:
        Images uint8 (n, 1, size, size) and labels uint8 (n,).

    Raises:
        Corrupt: what `read` raises, images of another size, another number of labels, or a label out of range.
    """
    x, y = read(images, 3), read(labels, 1)
    if x.shape[1:] != (size, size):
        raise Corrupt(f"{images}: expected images of {size} x {size}, got {x.shape[1]} x {x.shape[2]}.")
    if len(x) != len(y):
        raise Corrupt(f"{labels} holds {len(y)} labels for the {len(x)} images of {images}. {AGAIN}")
    if y.max() >= classes:
        first = int((y >= classes).argmax())
        raise Corrupt(f"{labels}: label {y[first]} at place {first}, expected 0 to {classes - 1}. {AGAIN}")
    return x[:, None], y


AGAIN = "Remove it and fetch it again."


def _parse(path: Path, file: BinaryIO | gzip.GzipFile, axes: int) -> np.ndarray:
    magic = file.read(4)
    if magic != bytes([0, 0, UINT8, axes]):
        raise Corrupt(
            f"{path}: expected the magic number {bytes([0, 0, UINT8, axes]).hex()} of an IDX file of bytes with "
            f"{axes} axes, got {magic.hex() or 'nothing'}. {AGAIN}"
        )
    header = file.read(4 * axes)
    if len(header) < 4 * axes:
        raise Corrupt(f"{path} is truncated inside its header. {AGAIN}")
    shape = tuple(int(n) for n in np.frombuffer(header, ">u4"))
    return _values(path, file, shape)


def _values(path: Path, file: BinaryIO | gzip.GzipFile, shape: Sequence[int]) -> np.ndarray:
    expected = math.prod(shape)
    if not 0 < expected <= LARGEST:
        raise Corrupt(f"{path}: its header promises an array of {' x '.join(map(str, shape))}. {AGAIN}")
    content = file.read(expected)
    if len(content) < expected:
        raise Corrupt(f"{path} is truncated: {len(content)} of {expected} values. {AGAIN}")
    if file.read(1):
        raise Corrupt(f"{path} goes on after its {expected} values. {AGAIN}")
    return np.frombuffer(content, np.uint8).reshape(shape)
