"""What stands beneath a table: how to read a cell, over what intervals run, protocol, features, scale, and reasons.

What holds for every number is said once; what does not is a lettered note of its cell.
"""

import math
import string
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from pushforward.report.labels import NOT_RUN
from pushforward.report.verdict import PAPER_SCALE

MARKS = {
    "agrees": "=",
    "near": "≈",
    "within seed spread": "~",
    "higher": ">",
    "lower": "<",
    "inconclusive": "?",
}
SMALLER = "smaller than the paper's: its numbers show a direction and reproduce nothing"


def outcome(row: Mapping[str, Any]) -> str:
    """The verdict without its qualifier: "lower (demo scale)" -> "lower"."""
    return str(row["verdict"]).split(" (")[0]


def legend(rows: Sequence[Mapping[str, Any]]) -> str:
    """How to read a cell, with only the marks that occur."""
    ours = "Numbers: our mean ± half-width of its 95 % interval"
    if not any(math.isfinite(row["paper"]) for row in rows):
        return f"{ours}; nothing is printed to compare them with."
    seen = {outcome(row) for row in rows}
    marks = ", ".join(f"{mark} {name}" for name, mark in MARKS.items() if name in seen)
    reading = f" The sign says how ours stands to it: {marks}." if marks else ""
    return f"{ours}, and the paper's number ± its printed half-width.{reading}"


class Footnotes:
    """The statements common to all rows, and the lettered ones in order of first mention."""

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        kinds: dict[str, set[str]] = {}
        for row in rows:
            for kind, text in _said(row).items():
                kinds.setdefault(kind, set()).add(text)
        self.common = {kind: texts.pop() for kind, texts in kinds.items() if len(texts) == 1}
        self.lettered: list[str] = []

    def letters(self, row: Mapping[str, Any]) -> str:
        """Letters of what must be said of this row alone, e.g. "a,c"."""
        texts = _reason(row) + [text for kind, text in _said(row).items() if kind not in self.common]
        self.lettered += [text for text in texts if text not in self.lettered]
        return ",".join(map(letter, sorted(self.lettered.index(text) for text in texts)))

    def lines(self) -> list[str]:
        """All statements, the common ones first."""
        return [*self.common.values(), *(f"({letter(place)}) {text}" for place, text in enumerate(self.lettered))]


def _said(row: Mapping[str, Any]) -> dict[str, str]:
    """What must be said of a number that was run; nothing of one that was not."""
    if row["status"] == NOT_RUN:
        return {}
    count = "" if pd.isna(row["n"]) else f", n = {row['n']}"
    smaller = "" if row["scale"] == PAPER_SCALE else f", {SMALLER}"
    said = {
        "scale": f"Scale: {row['scale']}{smaller}.",
        "interval": f"Intervals: over {row['ci_over']}{count}." if row["ci_over"] else "",
        "protocol": f"Protocol: {row['protocol']}." if row["protocol"] else "",
        "features": f"Features: {row['features']}." if row["features"] else "",
    }
    return {kind: text for kind, text in said.items() if text}


def _reason(row: Mapping[str, Any]) -> list[str]:
    """Why a number is missing, or what is odd about it."""
    what = {"not run": "Not run", "ok": ""}.get(row["status"], f"Undefined ({row['status']})")
    text = ": ".join(part for part in (what, row["reason"].removesuffix(".")) if part)
    return [f"{text}."] if text and text != "Not run" else []


def letter(place: int) -> str:
    """Place 0 is a, 25 is z, 26 is aa."""
    rest, last = divmod(place, 26)
    return (letter(rest - 1) if rest else "") + string.ascii_lowercase[last]
