"""Every number in the paper's running text beside ours; where this scale has none, the row says so."""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pushforward import data
from pushforward.artifacts import read_json, write_bytes
from pushforward.jobs import records
from pushforward.jobs.summaries import class_balance, disconnectedness, statements
from pushforward.jobs.summaries.shares import percent
from pushforward.report import intext as page
from pushforward.report import tables
from pushforward.report.correlation import Correlation, pearson
from pushforward.report.intervals import Interval, summarise
from pushforward.report.printed import printed
from pushforward.specs.metrics import PROTOCOLS

PEARSON, ORACLE = "pearson_precision_logreg", "test_accuracy"
PAIR = ("precision", "logreg_acc")
SOURCE = "ICML Table 6"

Row = dict[str, Any]


def run(params: dict[str, Any], deps: dict[str, str], outs: dict[str, str], scratch: Path) -> None:
    """Write the tidy CSV and the page.

    Params: `scale`; `disconnectedness` as `jobs.summaries.disconnectedness` takes its records; `balance` as
    `jobs.summaries.class_balance` takes its runs; `widths`, for each run its `dataset` and for each of its `seeds` the
    records `measure` and `score`; `oracles`, data set -> the sidecar of its oracle, or the sidecar as `about` and the
    data set as `data`, for an interval. Each may be empty.
    """
    scale, made = params["scale"], statements.command(params["scale"], outs["csv"])
    clusters = disconnectedness.rows(disconnectedness.read(params["disconnectedness"]), scale, outs["csv"])
    shares = class_balance.rows({"scale": scale, "runs": params["balance"]}, outs["csv"])
    facts = {"scale": scale, "command": made}
    found = [
        *_stated(clusters, {disconnectedness.ACCURACY}, scale, features=disconnectedness.PAPER_SPACE),
        *_stated((row for row in shares if row.get("run")), class_balance.FIELDS, scale),
        *_stated(correlations(params["widths"], facts), {PEARSON}, scale),
        *from_paper(scale),
        *_stated(oracles(params["oracles"], facts), {ORACLE}, scale),
    ]
    frame = tables.tidy(found)
    write_bytes(outs["csv"], tables.to_csv(frame).encode())
    write_bytes(outs["markdown"], page.markdown(frame).encode())


def _stated(rows: Iterable[Row], metrics: Collection[str], scale: str, **facts: Any) -> list[Row]:
    """Those rows that are about numbers of the text, then the numbers that none is about."""
    own = [row for row in rows if row["metric"] in metrics]
    return [*own, *statements.rest(own, metrics, scale=scale, **facts)]


def correlations(runs: Mapping[str, Any], facts: Mapping[str, Any]) -> Iterator[Row]:
    """Correlation of precision and LogReg accuracy over the widths of each data set, over the first trainings."""
    for dataset in dict.fromkeys(own["dataset"] for own in runs.values()):
        given = [own["seeds"] for own in runs.values() if own["dataset"] == dataset]
        scored = [records.scores({seed: files["score"] for seed, files in own.items()}) for own in given]
        probed = [records.measures({seed: files["measure"] for seed, files in own.items()}) for own in given]
        ours, corrected = (_over_runs(scored, probed, protocol) for protocol in PROTOCOLS)
        shared = [seed for seed in scored[0].files if all(seed in own.files for own in scored)]
        spread = [_over_runs(scored, probed, PROTOCOLS[0], seed).interval.mean for seed in shared]
        yield tables.row(
            PEARSON,
            statements.paper(dataset, PEARSON),
            ours.interval,
            corrected.interval,
            summarise(spread, "seeds") if len(shared) > 1 else None,
            **facts,
            dataset=dataset,
            architecture="ResNet",
            features=scored[0].first["space"],
            protocol="both numbers as printed",
            status=ours.status,
            reason=ours.reason,
            seconds=sum(own["seconds"] for each in probed for own in each.contents.values()),
            device=probed[0].first["device"],
        )


def _over_runs(
    scored: Sequence[records.Records], probed: Sequence[records.Records], protocol: str, seed: int | None = None
) -> Correlation:
    """Over the runs' first trainings, or those of one seed; a number whose status is not "ok" is left out."""
    axes: list[list[float]] = []
    for metric, own in zip(PAIR, (scored, probed), strict=True):
        readings = [each.reading(metric, protocol) for each in own]
        means = [r.first.mean if seed is None else r.means[seed] for r in readings]
        axes.append([mean if r.status == "ok" else math.nan for r, mean in zip(readings, means, strict=True)])
    return pearson(axes[0], axes[1])


def from_paper(scale: str) -> Iterator[Row]:
    """The same correlation over the means that the paper prints: arithmetic, no run, the same at every scale."""
    table = printed()
    table = table[table["source"] == SOURCE]
    for dataset, own in table.groupby("dataset", sort=False):
        precision, accuracy = (own.loc[own["metric"] == metric, "value"] for metric in PAIR)
        found, stated = pearson(precision, accuracy), statements.paper(str(dataset), PEARSON)
        r = found.interval.mean
        said = "" if stated is None else f"the text says {stated.value:.2f}"
        yield tables.row(
            PEARSON,
            ours=found.interval,
            dataset=dataset,
            architecture="ResNet",
            variant=page.RECOMPUTED,
            protocol="arithmetic on printed means",
            scale=scale,
            status=found.status,
            reason=f"{said}; the means of {SOURCE} give {r:.3f}, which rounds to {r:.2f}",
        )


def oracles(given: Mapping[str, Any], facts: Mapping[str, Any]) -> Iterator[Row]:
    """Test accuracies of the oracles, with Wilson's interval over test images where the data set is told."""
    for dataset, files in given.items():
        about, place = (files, None) if isinstance(files, str) else (files["about"], files.get("data"))
        accuracy = float(read_json(about)[ORACLE])
        ours = Interval(accuracy, math.nan, math.nan, 1, "")
        if place is not None:
            n = len(data.load(place).test_labels)
            ours = percent(round(accuracy / 100 * n), n, "test images")
        paper = statements.paper(dataset, ORACLE)
        yield tables.row(ORACLE, paper, ours, dataset=dataset, architecture="oracle classifier", **facts)
