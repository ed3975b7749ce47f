"""From the tidy frame to the paper's own layout: a line per generator, a column per metric, footnotes for the rest."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pushforward.errors import InputError
from pushforward.report.footnotes import MARKS, Footnotes, legend, outcome
from pushforward.report.intervals import Interval
from pushforward.report.labels import ARROWS, NOT_AVAILABLE, NOT_RUN, metric, plus_minus, printed_number
from pushforward.report.verdict import distinct

LINE = {
    **{"dataset": "Data set", "architecture": "Model", "latent_dim": "d", "variant": "Variant"},
    "acceptance": "Accepted (%)",
}
EXTRA = {"paper_source": "Source", "features": "Features", "protocol": "Protocol", "scale": "Scale"}
COMPARABLE = ("metric", "features", "protocol", "scale")
BENEATH = {"corrected": ("corrected", "corrected_ci", ""), "seeds": ("seed_mean", "seed_ci", "n_seeds")}
NAMES = {"paper": "paper", "corrected": "corrected protocol", "seeds": "over seeds"}
NARROW = 4  # metrics that fit on a page with the paper's number in the same cell
BOLD = "Bold: the best of its group, and what the intervals do not tell apart from it."


@dataclass(frozen=True)
class Layout:
    """How a table is laid out for a reader.

    Attributes:
        title: caption.
        label: LaTeX label.
        metrics: order of the columns; those not named follow in order of appearance.
        compare: columns within which the lines compete; the best of a group is bold. Empty: nothing is bold.
    """

    title: str
    label: str = ""
    metrics: tuple[str, ...] = ()
    compare: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cell:
    """A number, what stands after it, and the letters of its footnotes."""

    value: str
    tail: str = ""
    notes: str = ""
    best: bool = False


@dataclass(frozen=True)
class Line:
    """A line of the table: "ours", or one beneath it: "paper", "corrected" or "seeds"."""

    kind: str
    labels: tuple[str, ...]
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Grid:
    """What a renderer needs: it decides nothing, it only escapes."""

    title: str
    label: str
    heads: tuple[str, ...]
    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    footnotes: tuple[str, ...]


def grid(frame: pd.DataFrame, layout: Layout) -> Grid:
    """Lay a tidy frame out as in the paper.

    Raises:
        InputError: no rows, or rows that no label of a line tells apart.
    """
    if frame.empty:
        raise InputError(f"{layout.title}: a table needs at least one row; got none.")
    heads = _heads(frame)
    rows = [{str(name): value for name, value in each.items()} for each in frame.to_dict("records")]
    best = _best(rows, layout.compare)
    metrics = list(dict.fromkeys([*(m for m in layout.metrics if m in set(frame["metric"])), *frame["metric"]]))
    notes = Footnotes(rows)
    generators: dict[tuple[str, ...], dict[str, dict[str, Any]]] = {}
    for place, row in enumerate(rows):
        key = tuple(_text(row[head]) or "–" for head in heads)
        generators.setdefault(key, {})[row["metric"]] = {**row, "best": place in best}
    lines = [line for key, own in generators.items() for line in _lines(key, [own.get(m) for m in metrics], notes)]
    return Grid(
        layout.title,
        layout.label,
        tuple((LINE | EXTRA)[head] for head in heads),
        tuple(metric(name).label + _arrow(rows, name) for name in metrics),
        tuple(lines),
        (legend(rows), *([BOLD] if best else []), *notes.lines()),
    )


def _heads(frame: pd.DataFrame) -> list[str]:
    """Label columns: those of `LINE` that say something, and as few more as tell the lines apart."""
    idle = {"acceptance"} if not frame["acceptance"].lt(100).any() else set()
    heads = [name for name in LINE if name not in idle and frame[name].map(_text).ne("").any()]
    for extra in EXTRA:
        if frame.duplicated([*heads, "metric"]).any() and frame[extra].nunique() > 1:
            heads.append(extra)
    if frame.duplicated([*heads, "metric"]).any():
        raise InputError(f"several numbers for one cell: {', '.join(heads)} do not tell the lines apart.")
    return heads


def _text(value: Any) -> str:
    if pd.isna(value):
        return ""
    return f"{value:.3g}" if isinstance(value, float) else str(value).replace(";", ", ")


def _arrow(rows: Sequence[Mapping[str, Any]], name: str) -> str:
    return ARROWS.get(next(row["direction"] for row in rows if row["metric"] == name), "")


def _lines(key: tuple[str, ...], rows: Sequence[Mapping[str, Any] | None], notes: Footnotes) -> list[Line]:
    """A generator's own line; beneath it, where known, the paper's, its corrected numbers and its spread over seeds.

    The paper's numbers stand within the cells of a narrow table and on their own line in a wide one.
    """
    wide = len(rows) > NARROW
    papers = ["" if row is None else _paper(row) for row in rows]
    tails = [f"({text})" if text and not wide else "" for text in papers]
    lines = [_line("ours", key, [_ours(row, tail, notes) for row, tail in zip(rows, tails, strict=True)])]
    if wide and any(papers):
        lines.append(_line("paper", key, [Cell(text.replace("paper ", "") or NOT_AVAILABLE) for text in papers]))
    for kind, (value, ends, counted) in BENEATH.items():
        if any(row is not None and math.isfinite(row[value]) for row in rows):
            lines.append(_line(kind, key, [_second(row, value, ends, counted) for row in rows]))
    return lines


def _line(kind: str, key: tuple[str, ...], cells: Sequence[Cell]) -> Line:
    labels = key if kind == "ours" else (NAMES[kind], *[""] * (len(key) - 1))
    return Line(kind, labels, tuple(cells))


def _ours(row: Mapping[str, Any] | None, tail: str, notes: Footnotes) -> Cell:
    """`88.1 ± 0.5 (< paper 93.2)`; `not run (paper 93.2)`; `n/a` where there is no such number at all."""
    if row is None:
        return Cell(NOT_AVAILABLE)
    missing = {"not run": NOT_RUN, "degenerate": NOT_AVAILABLE}.get(outcome(row))
    return Cell(missing or plus_minus(row["ours"], _half(row, "ci")), tail, notes.letters(row), row["best"])


def _paper(row: Mapping[str, Any]) -> str:
    """The verdict's mark and the printed number: `< paper 93.2 ± 0.6`; "" where none is printed."""
    if math.isnan(row["paper"]):
        return ""
    return f"{MARKS.get(outcome(row), '')} paper {printed_number(row['paper'], row['paper_half_width'])}".lstrip()


def _second(row: Mapping[str, Any] | None, value: str, ends: str, counted: str) -> Cell:
    if row is None or not math.isfinite(row[value]):
        return Cell(NOT_AVAILABLE)
    known = counted != "" and not pd.isna(row[counted])
    return Cell(plus_minus(row[value], _half(row, ends)), f"(n = {row[counted]})" if known else "")


def _half(row: Mapping[str, Any], ends: str) -> float:
    return float(row[f"{ends}_high"] - row[f"{ends}_low"]) / 2


def _best(rows: Sequence[Mapping[str, Any]], compare: Sequence[str]) -> set[int]:
    """Places of the rows that are the best of their group, or that the intervals do not tell apart from it.

    Nothing is marked where the best has no interval, or where no row is worse.
    """
    groups: dict[tuple[str, ...], list[int]] = {}
    for place, row in enumerate(rows if compare else ()):
        if row["status"] == "ok" and row["direction"] and math.isfinite(row["ours"]):
            groups.setdefault(tuple(_text(row[name]) for name in (*compare, *COMPARABLE)), []).append(place)
    chosen: set[int] = set()
    for group in groups.values():
        sign = 1 if rows[group[0]]["direction"] == "up" else -1
        top = _interval(rows[max(group, key=lambda place: sign * rows[place]["ours"])])
        if any(distinct(_interval(rows[place]), top) for place in group):
            chosen |= {place for place in group if _tied(_interval(rows[place]), top)}
    return chosen


def _tied(own: Interval, top: Interval) -> bool:
    return math.isfinite(own.half_width) and not distinct(own, top)


def _interval(row: Mapping[str, Any]) -> Interval:
    return Interval(row["ours"], row["ci_low"], row["ci_high"], 0, row["ci_over"])
