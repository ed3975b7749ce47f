"""Tabulate: the measures of a table's runs beside the printed numbers."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pushforward.artifacts import read_json
from pushforward.errors import Missing
from pushforward.report import printed, tables
from pushforward.report.intervals import Interval, both_axes
from pushforward.report.layout import Layout

NOT_APPLICABLE = "not_applicable"


def run(params: dict[str, Any], deps: dict[str, str], outs: dict[str, str], scratch: Path) -> None:
    """Write the tidy CSV, and the paper's layout as Markdown and LaTeX."""
    metrics = (*params["metrics"], *params["extra"])
    rows = [_row(params, row, metric) for row in params["rows"] for metric in metrics]
    layout = Layout(title=params["title"], label=f"tab:{params['table']}", metrics=metrics)
    tables.write(tables.tidy(each for each in rows if each), layout, *outs.values())


def say(table: str) -> str:
    """Where a table is, and what it says.

    Raises:
        Missing: it was not made yet.
    """
    path = Path(f"results/{table}.csv")
    if not path.exists():
        raise Missing(f"{path} is not here: make it with `snakemake {path} --cores 2`.")
    return f"{path.resolve()}\n{tables.summary(tables.from_csv(path.read_text()))}"


def _row(params: Mapping[str, Any], row: Mapping[str, Any], metric: str) -> dict[str, Any] | None:
    """One number; None where the metric says nothing about these classes and this dimension."""
    names = (params["source"], row["dataset"], row["model"], metric)
    known = row["printed"] and metric in params["metrics"]
    paper = printed.lookup(*names, variant=row["variant"]) if known else None
    facts: dict[str, Any] = {
        "dataset": row["dataset"],
        "architecture": row["model"],
        "variant": _without_dimension(row["variant"]),
        "latent_dim": row.get("latent_dim") or printed.parts(row["variant"]).get("latent_dim"),
        "scale": params["scale"],
    }
    if row["run"] is None:
        return tables.row(metric, paper=paper, **facts)
    measured = {int(seed): read_json(path) for seed, path in row["measures"].items()}
    first = next(iter(measured.values()))
    ours, seeds = _interval(measured, "printed", metric)
    corrected, _ = _interval(measured, "corrected", metric)
    status, reason = _status(measured, metric)
    if status == NOT_APPLICABLE:
        return None
    return tables.row(
        metric,
        paper=paper,
        ours=ours,
        corrected=corrected,
        seeds=seeds if len(measured) > 1 else None,
        **facts,
        features=first["features"] if metric in first["feature_metrics"] else None,
        status=status,
        reason=reason,
        protocol=row["protocol"],
        run=row["run"],
        command=_command(params["scale"], f"measure-{row['run']}"),
        seconds=sum(m["seconds"] for m in measured.values()),
        device=first["device"],
    )


def _interval(measured: Mapping[int, Any], protocol: str, metric: str) -> tuple[Interval, Interval]:
    """The first seed's interval over its snapshots, and the interval over seeds."""
    values = {
        seed: [_number(snapshot[protocol][metric]["value"]) for snapshot in record["snapshots"]]
        for seed, record in measured.items()
    }
    return both_axes(values, "snapshots")


def _status(measured: Mapping[int, Any], metric: str) -> tuple[str, str]:
    """The first snapshot's status that is not "ok"."""
    for record in measured.values():
        for snapshot in record["snapshots"]:
            cell = snapshot["printed"][metric]
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
