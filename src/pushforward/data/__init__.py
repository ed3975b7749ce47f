"""Data sets by name: `prepare` makes the arrays of one, `load` reads them back.

Members are imported by name when asked for, so a job's code digest holds only the data set it prepares.
"""

import difflib
import importlib
import inspect
from typing import Any

import numpy as np

from pushforward.data.dataset import Dataset, load, save
from pushforward.errors import InputError

__all__ = ["KINDS", "Dataset", "load", "prepare", "save"]

# kind -> the module of this package whose `prepare(kind, ...)` makes it
KINDS = {
    "gaussians": "gaussians",
    "digits": "digits",
    "mnist": "mnist",
    "fashion-mnist": "mnist",
    "cifar10": "cifar",
    "cifar100": "cifar",
    "cifar10-jpeg": "cifar10_jpeg",
    "stl10": "stl10",
    "synthetic": "synthetic",
}


def prepare(kind: str, **params: Any) -> dict[str, np.ndarray]:
    """Make the arrays of one data set, ready for `save`.

    Args:
        kind: a key of `KINDS`.
        params: keywords of that member's `prepare`.

    Returns:
        Arrays by name; "about" is a 0-d string with JSON (see `dataset`).

    Raises:
        InputError: unknown kind or parameter, or one out of range.
        Corrupt, Missing, Resource: from fetching and reading the published files.
    """
    if kind not in KINDS:
        near = difflib.get_close_matches(kind, KINDS, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise InputError(f"Unknown kind of data {kind!r}: expected one of {', '.join(KINDS)}.{hint}")
    member = importlib.import_module(f"{__name__}.{KINDS[kind]}")
    signature = inspect.signature(member.prepare)
    try:
        signature.bind(kind, **params)
    except TypeError as error:
        known = ", ".join(list(signature.parameters)[1:])
        raise InputError(f"Data of kind {kind!r}: {error}. Its parameters are: {known}.") from None
    return member.prepare(kind, **params)
