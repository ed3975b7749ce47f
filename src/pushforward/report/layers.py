"""A table of architectures for a reader: our layers, and beneath a layer the printed row where it differs."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from pushforward.report import markup, plain
from pushforward.report.architecture import PRINTED, TOTAL
from pushforward.report.footnotes import letter
from pushforward.report.layout import Cell, Grid, Line

HEADS = ("", "Operation")
LABELS = {"kernel": "Kernel", "stride": "Strides", "feature_maps": "Feature maps", "conditional_bn": "Conditional BN"}
LABELS |= {"activation": "Activation", "parameters": "Parameters"}
NONE = "–"
READING = (
    "Every layer as the network runs it here. Where the printed row differs, it stands beneath.",
    "Parameters of a printed row: what it amounts to as it stands, with biases. The paper prints no such numbers.",
)


def markdown(frame: pd.DataFrame, title: str) -> str:
    """Layers, then settings of the training where there are some; ends with a newline."""
    return "\n".join(markup.markdown(each) for each in grids(frame, title, ""))


def latex(frame: pd.DataFrame, title: str, label: str) -> str:
    """The same for a paper."""
    return "\n".join(markup.latex(each) for each in grids(frame, title, label))


def grids(frame: pd.DataFrame, title: str, label: str) -> list[Grid]:
    """The grids of both parts.

    Args:
        frame: from `architecture.table`.
        title: caption.
        label: LaTeX label.
    """
    layers, training = frame[frame["part"] != "training"], frame[frame["part"] == "training"]
    found = [_layers(layers, title, label)]
    if len(training):
        rows = [
            ["training", row["operation"], row["printed_value"], row["value"] or NONE, _sign(row)]
            for row in training.to_dict("records")
        ]
        columns = ("Paper", "Here", "")
        found.append(plain.grid(f"{title}: training", ("", "Setting"), columns, rows, ("=: as printed.",)))
    return found


def _layers(frame: pd.DataFrame, title: str, label: str) -> Grid:
    modulated = bool((frame["conditional_bn"] + frame["printed_conditional_bn"]).any())
    columns = [name for name in LABELS if name != "conditional_bn" or modulated]
    told: list[str] = []
    lines = [line for row in frame.to_dict("records") for line in _lines(row, columns, told)]
    notes = (*READING, *(f"({letter(place)}) {_pretty(text)}." for place, text in enumerate(told)))
    return Grid(title, label, HEADS, tuple(LABELS[name] for name in columns), tuple(lines), notes)


def _lines(row: Mapping[Any, Any], columns: list[str], told: list[str]) -> Iterator[Line]:
    """Our layer, the printed row where it differs, and for a total the count in the authors' code."""
    note = ""
    if row["differs"] == "yes":
        told += [row["difference"]] if row["difference"] not in told else []
        note = letter(told.index(row["difference"]))
    own = {name: printed for printed, name in PRINTED.items()}
    place = next((name for name in columns if row[name] != row[own[name]]), columns[-1])
    if row["operation"]:
        cells = [_cell(row, name, note if name == place else "") for name in columns]
        yield Line("ours", (row["part"], row["operation"]), tuple(cells))
    if row["differs"] == "yes" and (row["printed_operation"] or row["printed_parameters"]):
        alone = "" if row["operation"] else f", {row['part']}: {row['printed_operation']}"
        cells = [_cell(row, own[name], note if alone and name == columns[-1] else "") for name in columns]
        yield Line("paper", (f"paper{alone}", ""), tuple(cells))
    if row["operation"] == TOTAL and row["authors_parameters"]:
        empty = [Cell("")] * (len(columns) - 1)
        yield Line("paper", ("authors' code", ""), (*empty, _cell(row, "authors_parameters", "")))


def _cell(row: Mapping[Any, Any], name: str, note: str) -> Cell:
    text = row[name]
    if name.endswith("parameters") and text:
        text = f"{int(text):,}" if int(text) or row["operation"] == TOTAL else NONE
    empty = "" if row["operation"] == TOTAL else NONE
    return Cell(_pretty(text) or empty, "", note)


def _sign(row: Mapping[Any, Any]) -> str:
    return "" if not row["value"] else "differs" if row["differs"] == "yes" else "="


def _pretty(text: str) -> str:
    """3x3 as 3×3."""
    return re.sub(r"(?<=[\d\]])( ?)x( ?)(?=\d)", r"\1×\2", text)
