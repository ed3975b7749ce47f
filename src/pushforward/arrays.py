"""Arrays checked at the door, so that a measure never fails deep inside a library."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pushforward.errors import InputError

Floats = NDArray[np.floating[Any]]
Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]


def finite_matrix(values: Any, name: str) -> Floats:
    """Rows of finite real numbers; float32 and float64 are taken as they are, without a copy.

    Args:
        values: array-like of shape (n, D).
        name: what the rows are, as it should stand in a message, e.g. "real feature".

    Raises:
        InputError: not two-dimensional, no columns, not real numbers, or some rows not finite.
    """
    matrix = np.asarray(values)
    if matrix.ndim != 2 or matrix.shape[1] == 0:
        raise InputError(f"{name}s must have shape (n, D) with D >= 1, got {matrix.shape}; flatten them first.")
    if matrix.dtype not in (np.float32, np.float64):
        if not (np.issubdtype(matrix.dtype, np.floating) or np.issubdtype(matrix.dtype, np.integer)):
            raise InputError(f"{name}s must be real numbers, got {matrix.dtype}.")
        matrix = matrix.astype(np.float64)
    finite = np.isfinite(matrix).all(axis=1)
    if not finite.all():
        first = int(np.argmin(finite))
        bad = int((~finite).sum())
        raise InputError(f"{bad} of {len(matrix)} {name} rows not finite (first {first}); repair their source first.")
    return matrix


def class_labels(labels: Any, classes: int, name: str, n: int | None = None) -> Integers:
    """Integer labels in 0..classes-1 as int64.

    Args:
        labels: array-like of shape (n,).
        classes: number of classes.
        name: what they label, for the message.
        n: expected number of labels.

    Raises:
        InputError: not one-dimensional integers, of another number, or out of range.
    """
    vector = np.asarray(labels)
    if vector.ndim != 1 or not (vector.size == 0 or np.issubdtype(vector.dtype, np.integer)):
        raise InputError(f"{name} labels must be integers of shape (n,), got {vector.dtype} of shape {vector.shape}.")
    if n is not None and len(vector) != n:
        raise InputError(f"expected one {name} label a row: {n}, got {len(vector)}.")
    if vector.size and (vector.min() < 0 or vector.max() >= classes):
        raise InputError(f"{name} labels must lie in 0..{classes - 1}, got {vector.min()}..{vector.max()}.")
    return vector.astype(np.int64)
