"""The page of the numbers in the paper's running text, from its tidy frame."""

import math

import pandas as pd

from pushforward.report import markup, plain
from pushforward.report.footnotes import SMALLER
from pushforward.report.labels import NOT_RUN, metric, number
from pushforward.report.verdict import PAPER_SCALE

RECOMPUTED = "from the printed Table 6"
ARITHMETIC = "arithmetic"
NOTES = (
    "In brackets: 95 % interval, with what it runs over. Ours is computed with the paper's protocol.",
    "A correlation over five widths is hardly known: Fisher's interval says how little.",
)


def markdown(frame: pd.DataFrame) -> str:
    """The page; ends with a newline.

    Args:
        frame: the tidy frame.
    """
    lines, told = [], []
    for _, row in frame.iterrows():
        if row["reason"] and row["reason"] not in told:
            told.append(row["reason"])
        lines.append(_line(row, told.index(row["reason"]) + 1 if row["reason"] else 0))
    smaller = sorted(set(frame.loc[frame["status"] != NOT_RUN, "scale"]) - {PAPER_SCALE})
    notes = [*NOTES, *(f"Scale: {scale}, {SMALLER}." for scale in smaller)]
    notes += [f"[{place}] {text.removesuffix('.')}." for place, text in enumerate(told, 1)]
    heads = ("Number", "Data set", "Of")
    table = plain.grid("Each number of the text beside ours", heads, ("Paper", "Ours", "Verdict"), lines, notes)
    return f"# Numbers in the running text\n\n{markup.markdown(table)}"


def _line(row: pd.Series, note: int) -> list[str]:
    label = metric(row["metric"]).label + (f", {row['variant']}" if row["variant"] == RECOMPUTED else "")
    of = ", ".join(text for text in (row["architecture"], row["features"], row["run"]) if text)
    paper = "–" if math.isnan(row["paper"]) else repr(float(row["paper"]))
    verdict = ARITHMETIC if row["variant"] == RECOMPUTED else row["verdict"]
    mark = f" [{note}]" if note else ""
    return [label, row["dataset"], of, paper, _ours(row) + mark, verdict]


def _ours(row: pd.Series) -> str:
    """`0.986 [0.80, 0.999] (5 runs)`."""
    if row["status"] == NOT_RUN:
        return NOT_RUN
    if math.isnan(row["ours"]):
        return f"n/a ({row['status']})"
    if math.isnan(row["ci_low"]):
        return number(row["ours"])
    ends = ", ".join(number(row[name]) for name in ("ci_low", "ci_high"))
    return f"{number(row['ours'])} [{ends}] ({row['n']} {row['ci_over']})"
