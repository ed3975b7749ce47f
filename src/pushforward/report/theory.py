"""The theory beside what was measured: statements that fail as printed, and every bound for every toy training."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

import pandas as pd

from pushforward.report.intervals import summarise
from pushforward.report.labels import number, plus_minus
from pushforward.theory.errata import Erratum

NAMES = {
    "paper_cor36": "ICML Corollary 3.6, printed",
    "paper_unbalanced": "the same for unequal cells, printed",
    "isoperimetric": "half-space border of every cell",
    "simplicial_exact": "simplicial cluster of these cells, exact",
    "asymptotic": "Tanielian et al. (2020), m to infinity",
    "paper_statement": "ICML eq. 7 as stated, C = 1",
    "paper_proof": "ICML eq. 7 as its proof gives it, C = 1",
    "v1": "first version, C = 1",
    "sharp": "simplex projection, exact",
    "sharp_closed": "1 - (D / L) sqrt(log m)",
}
SHOWN = ("paper_cor36", "isoperimetric", "simplicial_exact", "sharp")  # bounds in the table of runs
KEY = ["run", "seed"]
NUMBER = re.compile(r"(?<![A-Za-z])\d+(\.\d+)?(e[-+]?\d+)?(?![A-Za-z/])")

NOTES = """\
- alpha: share of Gaussian latents mapped into a ball around a mode: of radius r, which holds 99 % of that mode, or
  of radius D/4, outside of which a point lies between modes.
- L: largest singular value of the Jacobian that was met, on Gaussian latents and on the walls of the cells. The
  Lipschitz constant is at least that, so a bound that holds with L holds; one that fails need not refute the theorem.
- An upper bound holds where alpha's interval does not lie above it. A lower bound says that some generator of this
  slope reaches it: "holds" tells whether this one does.
- D is the smallest distance between two modes for upper bounds, the largest for lower ones."""


def markdown(errata: Sequence[Erratum], rows: pd.DataFrame) -> str:
    """Both parts as one page; ends with a newline.

    Args:
        errata: statements of the paper, with counterexamples.
        rows: one row per training and bound, as in the CSV; may be empty.
    """
    parts = ["# Theory, computed", "## Statements that fail as printed", _errata(errata)]
    told = [f"{i}. **{e.where}.** {e.fails}. Holds instead: {e.corrected}." for i, e in enumerate(errata, 1)]
    parts.append("\n".join(told))
    parts.append("## Bounds for trained generators of mixtures")
    if rows.empty:
        parts.append("No such run is declared at this scale.")
    else:
        parts += [_bounds(rows), _runs(rows), NOTES]
    return "\n\n".join(parts) + "\n"


def _errata(errata: Sequence[Erratum]) -> str:
    heads = ["", "where", "printed", "quantity", "printed allows", "counterexample", "corrected allows", "verdict"]
    body = [[str(i), e.where, e.statement, e.quantity, *_values(e), e.verdict] for i, e in enumerate(errata, 1)]
    return _table(heads, body)


def _values(own: Erratum) -> list[str]:
    """What is allowed as printed, what happens, and what is allowed as corrected."""
    printed, true, corrected = (_digits(value) for value in (own.printed, own.true, own.corrected_value))
    return [f"{own.sense} {printed}", true, f"{own.sense} {corrected}"]


def _bounds(rows: pd.DataFrame) -> str:
    """One line per bound: how often it holds, of how often it has a value, and why its assumptions are not met."""
    body = []
    for (side, kind), own in rows.groupby(["side", "bound"], sort=False):
        reasons = Counter(_family(reason) for text in own["reason"] for reason in filter(None, text.split("; ")))
        told = "; ".join(f"{reason} ({count})" for reason, count in reasons.most_common())
        held = [_held(own.loc[own["within"] == name, "holds"]) for name in ("mode", "quarter")]
        body.append([str(side), NAMES[str(kind)], *held, told])
    heads = ["side", "bound", "holds, radius r", "holds, radius D/4", "assumptions not met (trainings, both radii)"]
    return _table(heads, body)


def _held(answers: pd.Series) -> str:
    """How many trainings a bound holds for, of how many where it has a value, of how many."""
    told = answers[answers != ""]
    return f"{(told == 'yes').sum()} of {len(told)} (of {len(answers)})"


def _runs(rows: pd.DataFrame) -> str:
    """One line per run, means over its trainings."""
    heads = ["run", "m", "d", "trainings", "r / D", "alpha, r", "alpha, D/4", "median slope", "L"]
    body = []
    for run, own in rows.groupby("run", sort=False):
        mode, quarter = (own[own["within"] == name] for name in ("mode", "quarter"))
        each = mode.drop_duplicates(KEY)
        first = each.iloc[0]
        line = [str(run), str(first["m"]), str(first["d"]), str(len(each))]
        line += [number(first["radius"] / first["distance_least"])]
        line += [_over(each["alpha"]), _over(quarter.drop_duplicates(KEY)["alpha"])]
        line += [_over(each["slope_q50"]), _over(each["slope_max"])]
        line += [_over(mode.loc[mode["bound"] == kind, "value"]) for kind in SHOWN]
        body.append(line)
    return _table(heads + [f"{NAMES[kind]} (r)" for kind in SHOWN], body)


def _over(values: Iterable[float]) -> str:
    """Mean and half-width over trainings."""
    own = summarise(values, "seeds")
    return number(own.mean) if own.n < 2 else plus_minus(own.mean, own.half_width)


def _family(reason: str) -> str:
    """A reason without the numbers of its run."""
    return NUMBER.sub("…", reason)


def _digits(value: float) -> str:
    return "n/a" if math.isnan(value) else f"{value:.4g}"


def _table(heads: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *body]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)
