"""Whether data fall into clusters with gaps between them: the paper's check, its control, and what follows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pushforward.artifacts import read_json, write_bytes
from pushforward.jobs.summaries import statements
from pushforward.report import disconnectedness as page
from pushforward.report import tables

Named = tuple[str, Mapping[str, Any]]
ACCURACY = "disconnectedness_acc"
PAPER_SPACE = "clip-vit-b32"
METHOD = "K-means + linear classifier"
LABELLED = {"true_label_acc": "label_accuracy", "adjusted_rand_index": "agreement"}
METRICS = {
    ACCURACY: "cluster_accuracy",
    "gaussian_control_acc": "control_accuracy",
    **LABELLED,
    "silhouette": "silhouette",
    "gaussian_control_silhouette": "control_silhouette",
    "border_mass_pct": "border_mass",
    "gaussian_control_border_mass_pct": "control_border_mass",
    "gap_pct": "gap",
}


def run(params: dict[str, Any], deps: dict[str, str], outs: dict[str, str], scratch: Path) -> None:
    """Write the tidy CSV and the page."""
    records = read(params["records"])
    found = list(rows(records, params["scale"], outs["csv"]))
    rest = statements.rest(found, {ACCURACY}, features=PAPER_SPACE, scale=params["scale"])
    write_bytes(outs["csv"], tables.to_csv(tables.tidy([*found, *rest])).encode())
    papers = {name: paper for name, _ in records if (paper := statements.paper(name, ACCURACY))}
    papers |= {row["dataset"]: paper for row in rest if (paper := statements.paper(row["dataset"], ACCURACY))}
    write_bytes(outs["markdown"], page.markdown(records, papers).encode())


def read(files: Mapping[str, str | Sequence[str]]) -> list[Named]:
    """Data sets with their records.

    Args:
        files: data set -> a record of `jobs.embedding`, or several of different feature spaces.

    Raises:
        Missing, Corrupt: a record is not here, or is no record.
    """
    return [
        (name, read_json(path))
        for name, given in files.items()
        for path in ([given] if isinstance(given, str) else given)
    ]


def rows(records: Iterable[Named], scale: str, target: str) -> Iterator[dict[str, Any]]:
    """All numbers of all records. The printed one stands beside ours in the space that it was computed in only.

    Args:
        records: from `read`.
        scale: of the numbers.
        target: file that is made, for the command that makes it again.
    """
    for name, record in records:
        for metric, field in METRICS.items():
            of = "label_" if metric in LABELLED else ""
            known = metric == ACCURACY and record["space"] == PAPER_SPACE
            status, reason = record[f"{of}status"], record[f"{of}reason"]
            yield tables.row(
                metric,
                statements.paper(name, metric) if known else None,
                page.interval(record, field),
                dataset=name,
                architecture=METHOD,
                features=record["space"],
                variant=f"K={record['clusters']}",
                protocol=f"{record['n_train']} points fitted, {record['n_test']} scored",
                scale=scale,
                status=status,
                reason=page.conclusion(record) if metric == ACCURACY else reason,
                command=statements.command(scale, target),
            )
