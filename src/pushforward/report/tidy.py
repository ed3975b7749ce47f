"""The one tidy frame behind every table: a row per number, columns in a fixed order, the verdict computed."""

import difflib
import io
import math
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from pushforward.errors import InputError
from pushforward.report.intervals import Interval
from pushforward.report.labels import metric as label_of
from pushforward.report.printed import Printed
from pushforward.report.verdict import compare

COLUMNS = {
    "dataset": "text",
    "architecture": "text",
    "latent_dim": "integer",
    "variant": "text",
    "acceptance": "number",
    "metric": "text",
    "direction": "text",
    "features": "text",
    "paper": "number",
    "paper_half_width": "number",
    "paper_source": "text",
    "ours": "number",
    "ci_low": "number",
    "ci_high": "number",
    "n": "integer",
    "ci_over": "text",
    "corrected": "number",
    "corrected_ci_low": "number",
    "corrected_ci_high": "number",
    "seed_mean": "number",
    "seed_ci_low": "number",
    "seed_ci_high": "number",
    "n_seeds": "integer",
    "delta": "number",
    "verdict": "text",
    "status": "text",
    "reason": "text",
    "protocol": "text",
    "scale": "text",
    "run": "text",
    "command": "text",
    "seconds": "number",
    "device": "text",
}
REQUIRED = ("dataset", "metric")
DERIVED = ("delta", "verdict")
KEYS = ("dataset", "architecture", "latent_dim", "variant", "metric", "features", "paper_source", "protocol", "scale")
DTYPES = {"text": "str", "integer": "Int64", "number": "float64"}


def row(
    metric: str,
    paper: Printed | None = None,
    ours: Interval | None = None,
    corrected: Interval | None = None,
    seeds: Interval | None = None,
    **facts: Any,
) -> dict[str, Any]:
    """One row for `tidy`, from what the measures and the paper give.

    Args:
        metric: name of the metric.
        paper: the printed number, or None where there is none.
        ours: our number under the paper's protocol; None where it was not run.
        corrected: our number under the corrected protocol.
        seeds: our number under the paper's protocol, across trainings.
        **facts: any other column: dataset, architecture, latent_dim, status, scale, ...
    """
    cells: dict[str, Any] = {"metric": metric, **facts}
    if paper is not None:
        cells |= {"paper": paper.value, "paper_half_width": paper.half_width, "paper_source": paper.source}
    if ours is not None:
        cells |= {"ours": ours.mean, "ci_low": ours.low, "ci_high": ours.high, "n": ours.n, "ci_over": ours.over}
    if corrected is not None:
        cells |= {"corrected": corrected.mean, "corrected_ci_low": corrected.low, "corrected_ci_high": corrected.high}
    if seeds is not None:
        cells |= {"seed_mean": seeds.mean, "seed_ci_low": seeds.low, "seed_ci_high": seeds.high, "n_seeds": seeds.n}
    return cells


def tidy(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """One frame from plain rows, in the order given.

    A row states what it knows; the rest is empty. `status` is "not run" where it is not given and there is no number.

    Args:
        rows: mappings from column names to values; None and NaN are "missing". `delta` and `verdict` are computed here.

    Returns:
        A frame with exactly the columns of `COLUMNS`: text is never missing (""), integers are nullable.

    Raises:
        InputError: an unknown column, a derived one, a missing data set or metric, a value of the wrong type, a number
            beside "not run", or two rows about the same number.
    """
    frame = _frame([_complete(dict(each), place) for place, each in enumerate(rows)])
    repeated = frame.duplicated(list(KEYS))
    if repeated.any():
        twice = frame.loc[repeated.to_numpy(), list(KEYS)].iloc[0]
        raise InputError(
            f"two rows about the same number: {', '.join(map(str, twice))}. Tell them apart by the variant."
        )
    return frame


def to_csv(frame: pd.DataFrame) -> str:
    """The frame as CSV: a missing number is empty, its verdict says why. Ten significant digits."""
    return frame.to_csv(index=False, lineterminator="\n", float_format="%.10g")


def from_csv(text: str) -> pd.DataFrame:
    """The frame that `to_csv` wrote.

    Raises:
        InputError: the columns are not those of a result table.
    """
    raw = pd.read_csv(io.StringIO(text), dtype="str", keep_default_na=False)
    if list(raw.columns) != list(COLUMNS):
        raise InputError(
            f"expected the columns of a result table ({', '.join(COLUMNS)}); got {', '.join(raw.columns)}."
        )
    return _frame([{str(name): value or None for name, value in each.items()} for each in raw.to_dict("records")])


def _complete(given: dict[str, Any], place: int) -> dict[str, Any]:
    """Check one row, fill in what follows from it, and judge it."""
    where = f"row {place + 1} ({given.get('dataset', '?')}, {given.get('metric', '?')})"
    _check_names(given, where)
    cells = {name: _value(given.get(name), kind, f"{where}: {name}") for name, kind in COLUMNS.items()}
    if cells["status"] == "":
        cells["status"] = "not run" if math.isnan(cells["ours"]) else "ok"
    if cells["status"] == "not run" and not math.isnan(cells["ours"]):
        raise InputError(f"{where}: status 'not run' beside a number ({cells['ours']}). Only one can be right.")
    cells["direction"] = cells["direction"] or label_of(cells["metric"]).direction
    judged = compare(
        cells["paper"],
        cells["paper_half_width"],
        Interval(cells["ours"], cells["ci_low"], cells["ci_high"], cells["n"] or 0, cells["ci_over"]),
        cells["scale"],
        cells["status"],
        Interval(cells["seed_mean"], cells["seed_ci_low"], cells["seed_ci_high"], cells["n_seeds"] or 0, "seeds"),
    )
    return {**cells, "verdict": judged.text, "delta": judged.delta}


def _check_names(given: dict[str, Any], where: str) -> None:
    for name in given:
        if name in DERIVED:
            raise InputError(f"{where}: {name!r} is computed from the row, it cannot be given.")
        if name not in COLUMNS:
            near = difflib.get_close_matches(name, COLUMNS, n=1, cutoff=0.0)[0]
            raise InputError(f"{where}: unknown column {name!r}; did you mean {near!r}?")
    for name in REQUIRED:
        if not given.get(name):
            raise InputError(f"{where}: no {name}.")


def _value(value: Any, kind: str, where: str) -> Any:
    """A cell in its column's type: text "", number NaN and integer None where it is missing."""
    missing = value is None or (isinstance(value, float) and math.isnan(value))
    if kind == "text":
        return "" if missing else " ".join(str(value).split())
    if missing:
        return None if kind == "integer" else math.nan
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise InputError(f"{where}: expected a number; got {value!r}.") from None
    if kind == "integer":
        if not number.is_integer():
            raise InputError(f"{where}: expected a whole number; got {value!r}.")
        return int(number)
    return number


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Rows -> frame with the fixed columns and types, also when there are none."""
    columns = {}
    for name, kind in COLUMNS.items():
        cells = [_value(each[name], kind, name) for each in rows]
        columns[name] = pd.Series(cells, dtype=DTYPES[kind])
    return pd.DataFrame(columns)
