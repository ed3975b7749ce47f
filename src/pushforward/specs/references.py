"""Every name that one section of params.yaml takes from another."""

from collections.abc import Iterable, Iterator
from typing import Any

from pushforward.specs.params import Params
from pushforward.specs.report import RELEASED

Reference = tuple[tuple[str, ...], str, str]  # key that says it, name, section that must have it


def references(params: Params) -> Iterator[Reference]:
    """Key, name and section of each."""
    for name, dataset in params.synthetic.items():
        yield ("synthetic", name, "run"), dataset.run, "runs"
    for name, oracle in params.oracles.items():
        yield ("oracles", name, "dataset"), oracle.dataset, "data"
    for name, recipe in params.defaults.items():
        yield ("defaults", name, "protocol"), recipe.protocol, "protocols"
    for name, run in params.runs.items():
        fields = {"dataset": "data", "model": "models", "recipe": "defaults", "protocol": "protocols"}
        yield from _of(("runs", name), run, fields)
    yield from _asked(params)


def _asked(params: Params) -> Iterator[Reference]:
    """Those of what a reader asks for."""
    for name, table in params.tables.items():
        for row, spec in table.rows.items():
            yield from _of(("tables", name, "rows", row), spec, {"run": "runs", "sampling": "sampling"})
    for name, architecture in params.architectures.items():
        yield ("architectures", name, "recipe"), architecture.recipe, "defaults"
    for name, figure in params.figures.items():
        yield from _each(("figures", name, "runs"), figure.runs, "runs")
        for label, curve in (figure.curves or {}).items():
            key = ("figures", name, "curves", label)
            yield (*key, "run"), curve.run, "runs"
            yield from _each((*key, "sampling"), curve.sampling, "sampling")
    yield from _each(("theory", "runs"), params.theory.runs, "runs")
    named = {"runs": "runs", "balance": "runs", "widths": "runs", "oracles": "oracles", "datasets": "data"}
    for name, summary in params.summaries:
        for field, section in named.items():
            yield from _each(("summaries", name, field), getattr(summary, field, ()), section)
    if (second := params.summaries.second_opinion.classifier) != RELEASED:
        yield ("summaries", "second_opinion", "classifier"), second, "oracles"


def _of(key: tuple[str, ...], owner: Any, fields: dict[str, str]) -> Iterator[Reference]:
    for field, section in fields.items():
        if (name := getattr(owner, field)) is not None:
            yield (*key, field), name, section


def _each(key: tuple[str, ...], names: Iterable[str], section: str) -> Iterator[Reference]:
    for name in names:
        yield key, name, section
