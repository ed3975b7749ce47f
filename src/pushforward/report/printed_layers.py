"""The printed tables of architectures, row by row, and the parameters that a row amounts to as it stands."""

import csv
import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any

from pushforward.errors import InputError
from pushforward.report.printed import parts

LATENT = "z ~ N(0, I)"
CELLS = ("operation", "kernel", "stride", "feature_maps", "conditional_bn", "activation", "value", "note")
ANY = "dim(z)"  # printed where any latent dimension may stand


@dataclass(frozen=True)
class Row:
    """A row of a table of architectures, printed or ours; "" is an empty cell.

    Attributes:
        operation: e.g. "Convolution".
        kernel: e.g. "3x3", "[3x3] x 2".
        stride: e.g. "1x1".
        feature_maps: of the output, height x width x channels.
        conditional_bn: "Y" where a batch normalisation follows z.
        activation: e.g. "LReLU".
        value: of a training setting.
        note: what is known about a printed row, or about ours.
        parameters: weights and biases; of a printed row what it amounts to, None where it does not tell.
    """

    operation: str
    kernel: str = ""
    stride: str = ""
    feature_maps: str = ""
    conditional_bn: str = ""
    activation: str = ""
    value: str = ""
    note: str = ""
    parameters: int | None = None


def printed_layers(source: str, part: str) -> list[Row]:
    """The printed rows of one part of a table; "-" is taken for an empty cell.

    Args:
        source: "ICML Table 4", "ICML Table 5", "v1 Table 3" or "v1 Table 4".
        part: "generator", "critic" or "training".

    Raises:
        InputError: no such table.
    """
    known = list(dict.fromkeys(each["source"] for each in _table()))
    if source not in known:
        raise InputError(f"no printed table of layers {source!r}; there are: {', '.join(known)}.")
    rows = [each for each in _table() if each["source"] == source and each["part"] == part]
    return [Row(**{name: _cell(each[name]) for name in CELLS}) for each in rows]


def _cell(text: str) -> Any:
    return "" if text == "-" else text


def counted(rows: Sequence[Row], inputs: Sequence[int]) -> list[Row]:
    """Rows with the parameters that each amounts to, biases included; residual blocks do not tell.

    Args:
        rows: printed ones.
        inputs: shape of the input, channels last: (d,) or (height, width, channels).
    """
    done, before = [], tuple(inputs)
    for row in rows:
        after = before if row.feature_maps == ANY else tuple(int(n) for n in row.feature_maps.split("x"))
        parameters: int | None = None
        if row.operation == "Fully Connected":
            parameters = math.prod(after) * (math.prod(before) + 1)
        elif row.operation == "Convolution":
            parameters = after[-1] * (math.prod(map(int, row.kernel.split("x"))) * before[-1] + 1)
        elif row.operation != "ResBlock":
            parameters = 0
        done.append(replace(row, parameters=parameters))
        before = after
    return done


def authors_count(kind: str, part: str, sizes: dict[str, object]) -> int | None:
    """Parameters that a network of these sizes has in the authors' code; None for sizes that were not counted."""
    for row in _counts():
        if (row["kind"], row["part"]) == (kind, part):
            own = parts(row["sizes"])
            if all(str(sizes.get(name)) == value for name, value in own.items()):
                return int(row["parameters"])
    return None


@functools.cache
def _table() -> list[dict[str, str]]:
    return _read("printed_layers.csv")


@functools.cache
def _counts() -> list[dict[str, str]]:
    return _read("parameter_counts.csv")


def _read(name: str) -> list[dict[str, str]]:
    with files("pushforward.report").joinpath(name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))
