"""A lossy copy of CIFAR-10: every image as JPEG (quality 75, chroma halved), packed in two npz files.

It is a data set of its own: its numbers are not CIFAR-10 numbers. The packing keeps each picture's bytes without the
header that all of them share: `data` holds the rest of all pictures, `offsets` (n + 1,) where each begins, `header_id`
(n,) which of the arrays `header0`, `header1`, ... to put before it, `labels` (n,) its class.
"""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from pushforward.data import dataset, images
from pushforward.data.fetch import Published
from pushforward.errors import Corrupt

CLASSES = 10

TRAIN = Published(
    "cifar10_train_jpeg.npz", (), 15594018, "bb403e2604eeb8b9a33470890456a37b979bc9a5ccfd2d245e19c57fff7fb6f9"
)
TEST = Published(
    "cifar10_test_jpeg.npz", (), 3122429, "d382395a0748f557282555d04d63dd1fc89d234082aea54fb4771c87ed6480aa"
)


def prepare(
    kind: str, *, raw: str = "data/raw", mirror: str | None = None, classes: Sequence[int] | None = None
) -> dict[str, np.ndarray]:
    """50,000 and 10,000 colour images of 32 x 32, sorted by class, scaled range [-1, 1].

    The files have no public address: they come from a mirror. Decoders may differ by a few grey levels.

    Args:
        kind: "cifar10-jpeg".
        raw: folder where the files may lie.
        mirror: local folder with the files; else the environment variable PUSHFORWARD_MIRROR.
        classes: classes to keep, renumbered in this order; all if None.

    Raises:
        Missing: no mirror has the files.
        Corrupt: a file is not the expected one.
        InputError: bad `classes` or `mirror`.
    """
    train, test = (read(file.fetch(raw, mirror)) for file in (TRAIN, TEST))
    digests = {file.name: file.sha256 for file in (TRAIN, TEST)}
    return images.arrays(kind, train, test, classes=CLASSES, span=images.CIFAR_RANGE, keep=classes, published=digests)


def read(path: Path) -> images.Split:
    """Decode one packed file.

    Returns:
        Images uint8 (n, 3, H, W) and labels (n,).

    Raises:
        Corrupt: a part is missing or does not fit, or a picture cannot be decoded.
    """
    packed = dataset.read(path)
    try:
        offsets, labels, rest = packed["offsets"], packed["labels"], packed["data"].tobytes()
        heads = [packed[f"header{i}"].tobytes() for i in packed["header_id"]]
        bodies = [rest[a:b] for a, b in pairwise(offsets)]
        pictures = np.stack([images.decode(head + body) for head, body in zip(heads, bodies, strict=True)])
    except (KeyError, ValueError) as error:
        raise Corrupt(f"{path} is not a packed set of pictures ({error}).") from None
    if len(labels) != len(pictures) or labels.max() >= CLASSES:
        raise Corrupt(f"{path}: {len(pictures)} pictures, {len(labels)} labels up to {labels.max(initial=0)}.")
    return pictures, labels
