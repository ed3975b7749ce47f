"""The page on class balance, from its tidy frame."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd

from pushforward.report import markup, plain
from pushforward.report.labels import NOT_AVAILABLE, NOT_RUN, number
from pushforward.report.layout import Grid, Layout, grid
from pushforward.report.printed import parts

SHARE = "class_proportion_pct"
DATA = "training data"
EXTREMES = ("min_class_proportion_pct", "max_class_proportion_pct", "variance_to_mean_ratio")
MOST = 20  # classes that are listed whole
FEW = 5  # else this many rarest and commonest ones
ABSENT = "–"

NOTES = (
    "Variance / mean: population variance of the shares in percent over their mean, as printed; with shares as "
    "fractions it would be 100 times smaller. It equals 100 chi-square / (classes × samples).",
    "Chance alone: what it is on average for equal shares and as many samples.",
    "Chi-square: test of exactly equal shares. Data that are not balanced themselves are no reason to pass it.",
)
COLUMNS = ("samples", "rarest class (%)", "commonest class (%)", "variance / mean", "chance alone", "chi-square", "p")

Row = Mapping[str, Any]


def markdown(frame: pd.DataFrame) -> str:
    """The page; ends with a newline.

    Args:
        frame: the tidy frame of class balance.
    """
    generators = frame[frame["metric"].isin(EXTREMES) & (frame["architecture"] != DATA)]
    grids = [grid(generators, Layout("Rarest and commonest class, mean over snapshots", metrics=EXTREMES))]
    rows: list[Row] = [{str(name): value for name, value in each.items()} for each in frame.to_dict("records")]
    shares = [row for row in rows if row["metric"] == SHARE]
    if shares:
        grids.append(_tests(rows, shares))
    for name in dict.fromkeys(row["dataset"] for row in shares):
        grids.append(_shares(name, [row for row in shares if row["dataset"] == name]))
    parts = ["# Balance of the classes that generators draw", *(markup.markdown(each).strip() for each in grids)]
    return "\n\n".join(parts) + "\n"


def _tests(rows: Sequence[Row], shares: Sequence[Row]) -> Grid:
    """The last snapshots: is each class drawn as often as any other? Beneath them the data's own numbers."""
    tests = {(row["run"], row["metric"]): row["ours"] for row in rows}
    lines, data = [], []
    for (dataset, model, run), group in groupby(shares, lambda r: (r["dataset"], r["architecture"], r["run"])):
        own = list(group)
        if model == DATA:
            data.append([dataset, DATA, ABSENT, *_facts(own), ABSENT, ABSENT, ABSENT])
            continue
        n, classes = own[0]["n"], len(own)
        chance = number(100 * (classes - 1) / (classes * n)) if n else NOT_AVAILABLE
        chi = f"{number(tests[run, 'chi_square'])} ({classes - 1} d.f.)"
        lines.append([dataset, model, run, *_facts(own), chance, chi, _p(tests[run, "chi_square_p_value"])])
    title = "Last snapshot of the first training"
    return plain.grid(title, ("Data set", "Model", "Run"), COLUMNS, [*lines, *data], NOTES)


def _facts(shares: Sequence[Row]) -> Iterator[str]:
    """Samples, extremes with their intervals, and ratio."""
    values, n = np.array([row["ours"] for row in shares]), shares[0]["n"]
    yield f"{n:,}"
    defined = bool(np.isfinite(values).all())
    yield from (_share(shares[int(place)]) for place in (values.argmin(), values.argmax()))
    yield number(float(values.var() / values.mean())) if defined else NOT_AVAILABLE


def _shares(dataset: str, shares: Sequence[Row]) -> Grid:
    """A line a class, a column a run, and the data themselves where they are known."""
    texts = {(_class(row), row["run"] or DATA): _share(row) for row in shares}
    runs, notes = list(dict.fromkeys(run for _, run in texts)), ["In brackets: 95 % Wilson interval."]
    shown = sorted({label for label, _ in texts})
    if len(shown) > MOST:
        first = sorted((row for row in shares if (row["run"] or DATA) == runs[0]), key=lambda row: row["ours"])
        notes.append(f"Of {len(shown)} classes, the {FEW} rarest and {FEW} commonest of {runs[0]}; the CSV has all.")
        shown = [_class(row) for row in (*first[:FEW], *first[-FEW:])]
    lines = [[str(label), *(texts.get((label, run), NOT_RUN) for run in runs)] for label in shown]
    return plain.grid(f"{dataset}: share of every class (%)", ["Class"], runs, lines, notes)


def _class(row: Row) -> int:
    return int(parts(row["variant"])["class"])


def _share(row: Row) -> str:
    """`9.87 [9.61, 10.13]`; of the data themselves `9.87`."""
    if math.isnan(row["ours"]):
        return NOT_AVAILABLE
    ends = f" [{row['ci_low']:.2f}, {row['ci_high']:.2f}]" if math.isfinite(row["ci_low"]) else ""
    return f"{row['ours']:.2f}{ends}"


def _p(value: float) -> str:
    if math.isnan(value):
        return NOT_AVAILABLE
    return "below 1e-300" if value < 1e-300 else f"{value:.2g}"
