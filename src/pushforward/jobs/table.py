"""Tabulate: the measures of a table's runs beside the printed numbers."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pushforward.artifacts import read_json
from pushforward.errors import Missing
from pushforward.jobs.records import Records, measures, scores
from pushforward.report import printed, tables
from pushforward.report.layout import Layout
from pushforward.specs.metrics import PROTOCOLS, in_space, is_scored

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
        own = {seed: files["scores"][space] if space else files["measure"] for seed, files in row["seeds"].items()}
        numbers = _numbers(scores(own) if space else measures(own), name, params, row)
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


def _numbers(records: Records, metric: str, params: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the records of a run's trainings say; None where the metric says nothing about this run."""
    if not records.tells(metric):
        return None
    printed_way, corrected = (records.reading(metric, protocol) for protocol in PROTOCOLS)
    if printed_way.status == NOT_APPLICABLE:
        return None
    space = {"features": records.first["space"]} if "space" in records.first else {}
    return {
        "ours": printed_way.first,
        "corrected": corrected.first,
        "seeds": printed_way.trainings if len(records.contents) > 1 else None,
        **space,
        "status": printed_way.status,
        "reason": printed_way.reason,
        "protocol": row["protocol"],
        "run": row["run"],
        "command": _command(params["scale"], f"measure-{row['run']}"),
        "seconds": sum(record["seconds"] for record in records.contents.values()),
        "device": records.first["device"],
    }


def _without_dimension(variant: str) -> str:
    return ";".join(part for part in variant.split(";") if not part.startswith("latent_dim="))


def _command(scale: str, target: str) -> str:
    place = "" if scale == "paper" else f"--directory {scale} "
    return f"snakemake {place}{target} --cores 2"
