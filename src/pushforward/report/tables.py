"""Result tables: one tidy frame, and the paper's layout of it as Markdown, LaTeX and HTML."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from pushforward.artifacts import write_bytes
from pushforward.errors import InputError
from pushforward.report import markup
from pushforward.report.labels import NOT_RUN, metric, plus_minus
from pushforward.report.layout import Layout, grid
from pushforward.report.tidy import COLUMNS, from_csv, row, tidy, to_csv
from pushforward.report.verdict import PAPER_SCALE

__all__ = [
    "COLUMNS",
    "Layout",
    "from_csv",
    "row",
    "summary",
    "tidy",
    "to_csv",
    "to_html",
    "to_latex",
    "to_markdown",
    "write",
]


def to_markdown(frame: pd.DataFrame, layout: Layout) -> str:
    """The table for GitHub and terminals."""
    return markup.markdown(grid(frame, layout))


def to_latex(frame: pd.DataFrame, layout: Layout) -> str:
    """The table for a paper; the document needs `booktabs`."""
    return markup.latex(grid(frame, layout))


def to_html(frame: pd.DataFrame, layout: Layout) -> str:
    """The table as a fragment for a page."""
    return markup.html_table(grid(frame, layout))


RENDERERS: dict[str, Callable[[pd.DataFrame, Layout], str]] = {
    ".csv": lambda frame, layout: to_csv(frame),
    ".md": to_markdown,
    ".tex": to_latex,
    ".html": to_html,
}


def write(frame: pd.DataFrame, layout: Layout, *paths: str | Path) -> None:
    """Write the table to each path, in the form that its suffix names.

    Raises:
        InputError: a suffix other than .csv, .md, .tex and .html; nothing is written then.
    """
    unknown = [str(path) for path in paths if Path(path).suffix not in RENDERERS]
    if unknown:
        raise InputError(f"{', '.join(unknown)}: a table is written as one of {', '.join(RENDERERS)}.")
    texts = {path: RENDERERS[Path(path).suffix](frame, layout) for path in paths}
    for path, text in texts.items():
        write_bytes(path, text.encode())


def summary(frame: pd.DataFrame, lines: int = 12) -> str:
    """What the table says, in a few lines for a terminal.

    Args:
        frame: from `tidy`.
        lines: generators listed at most; the rest is counted.
    """
    run = frame[frame["status"] != NOT_RUN]
    counts = Counter(run["verdict"])
    verdicts = ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common())
    text = [f"{len(run)} of {len(frame)} numbers computed, {len(frame) - len(run)} not run."]
    text += [f"verdicts: {verdicts}"] if verdicts else []
    smaller = sorted(set(run["scale"]) - {PAPER_SCALE})
    text += (
        [f"{', '.join(smaller)} scale: smaller than the paper's, reproduces none of its numbers."] if smaller else []
    )
    generators = list(run.groupby(["dataset", "architecture", "latent_dim", "variant"], dropna=False, sort=False))
    for _, own in generators[:lines]:
        text.append(f"  {_name(own)}: {'; '.join(_number(each) for _, each in own.iterrows())}")
    text += [f"  ... and {len(generators) - lines} more"] if len(generators) > lines else []
    return "\n".join(text)


def _name(own: pd.DataFrame) -> str:
    first = own.iloc[0]
    dimension = "" if pd.isna(first["latent_dim"]) else f"d={first['latent_dim']}"
    return " ".join(part for part in (first["dataset"], first["architecture"], dimension, first["variant"]) if part)


def _number(row: pd.Series) -> str:
    half = (row["ci_high"] - row["ci_low"]) / 2
    paper = "" if pd.isna(row["paper"]) else f" (paper {row['paper']:g})"
    return f"{metric(row['metric']).label} {plus_minus(row['ours'], half)}{paper}"
