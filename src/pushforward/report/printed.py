"""The numbers printed in both versions of the paper, from one data file, found by what they are about."""

import difflib
import functools
import math
from dataclasses import dataclass
from importlib.resources import files

import pandas as pd

from pushforward.errors import InputError

KEYS = ("source", "dataset", "model", "metric")


@dataclass(frozen=True)
class Printed:
    """One printed number.

    Attributes:
        source: where it stands, e.g. "ICML Table 6".
        dataset: the paper's name of the data set, e.g. "100 Gauss.".
        model: the paper's name of the model.
        variant: settings as `key=value` parts joined by ";", e.g. "width=32;latent_dim=64".
        metric: e.g. "precision", in the paper's unit (percent for shares).
        value: the number.
        half_width: half-width of the printed 95 % Student-t interval; NaN where none is printed.
        note: what is known to be odd about this number, or "".
    """

    source: str
    dataset: str
    model: str
    variant: str
    metric: str
    value: float
    half_width: float
    note: str


@functools.cache
def _table() -> pd.DataFrame:
    text = dict.fromkeys((*KEYS, "variant", "note"), str)
    path = files("pushforward.report").joinpath("printed.csv")
    with path.open(encoding="utf-8") as file:
        return pd.read_csv(file, dtype=text, keep_default_na=False, na_values={"half_width": [""]})


def printed() -> pd.DataFrame:
    """Every printed number.

    Returns:
        534 rows with the columns source, dataset, model, variant, metric, value, half_width, note.
    """
    return _table().copy()


def lookup(
    source: str, dataset: str, model: str, metric: str, variant: str | None = None, **settings: object
) -> Printed:
    """The one printed number about these things.

    Args:
        source: e.g. "ICML Table 1", "v1 Table 5", "ICML text".
        dataset: the paper's name of the data set.
        model: the paper's name of the model.
        metric: e.g. "logreg_acc".
        variant: the whole variant as it stands in the file, or None for any.
        **settings: parts of the variant, e.g. `width=32`; the part without a key is called `method`, e.g.
            `method="simplicial"`. Numbers are compared as numbers.

    Raises:
        InputError: no such number (the message names the nearest one), or more than one.
    """
    table = _table()
    found = table
    for key, wanted in zip(KEYS, (source, dataset, model, metric), strict=True):
        found = found[found[key] == wanted]
    if variant is not None:
        found = found[found["variant"] == variant]
    found = found[[_has(text, settings) for text in found["variant"]]]
    asked = (source, dataset, model, _as_variant(variant, settings), metric)
    if len(found) > 1:
        known = ", ".join(sorted(set(found["variant"])))
        raise InputError(f"{_describe(asked)}: {len(found)} printed numbers fit. Name the variant: {known}.")
    if found.empty:
        raise InputError(
            f"{_describe(asked)}: no such printed number. The nearest one is {_describe(_nearest(asked))}."
        )
    (row,) = found.itertuples(index=False, name=None)
    return Printed(*row)


def parts(variant: str) -> dict[str, str]:
    """Settings of a variant: "linear;N=10" -> {"method": "linear", "N": "10"}."""
    named = (part if "=" in part else f"method={part}" for part in variant.split(";") if part)
    return {key: value for key, _, value in (part.partition("=") for part in named)}


def _has(variant: str, settings: dict[str, object]) -> bool:
    own = parts(variant)
    return all(key in own and _equal(own[key], value) for key, value in settings.items())


def _equal(text: str, value: object) -> bool:
    try:
        return math.isclose(float(text), float(str(value)), rel_tol=1e-9)
    except ValueError:
        return text == str(value)


def _as_variant(variant: str | None, settings: dict[str, object]) -> str:
    named = [f"{key}={value}".removeprefix("method=") for key, value in settings.items()]
    return ";".join(named if variant is None else [variant, *named])


def _describe(fields: tuple[str, ...]) -> str:
    return " / ".join(field for field in fields if field)


def _nearest(asked: tuple[str, ...]) -> tuple[str, ...]:
    """The row whose fields resemble the asked ones most, field by field."""
    known = _table()[["source", "dataset", "model", "variant", "metric"]].itertuples(index=False, name=None)
    return max(known, key=lambda row: sum(map(_resemblance, asked, row)))


@functools.cache
def _resemblance(first: str, second: str) -> float:
    return difflib.SequenceMatcher(None, first, second).ratio()
