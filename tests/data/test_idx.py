import gzip
import struct

import numpy as np
import pytest

from pushforward.data import idx
from pushforward.errors import Corrupt

IMAGES = np.arange(5 * 4 * 4, dtype=np.uint8).reshape(5, 4, 4)
LABELS = np.array([0, 9, 1, 2, 3], np.uint8)


def encode(array: np.ndarray, kind: int = 8) -> bytes:
    return struct.pack(f">HBB{array.ndim}I", 0, kind, array.ndim, *array.shape) + array.tobytes()


@pytest.fixture
def write(tmp_path):
    def write(content: bytes, name: str = "file"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize("pack", [gzip.compress, bytes])
@pytest.mark.parametrize("array", [IMAGES, LABELS])
def test_reads_what_was_written(write, pack, array):
    read = idx.read(write(pack(encode(array))), array.ndim)
    np.testing.assert_array_equal(read, array)


GOOD = encode(IMAGES)
BAD = {
    "empty": (b"", "magic number .* got nothing"),
    "html": (b"<!DOCTYPE html><html>", "magic number .* got 3c21444f"),
    "floats": (encode(IMAGES, kind=0x0D), "magic number 00000803 .* got 00000d03"),
    "labels for images": (encode(LABELS), "magic number"),
    "header cut": (GOOD[:9], "truncated inside its header"),
    "values cut": (GOOD[:-1], "truncated: 79 of 80 values"),
    "header only": (GOOD[:16], "truncated: 0 of 80"),
    "more": (GOOD + b"x", "goes on after its 80 values"),
    "no image": (encode(IMAGES[:0]), "promises an array of 0 x 4 x 4"),
    "bomb": (struct.pack(">HBB3I", 0, 8, 3, 2**32 - 1, 2**32 - 1, 2**32 - 1), "promises an array of 4294967295 x"),
    "gzip cut": (gzip.compress(GOOD)[:-20], "truncated or damaged"),
    "gzip without end": (gzip.compress(GOOD)[:-8], "truncated or damaged"),
    "gzip checksum": (gzip.compress(GOOD)[:-8] + bytes(8), "truncated or damaged"),
    "gzip and more": (gzip.compress(GOOD) + b"more", "truncated or damaged"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_file_is_a_named_error(write, name):
    content, told = BAD[name]
    path = write(content)
    with pytest.raises(Corrupt, match=told) as caught:
        idx.read(path, 3)
    assert str(path) in str(caught.value)


def pair(write, images=IMAGES, labels=LABELS, **options):
    paths = write(encode(images), "images"), write(gzip.compress(encode(labels)), "labels")
    return idx.read_pair(*paths, **{"classes": 10, "size": 4} | options)


def test_pair(write):
    x, y = pair(write)
    assert x.shape == (5, 1, 4, 4) and x.dtype == np.uint8
    np.testing.assert_array_equal(x[:, 0], IMAGES)
    np.testing.assert_array_equal(y, LABELS)


def test_short_labels(write):
    with pytest.raises(Corrupt, match="holds 4 labels for the 5 images"):
        pair(write, labels=LABELS[:4])


def test_label_out_of_range(write):
    with pytest.raises(Corrupt, match="label 9 at place 1, expected 0 to 8"):
        pair(write, classes=9)


def test_images_of_another_size(write):
    with pytest.raises(Corrupt, match="expected images of 28 x 28, got 4 x 4"):
        pair(write, size=28)
