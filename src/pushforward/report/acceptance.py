"""The page on acceptance rates, from its frame."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from pushforward.report import markup, plain

COLUMNS = (
    "source", "name", "law", "rule", "definition", "components", "dim", "norm", "directions", "given_as", "tau",
    "acceptance_pct", "standard_error_pct", "exact_pct", "draws", "largest_met", "largest_reachable", "status",
    "reason", "run", "seed", "space", "sampling", "scale",
)  # fmt: skip
DEFINITIONS = {
    "dot": "ICML Sec. 3.3: dot product",
    "neg_distance": "ICML App. B.3: softmax of -distance",
    "cosine": "authors' code: softmax of the cosine",
    "gap": "theory: distance to the border",
    "linear": "authors' code: softmax of a random affine map",
    "norm": "control: small norm",
}
RULES = {
    "dot": "Sec. 3.3: dot product",
    "neg_distance": "App. B.3: -distance",
    "cosine": "authors' code: cosine",
    "gap": "theory: margin ε",
}
SETTING = ["components", "dim", "norm"]
HEADS = ("N", "d", "Norm of the directions")
NORMS = {"unit": "1", "sqrt_d": "sqrt(d)"}
ABSENT = "–"
INTRO = """\
Share of N(0, I) that a gate keeps, in percent ± standard error; without one where a formula is known. The paper defines
the rule in three ways and prints no rate. The same threshold means something else under each definition, and for each
length of the directions."""


def markdown(frame: pd.DataFrame) -> str:
    """The page; ends with a newline.

    Args:
        frame: with the columns `COLUMNS`.
    """
    gates, runs = frame[frame["source"] == "gate"], frame[frame["source"] == "run"]
    simplicial, others = gates[gates["law"] == "simplicial"], gates[gates["law"] != "simplicial"]
    given, equal = simplicial[simplicial["given_as"] == "tau"], simplicial[simplicial["given_as"] == "acceptance"]
    parts = ["# Acceptance rates of truncated latents", INTRO]
    if len(given):
        parts.append(_pivot("The printed thresholds under each definition (%)", given, "tau", "threshold", _rate))
        parts.append(_reach(given))
    if len(equal):
        parts.append(_pivot("Thresholds of equal acceptance", _rounded(equal), "acceptance_pct", "kept (%)", _tau))
    if len(others):
        parts.append(_list("Other gates", others))
    margins = simplicial[simplicial["given_as"] == "margin"]
    if len(margins):
        parts.append(_list("Given margins", margins))
    if len(runs):
        parts.append(_runs(runs))
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def _pivot(title: str, own: pd.DataFrame, key: str, head: str, text: Callable[[pd.Series], str]) -> str:
    """A line a setting and threshold (or rate), a column a definition."""
    rules = [rule for rule in RULES if rule in set(own["rule"])]
    rows = []
    for names, group in own.groupby([*SETTING, key], sort=False):
        cells = {str(row["rule"]): text(row) for _, row in group.iterrows()}
        rows.append([*_setting(names[:3]), f"{names[3]:.4g}", *(cells.get(rule, ABSENT) for rule in rules)])
    return markup.markdown(plain.grid(title, (*HEADS, head), [RULES[rule] for rule in rules], rows))


def _reach(own: pd.DataFrame) -> str:
    """How far each score goes."""
    rules = [rule for rule in RULES if rule in set(own["rule"])]
    rows = []
    for names, group in own.groupby(SETTING, sort=False):
        each = {str(row["rule"]): row for _, row in group.iterrows()}
        rows.append([*_setting(names), *(_limits(each[rule]) if rule in each else ABSENT for rule in rules)])
    draws = int(own["draws"].max())
    notes = (f"The supremum of the score, and in brackets the largest among {draws:,} latents.",)
    return markup.markdown(plain.grid("Largest reachable threshold", HEADS, [RULES[r] for r in rules], rows, notes))


def _list(title: str, own: pd.DataFrame) -> str:
    rows = [
        [row["law"], *_setting([row[name] for name in SETTING]), f"{row['tau']:.4g}", _rate(row)]
        for _, row in own.iterrows()
    ]
    return markup.markdown(plain.grid(title, ("Law", *HEADS), ("threshold", "kept (%)"), rows))


def _runs(own: pd.DataFrame) -> str:
    """The laws of z that numbers of this scale were computed with."""
    rows = []
    for _, row in own.iterrows():
        rule = row["law"] + (f", {row['rule']}" if row["rule"] else "")
        tau = ABSENT if pd.isna(row["tau"]) else f"{row['tau']:.4g}"
        rows.append([row["run"], _whole(row["seed"]), row["sampling"], rule, tau, _rate(row)])
    heads = ("Run", "Seed", "Law at test time", "Law")
    return markup.markdown(plain.grid("Laws that samples were drawn from", heads, ("threshold", "kept (%)"), rows))


def _setting(names: Sequence[Any]) -> list[str]:
    components, dim, norm = (ABSENT if pd.isna(name) or name == "" else name for name in names)
    return [_whole(components), _whole(dim), NORMS.get(str(norm), str(norm))]


def _whole(value: object) -> str:
    return str(int(value)) if isinstance(value, float) else str(value)


def _rate(row: pd.Series) -> str:
    """`3.81 ± 0.03`, `100`, `unreachable`."""
    if row["status"] != "ok":
        return str(row["status"])
    if math.isfinite(row["exact_pct"]):
        return f"{row['exact_pct']:.4g}"
    error = float(row["standard_error_pct"])
    digits = min(max(1 - math.floor(math.log10(error)), 1), 5)
    return f"{row['acceptance_pct']:.{digits}f} ± {error:.{digits}f}"


def _limits(row: pd.Series) -> str:
    bound = "none" if math.isinf(row["largest_reachable"]) else f"{row['largest_reachable']:.4g}"
    return f"{bound} ({row['largest_met']:.4g})"


def _tau(row: pd.Series) -> str:
    return f"{row['tau']:.4g}"


def _rounded(own: pd.DataFrame) -> pd.DataFrame:
    """Rates of one target, which differ in their last digits, as one."""
    return own.assign(acceptance_pct=own["acceptance_pct"].map(lambda rate: float(f"{rate:.4g}")))
