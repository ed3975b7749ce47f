"""Numbers in the ICML paper's running text: the one that belongs beside ours, and those that nothing stands beside."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from pushforward.report import tables
from pushforward.report.printed import Printed, printed

SOURCE = "ICML text"
RESOLUTION = re.compile(r" \(\d+x\d+\)$")  # the text says STL-10 where the tables say STL-10 (32x32)


def paper(dataset: str, metric: str) -> Printed | None:
    """The number that the text states of a data set; None where it states none."""
    name = RESOLUTION.sub("", dataset)
    found = [each for each in _stated() if (each.dataset, each.metric) == (name, metric)]
    return found[0] if found else None


def rest(rows: Iterable[Mapping[str, Any]], metrics: Collection[str], **facts: Any) -> list[dict[str, Any]]:
    """Rows "not run" for the stated numbers of these metrics that stand beside none of `rows`.

    Args:
        rows: those that there are.
        metrics: which numbers.
        **facts: other columns of the new rows.
    """
    covered = {(RESOLUTION.sub("", row["dataset"]), row["metric"]) for row in rows if row.get("paper_source") == SOURCE}
    return [
        tables.row(each.metric, each, **{"dataset": each.dataset, "architecture": each.model} | facts)
        for each in _stated()
        if each.metric in metrics and (each.dataset, each.metric) not in covered
    ]


def command(scale: str, target: str) -> str:
    """What makes a file of this scale, as typed in the project's root."""
    place = "" if scale == "paper" else f"--directory {scale} "
    return f"snakemake {place}{target} --cores 2"


def _stated() -> list[Printed]:
    table = printed()
    return [Printed(*row) for row in table[table["source"] == SOURCE].itertuples(index=False, name=None)]
