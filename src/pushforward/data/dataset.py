"""One data set in memory, and the npz file it comes from.

The file holds `train`, `train_labels`, `test`, `test_labels`, for a mixture also `centres`, `weights`, `sigma`, and
`about`: a 0-d string array with JSON (kind, classes, range, and where the data came from). Nothing in it is pickled.
"""

import json
import math
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pushforward.artifacts import atomic_path
from pushforward.errors import Corrupt, InputError, Missing
from pushforward.rng import generator

UNLABELLED = -1  # label of an image that has none (STL-10)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images as uint8 (n, C, H, W), or points as float32 (n, D), with labels 0..classes-1.

    `low` and `high` are the range of the *scaled* images, the one that networks see: [0, 1] for MNIST-like data,
    [-1, 1] for CIFAR-like data. Points are not scaled, their range is -inf to inf. A mixture also has its law:
    `centres` (m, D) and `weights` (m,) in float64, and `sigma`, the deviation of each coordinate.
    """

    name: str
    kind: str
    train: Tensor
    train_labels: Tensor
    test: Tensor
    test_labels: Tensor
    classes: int
    low: float
    high: float
    about: dict[str, Any] = field(default_factory=dict)
    centres: Tensor | None = None
    weights: Tensor | None = None
    sigma: float | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one sample: (C, H, W) or (D,)."""
        return tuple(self.train.shape[1:])

    def scaled(self, x: Tensor) -> Tensor:
        """Images as float32 in [low, high]; points as they are."""
        return scale(x, self.low, self.high)

    def reference(self, n: int, seed: int) -> tuple[Tensor, Tensor]:
        """A seeded subset of the training split without repeats: the real side of a metric.

        Args:
            n: how many; the whole split where it is smaller.
            seed: of the choice.

        Returns:
            Samples as stored (not scaled), and their labels.
        """
        order = torch.randperm(len(self.train), generator=generator(seed, "reference"))[:n]
        return self.train[order], self.train_labels[order]


def scale(x: Tensor, low: float, high: float) -> Tensor:
    """uint8 0..255 to float32 low..high; floats pass as they are.

    Equal to the bit to x/255 for [0, 1] and to (x/255 - 0.5)/0.5 for [-1, 1], the authors' transforms.
    """
    if x.dtype != torch.uint8:
        return x
    return x.to(torch.float32).div_(255).mul_(high - low).add_(low)


def describe(
    kind: str, *, classes: int, low: float | None = None, high: float | None = None, **facts: Any
) -> np.ndarray:
    """The `about` array; `low` and `high` stay None for points, which have no range."""
    return np.array(json.dumps({"kind": kind, "classes": classes, "low": low, "high": high, **facts}, sort_keys=True))


def save(path: str | Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write the arrays of `prepare`; equal arrays give equal bytes.

    Raises:
        InputError: not an .npz name, or arrays of Python objects.
        Resource: the disk is full.
    """
    if Path(path).suffix != ".npz":
        raise InputError(f"{path}: data sets are stored as .npz.")
    if any(array.dtype.hasobject for array in arrays.values()):
        raise InputError(f"{path}: arrays of Python objects are not stored, they would have to be pickled.")
    with atomic_path(path) as temporary:
        np.savez(temporary, **dict[str, Any](arrays))


def load(path: str | Path) -> Dataset:
    """Read a data set; its name is the file's.

    Raises:
        Missing: no such file.
        Corrupt: truncated or altered, or its arrays do not fit together.
    """
    path = Path(path)
    arrays = read(path)
    try:
        dataset = _assemble(path.stem, json.loads(str(arrays["about"])), arrays)
    except (ValueError, KeyError, TypeError) as error:
        raise Corrupt(f"{path} is not a prepared data set ({error!r}). Remove it and prepare it again.") from None
    problem = _problem(dataset)
    if problem:
        raise Corrupt(f"{path}: {problem}. Remove it and prepare it again.")
    return dataset


def read(path: str | Path) -> dict[str, np.ndarray]:
    """All arrays of an npz file, none of them pickled.

    Raises:
        Missing: no such file.
        Corrupt: not a whole npz file of plain arrays.
    """
    try:
        # Opened here, as numpy forgets to close a file that it cannot read.
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {key: arrays[key] for key in arrays.files}
    except FileNotFoundError:
        raise Missing(f"{path} is not here. Run the rule that writes it, or fetch it with `make pull`.") from None
    except (ValueError, AttributeError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        raise Corrupt(
            f"{path} is not a whole npz file of plain arrays ({error}). Remove it and make it again."
        ) from None


def _assemble(name: str, about: dict[str, Any], arrays: dict[str, np.ndarray]) -> Dataset:
    tensors = {key: torch.from_numpy(array) for key, array in arrays.items() if key not in ("about", "sigma")}
    low, high = about["low"], about["high"]
    return Dataset(
        name=name,
        kind=str(about["kind"]),
        train=tensors["train"],
        train_labels=tensors["train_labels"],
        test=tensors["test"],
        test_labels=tensors["test_labels"],
        classes=int(about["classes"]),
        low=-math.inf if low is None else float(low),
        high=math.inf if high is None else float(high),
        about=about,
        centres=tensors.get("centres"),
        weights=tensors.get("weights"),
        sigma=float(arrays["sigma"]) if "sigma" in arrays else None,
    )


def _problem(data: Dataset) -> str:
    """What is wrong with the arrays, or nothing."""
    for split, x, labels in (("train", data.train, data.train_labels), ("test", data.test, data.test_labels)):
        images = x.dtype == torch.uint8 and x.ndim == 4
        points = x.dtype == torch.float32 and x.ndim == 2
        if not (images or points):
            return f"{split} is {x.dtype} {tuple(x.shape)}, expected uint8 (n, C, H, W) or float32 (n, D)"
        if labels.dtype != torch.int64 or labels.shape != x.shape[:1]:
            return f"{split} has {len(x)} samples, but labels {labels.dtype} {tuple(labels.shape)}"
        if len(labels) and not (int(labels.min()) >= UNLABELLED and int(labels.max()) < data.classes):
            return f"{split} labels run from {int(labels.min())} to {int(labels.max())}, expected 0..{data.classes - 1}"
        if points and not torch.isfinite(x).all():
            bad = (~torch.isfinite(x).all(1)).nonzero().flatten()
            return f"{len(bad)} of {len(x)} {split} points are not finite (first: number {int(bad[0])})"
    if data.centres is not None and not _is_law(data.centres, data.weights, (data.classes, *data.shape)):
        return f"the mixture's centres {tuple(data.centres.shape)} or weights do not fit {data.classes} modes"
    if data.train.shape[1:] != data.test.shape[1:]:
        return f"train samples are {tuple(data.train.shape[1:])}, test samples {tuple(data.test.shape[1:])}"
    return "" if len(data.train) else "the training split is empty"


def _is_law(centres: Tensor, weights: Tensor | None, shape: tuple[int, ...]) -> bool:
    """Whether centres of this shape and their weights are finite, and the weights positive."""
    if weights is None or tuple(centres.shape) != shape or tuple(weights.shape) != shape[:1]:
        return False
    return bool(centres.isfinite().all() and weights.isfinite().all() and (weights > 0).all())
