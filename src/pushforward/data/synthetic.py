"""A data set made of a generator's images, such as the first version's Synthetic CIFAR-10.

There, the images of a conditional GAN with latent dimension 5 stand in for CIFAR-10, so that the data lie on a manifold
of known low dimension. The authors' code cuts values off to integers and stores JPEG, which moves images off that
manifold; here exact arrays are the default, and what they did is `format="jpeg"`.
"""

from pathlib import Path
from typing import Literal

import numpy as np

from pushforward.artifacts import digest_file
from pushforward.data import dataset, images
from pushforward.errors import Corrupt, InputError

QUALITY = 75  # the default of Pillow, and so of the authors' code


def prepare(
    kind: str,
    *,
    samples: str,
    classes: int = 10,
    low: float = -1.0,
    high: float = 1.0,
    format: Literal["png", "jpeg"] = "png",
) -> dict[str, np.ndarray]:
    """The samples as the training split; the test split is empty.

    Args:
        kind: "synthetic".
        samples: npz file with `images`, float (n, C, H, W) in [low, high] or already uint8, and `labels` (n,).
        classes: how many classes the labels count.
        low: value of black in float images, and start of the scaled range.
        high: value of white.
        format: "png": to the nearest integer, stored exactly. "jpeg": cut off to integers, then JPEG of quality 75.

    Raises:
        Missing: no such file.
        Corrupt: the file does not hold such arrays.
        InputError: a parameter is out of range, or JPEG is wanted of images that are integers already.
    """
    if format not in ("png", "jpeg"):
        raise InputError(f"format: expected png or jpeg, got {format!r}.")
    if not low < high:
        raise InputError(f"low and high: expected low < high, got {low} and {high}.")
    pixels, labels = _read(Path(samples), classes)
    if format == "jpeg" and pixels.dtype == np.uint8:
        raise InputError(f"{samples}: uint8 images cannot be cut off again; the jpeg format needs the floats.")
    if format == "jpeg":
        pixels = images.jpeg(levels(pixels, low, high).astype(np.uint8), QUALITY)
    elif pixels.dtype != np.uint8:
        pixels = np.rint(levels(pixels, low, high)).astype(np.uint8)
    return images.arrays(
        kind,
        (pixels, labels),
        (pixels[:0], labels[:0]),
        classes=classes,
        span=(low, high),
        format=format,
        samples_sha256=digest_file(samples),
    )


def levels(x: np.ndarray, low: float, high: float) -> np.ndarray:
    """Floats in [low, high] as grey levels 0 to 255, not yet integers; values beyond the range become its ends."""
    return np.clip((x - low) / (high - low) * 255, 0, 255)


def _read(path: Path, classes: int) -> images.Split:
    file = dataset.read(path)
    try:
        pixels, labels = file["images"], file["labels"]
    except KeyError as error:
        raise Corrupt(f"{path} has no array {error}; expected images and labels.") from None
    if pixels.ndim != 4 or pixels.shape[1] not in (1, 3) or labels.shape != pixels.shape[:1] or not len(pixels):
        raise Corrupt(f"{path}: expected images (n, 1 or 3, H, W) and labels (n,), got {pixels.shape}, {labels.shape}.")
    if pixels.dtype != np.uint8 and not np.isfinite(pixels).all():
        raise Corrupt(
            f"{path}: {int((~np.isfinite(pixels)).any((1, 2, 3)).sum())} images have values that are not finite."
        )
    if labels.min() < 0 or labels.max() >= classes:
        raise Corrupt(f"{path}: labels from {labels.min()} to {labels.max()}, expected 0 to {classes - 1}.")
    return pixels, labels
