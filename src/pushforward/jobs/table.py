"""Tabulate: the measures of a table's runs beside the printed numbers."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pushforward.artifacts import read_json
from pushforward.errors import Missing
from pushforward.report import printed, tables
from pushforward.report.intervals import Interval, both_axes
from pushforward.report.layout import Layout
from pushforward.specs.metrics import in_space, is_scored

NOT_APPLICABLE = "not_applicable"


def run(params: dict[str, Any], deps: dict[str, str], outs: dict[str, str], scratch: Path) -> None:
    """Write the tidy CSV, and the paper's layout as Markdown and LaTeX."""
    metrics = (*params["metrics"], *params["extra"])
    rows = [each for row in params["rows"] for metric in metrics for each in _rows(params, row, metric)]
    names = tuple(dict.fromkeys(each["metric"] for each in rows))
    layout = Layout(title=params["title"], label=f"tab:{params['table']}", metrics=names)
    tables.write(tables.tidy(rows), layout, *outs.values())


def say(table: str) -> str:
    """Where a table is, and what it says.

    Raises:
        Missing: it was not made yet.
    """
    path = Path(f"results/{table}.csv")
    if not path.exists():
        raise Missing(f"{path} is not here: make it with `snakemake {path} --cores 2`.")
    return f"{path.resolve()}\n{tables.summary(tables.from_csv(path.read_text()))}"


def _rows(params: Mapping[str, Any], row: Mapping[str, Any], metric: str) -> Iterator[dict[str, Any]]:
    """A metric of a row, in each of its feature spaces where it is one of features."""
    spaces = row["features"] if is_scored(metric) else [""]
    for place, space in enumerate(spaces):
        name = in_space(metric, space) if space else metric
        facts = _facts(params, row) | ({"features": space} if space else {})
        paper = _paper(params, row, name) if place == 0 and metric in params["metrics"] else None
        if row["run"] is None:
            yield tables.row(name, paper=paper, **facts)
            continue
        files = {int(seed): own["scores"][space] if space else own["measure"] for seed, own in row["seeds"].items()}
        numbers = _numbers({seed: read_json(path) for seed, path in files.items()}, name, params, row)
        if numbers is not None:
            yield tables.row(name, paper=paper, **{**facts, **numbers})


def _facts(params: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "dataset": row["dataset"],
        "architecture": row["model"],
        "variant": _without_dimension(row["variant"]),
        "latent_dim": row.get("latent_dim") or printed.parts(row["variant"]).get("latent_dim"),
        "acceptance": _acceptance(row),
        "scale": params["scale"],
    }


def _acceptance(row: Mapping[str, Any]) -> float | None:
    """Share of N(0, I) in percent that the row's law of z at test time keeps."""
    paths = [path for own in row.get("seeds", {}).values() for path in own["scores"].values()]
    return 100 * read_json(paths[0])["acceptance"]["rate"] if paths else None


def _paper(params: Mapping[str, Any], row: Mapping[str, Any], metric: str) -> printed.Printed | None:
    if not row["printed"]:
        return None
    return printed.lookup(params["source"], row["dataset"], row["model"], metric, variant=row["variant"])


def _numbers(
    records: Mapping[int, Any], metric: str, params: Mapping[str, Any], row: Mapping[str, Any]
) -> dict[str, Any] | None:
    """What the records of a run's trainings say; None where the metric says nothing about this run."""
    if not all(metric in _samples(record)[0]["printed"] for record in records.values()):
        return None
    status, reason = _status(records, metric)
    if status == NOT_APPLICABLE:
        return None
    first = next(iter(records.values()))
    (ours, seeds), (corrected, _) = (_interval(records, protocol, metric) for protocol in ("printed", "corrected"))
    return {
        "ours": ours,
        "corrected": corrected,
        "seeds": seeds if len(records) > 1 else None,
        **({"features": first["space"]} if "space" in first else {}),
        "status": status,
        "reason": reason,
        "protocol": row["protocol"],
        "run": row["run"],
        "command": _command(params["scale"], f"measure-{row['run']}"),
        "seconds": sum(record["seconds"] for record in records.values()),
        "device": first["device"],
    }


def _samples(record: Mapping[str, Any]) -> list[Any]:
    """One entry a snapshot, or a snapshot and set of samples."""
    return record["samples"] if "samples" in record else record["snapshots"]


def _interval(records: Mapping[int, Any], protocol: str, metric: str) -> tuple[Interval, Interval]:
    """The first seed's interval over its snapshots or sets of samples, and the interval over seeds."""
    values = {
        seed: [_number(sample[protocol][metric]["value"]) for sample in _samples(record)]
        for seed, record in records.items()
    }
    sets = any(sample.get("set") for record in records.values() for sample in _samples(record))
    return both_axes(values, "sample sets" if sets else "snapshots")


def _status(records: Mapping[int, Any], metric: str) -> tuple[str, str]:
    """The first sample's status that is not "ok"."""
    for record in records.values():
        for sample in _samples(record):
            cell = sample["printed"][metric]
            if cell["status"] != "ok":
                return cell["status"], cell["reason"]
    return "ok", ""


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _without_dimension(variant: str) -> str:
    return ";".join(part for part in variant.split(";") if not part.startswith("latent_dim="))


def _command(scale: str, target: str) -> str:
    place = "" if scale == "paper" else f"--directory {scale} "
    return f"snakemake {place}{target} --cores 2"
