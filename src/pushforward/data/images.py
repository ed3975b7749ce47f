"""Arrays of images, always uint8 (n, C, H, W): resize, JPEG, choice of classes, and the arrays of a data set."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from pushforward.data.dataset import describe
from pushforward.errors import Corrupt, InputError

Split = tuple[np.ndarray, np.ndarray]  # images uint8 (n, C, H, W), labels (n,)
MNIST_RANGE = (0.0, 1.0)
CIFAR_RANGE = (-1.0, 1.0)


def arrays(
    kind: str,
    train: Split,
    test: Split,
    *,
    classes: int,
    span: tuple[float, float],
    keep: Sequence[int] | None = None,
    **facts: Any,
) -> dict[str, np.ndarray]:
    """The arrays of an image data set.

    Args:
        kind: key of the registry.
        train: images and labels.
        test: images and labels.
        classes: how many classes the labels count.
        span: range of the scaled images.
        keep: classes to keep, renumbered 0, 1, ... in this order; all if None.
        facts: JSON-able, to be kept in `about`.

    Raises:
        InputError: `keep` is empty, repeats itself, or names a class that does not exist.
    """
    if keep is not None:
        train, test = select(train, keep, classes), select(test, keep, classes)
        classes, facts = len(keep), facts | {"kept": list(keep)}
    low, high = span
    return {
        "train": np.ascontiguousarray(train[0]),
        "train_labels": train[1].astype(np.int64),
        "test": np.ascontiguousarray(test[0]),
        "test_labels": test[1].astype(np.int64),
        "about": describe(kind, classes=classes, low=low, high=high, **facts),
    }


def select(split: Split, keep: Sequence[int], classes: int) -> Split:
    """The images of the classes in `keep`, in their order, with labels renumbered to places in `keep`."""
    if not keep or len(set(keep)) != len(keep) or not set(keep) <= set(range(classes)):
        raise InputError(f"classes: expected different numbers from 0 to {classes - 1}, got {list(keep)}.")
    images, labels = split
    place = np.full(classes + 1, -1)  # the last entry serves label -1
    place[list(keep)] = np.arange(len(keep))
    chosen = place[labels]
    return images[chosen >= 0], chosen[chosen >= 0]


def resize(images: np.ndarray, size: int) -> np.ndarray:
    """Bilinear resize to size x size; when it shrinks, the kernel widens with the step (no aliasing)."""
    shrunk = [np.asarray(_picture(x).resize((size, size), Image.Resampling.BILINEAR)) for x in images]
    return _channels_first(np.stack(shrunk)) if shrunk else np.zeros((0, images.shape[1], size, size), np.uint8)


def jpeg(images: np.ndarray, quality: int) -> np.ndarray:
    """What is left of images after JPEG with Pillow's other defaults (chroma halved)."""
    return np.stack([decode(_encode(x, quality)) for x in images]) if len(images) else images


def decode(content: bytes) -> np.ndarray:
    """One encoded picture as uint8 (C, H, W).

    Raises:
        Corrupt: not a picture that can be decoded whole.
    """
    try:
        with Image.open(io.BytesIO(content)) as picture:
            return _channels_first(np.asarray(picture.convert("L" if picture.mode == "L" else "RGB"))[None])[0]
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise Corrupt(f"a picture of {len(content)} bytes cannot be decoded ({error}).") from None


def _encode(image: np.ndarray, quality: int) -> bytes:
    buffer = io.BytesIO()
    _picture(image).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def _picture(image: np.ndarray) -> Image.Image:
    """(1 or 3, H, W) as a grey or RGB picture."""
    return Image.fromarray(np.ascontiguousarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0)))


def _channels_first(x: np.ndarray) -> np.ndarray:
    """(n, H, W) or (n, H, W, C) to (n, C, H, W)."""
    return x[:, None] if x.ndim == 3 else np.ascontiguousarray(x.transpose(0, 3, 1, 2))
