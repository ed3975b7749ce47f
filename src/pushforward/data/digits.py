"""The 1,797 handwritten digits that scikit-learn ships (8 x 8, grey; Alpaydin and Kaynak 1998): real data offline."""

from collections.abc import Sequence

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from pushforward.data import images
from pushforward.errors import InputError

CLASSES = 10
LARGEST = 16  # the brightest value in the source


def prepare(
    kind: str,
    *,
    size: int = 8,
    colours: int = 1,
    train: int = 1500,
    test: int = 297,
    seed: int = 0,
    classes: Sequence[int] | None = None,
) -> dict[str, np.ndarray]:
    """Digits as images that the networks of MNIST or, resized and in three equal colours, of CIFAR can take.

    Values 0..16 become 0..255 by x * 255 / 16, rounded to nearest with halves up, so 16 becomes 255.

    Args:
        kind: "digits".
        size: height and width, at least 8; bilinear.
        colours: 1 with scaled range [0, 1], as MNIST; or 3 with scaled range [-1, 1], as CIFAR.
        train: images in the training split, which is stratified by class.
        test: images in the test split.
        seed: of the split.
        classes: classes to keep, renumbered in this order; all if None. They are chosen after the split.

    Raises:
        InputError: a parameter is out of range.
    """
    if colours not in (1, 3):
        raise InputError(f"colours: expected 1 or 3, got {colours}.")
    if size < 8:
        raise InputError(f"size: expected at least 8, the size of the source, got {size}.")
    source = load_digits()
    grey = (source.images.astype(np.int64) * 255 + LARGEST // 2) // LARGEST
    pictures = grey.astype(np.uint8)[:, None]
    if size > 8:
        pictures = images.resize(pictures, size)
    pictures = pictures.repeat(colours, axis=1)
    splits = [(pictures[rows], source.target[rows]) for rows in _split(source.target, train, test, seed)]
    span = images.MNIST_RANGE if colours == 1 else images.CIFAR_RANGE
    return images.arrays(kind, *splits, classes=CLASSES, span=span, keep=classes, seed=seed)


def _split(labels: np.ndarray, train: int, test: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the two splits, in the order of the source."""
    if min(train, test) < CLASSES or train + test > len(labels):
        raise InputError(
            f"train and test: expected at least {CLASSES} each and {len(labels)} together, got {train} and {test}."
        )
    rows = np.arange(len(labels))
    parts = train_test_split(rows, train_size=train, test_size=test, stratify=labels, random_state=seed)
    return np.sort(parts[0]), np.sort(parts[1])
