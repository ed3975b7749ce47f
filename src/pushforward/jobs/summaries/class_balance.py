"""Class balance of generators: extremes, variance-to-mean ratio, a test of equal shares, the share of each class."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pushforward import data
from pushforward.artifacts import read_json, write_bytes
from pushforward.jobs.summaries import statements
from pushforward.probes.balance import balance
from pushforward.report import balance as page
from pushforward.report import tables
from pushforward.report.intervals import Interval, both_axes

FIELDS = {
    "min_class_proportion_pct": "minimum",
    "max_class_proportion_pct": "maximum",
    "variance_to_mean_ratio": "variance_to_mean",
}
TESTS = {"chi_square": "chi_square", "chi_square_p_value": "p_value"}
PROTOCOL = "labels of all samples, no confidence filter"


def run(params: dict[str, Any], deps: dict[str, str], outs: dict[str, str], scratch: Path) -> None:
    """Write the tidy CSV and the page."""
    found = list(rows(params, outs["csv"]))
    frame = tables.tidy([*found, *statements.rest(found, FIELDS, scale=params["scale"])])
    write_bytes(outs["csv"], tables.to_csv(frame).encode())
    write_bytes(outs["markdown"], page.markdown(frame).encode())


def rows(params: Mapping[str, Any], target: str) -> Iterator[dict[str, Any]]:
    """All rows: first those that the paper has too, over the snapshots; then the last snapshot class by class.

    Args:
        params: `scale`, and `runs`: for each run the names `dataset` and `model`, the measures of its `seeds`, and
            optionally `data`, the prepared data set, whose own shares are then told too.
        target: file that is made, for the command that makes it again.
    """
    made = {"scale": params["scale"], "command": statements.command(params["scale"], target)}
    told = set()
    for name, own in params["runs"].items():
        measured = {int(seed): read_json(path) for seed, path in own["seeds"].items()}
        facts = {**made, "dataset": own["dataset"], "architecture": own["model"], "run": name, "protocol": PROTOCOL}
        facts["device"] = next(iter(measured.values()))["device"]
        yield from _over_snapshots(measured, {**facts, "variant": name})
        yield from _last(next(iter(measured.values()))["snapshots"][-1]["balance"], name, facts)
        if own.get("data") and own["data"] not in told:
            told.add(own["data"])
            yield from _of_data(own["data"], {**made, "dataset": own["dataset"]})


def _over_snapshots(measured: Mapping[int, Any], facts: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What the paper states: the first training's mean over its snapshots, and the spread over trainings."""
    first = [snapshot["balance"] for snapshot in next(iter(measured.values()))["snapshots"]]
    odd = next((each for each in first if each["status"] != "ok"), {"status": "ok", "reason": ""})
    for metric, field in FIELDS.items():
        values = {
            seed: [_number(snapshot["balance"][field]) for snapshot in record["snapshots"]]
            for seed, record in measured.items()
        }
        ours, seeds = both_axes(values, "snapshots")
        paper = statements.paper(str(facts["dataset"]), metric)
        several = seeds if len(measured) > 1 else None
        yield tables.row(metric, paper, ours, None, several, status=odd["status"], reason=odd["reason"], **facts)


def _last(own: Mapping[str, Any], name: str, facts: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The last snapshot's samples: the test, and each class with its Wilson interval."""
    state = {"status": own["status"], "reason": own["reason"]}
    for metric, field in TESTS.items():
        value = Interval(_number(own[field]), math.nan, math.nan, own["n"], "samples")
        yield tables.row(metric, ours=value, variant=f"{name};last snapshot", **state, **facts)
    for label, ends in enumerate(zip(own["proportions"], own["low"], own["high"], strict=True)):
        share, low, high = map(_number, ends)
        value = Interval(share, low, high, own["n"], "samples")
        yield tables.row(page.SHARE, ours=value, variant=f"{name};last snapshot;class={label}", **state, **facts)


def _of_data(path: str, facts: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The shares of the classes in the training split itself, of the samples that have a label."""
    dataset = data.load(path)
    labels = dataset.train_labels[dataset.train_labels >= 0].numpy()
    own = vars(balance(labels, classes=dataset.classes))
    facts = {**facts, "architecture": page.DATA, "status": own["status"], "reason": own["reason"]}
    for metric, field in FIELDS.items():
        yield tables.row(metric, ours=Interval(own[field], math.nan, math.nan, own["n"], ""), **facts)
    for label, share in enumerate(own["proportions"]):
        value = Interval(share, math.nan, math.nan, own["n"], "")
        yield tables.row(page.SHARE, ours=value, variant=f"class={label}", **facts)


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
