"""What the check of disconnected data says and cannot say, from its records."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pushforward.report import markup, plain
from pushforward.report.intervals import Interval
from pushforward.report.labels import NOT_AVAILABLE, NOT_RUN, number, plus_minus
from pushforward.report.printed import Printed
from pushforward.report.verdict import distinct

CANNOT = """\
The paper embeds the images, runs K-means, and takes the accuracy of a linear classifier for the numbers of the clusters
as a sign that the data are disconnected. The cells of K-means are Voronoi cells, whose borders are flat: a linear
classifier finds them in any data. So the same is done with one Gaussian of the same mean and covariance, which is
connected.

- **What can be seen:** whether the space between clusters is emptier than one Gaussian of this shape would leave it
  (border mass, gap), and whether clusters are classes (adjusted Rand index, accuracy for true labels).
- **What cannot:** that the support is disconnected. No finite sample tells an empty border from a thin one, and what is
  apart in a feature space need not be so among pixels. A high accuracy alone says nothing."""

COLUMNS = (
    "K-means ids", "one Gaussian", "paper (CLIP)", "true labels", "Rand index", "silhouette", "one Gaussian's",
    "border mass (%)", "one Gaussian's", "gap (%)",
)  # fmt: skip
NOTES = (
    "Accuracies in percent, of a linear classifier on points that nothing was fitted on; ± half-width of the 95 % "
    "interval over rounds, each with its own split, starts of K-means, and Gaussian.",
    "Rand index: adjusted, of clusters and true classes; 0 by chance, 1 if they are the same.",
    "Border mass: points nearer to the border of their cell than {epsilon:g} of half the distance between the two "
    "centres. Gap: share of the Gaussian's border mass that the data lack; 100 if the borders are empty, 0 if the data "
    "cross them as one Gaussian does.",
    "The paper names neither its variant of CLIP nor the number of clusters; what the labels are, it leaves open too.",
)


def interval(record: Mapping[str, Any], name: str) -> Interval:
    """An estimate of a record, over its rounds."""
    own = record[name]
    mean, half = (math.nan if own[key] is None else float(own[key]) for key in ("mean", "half_width"))
    return Interval(mean, mean - half, mean + half, len(own["rounds"]), "rounds")


def conclusion(record: Mapping[str, Any]) -> str:
    """What may be concluded from one record, with its numbers."""
    if record["status"] != "ok":
        return f"Nothing can be said: {record['reason']}."
    here, there, gap = (interval(record, name) for name in ("cluster_accuracy", "control_accuracy", "gap"))
    above = distinct(here, there) and here.mean > there.mean
    told = [
        f"K-means ids are predicted with {_text(here)} %, those of one Gaussian with {_text(there)} %: "
        + ("more than a connected law of this shape gives" if above else "a connected law does as well")
    ]
    borders = "the borders of the clusters hold"
    if math.isfinite(gap.low) and gap.low > 0:
        told.append(f"{borders} {_text(gap)} % less mass than the Gaussian's: a sign of gaps")
    elif math.isfinite(gap.high) and gap.high < 0:
        more = Interval(-gap.mean, -gap.high, -gap.low, gap.n, gap.over)
        told.append(f"{borders} {_text(more)} % more mass than the Gaussian's: no sign of gaps")
    else:
        told.append(f"{borders} as much mass as the Gaussian's, within the interval (gap {_text(gap)} %)")
    if record["label_status"] == "ok":
        told.append(f"clusters agree with the classes by a Rand index of {_text(interval(record, 'agreement'))}")
    return f"{'; '.join(told)}."


def markdown(records: Sequence[tuple[str, Mapping[str, Any]]], papers: Mapping[str, Printed]) -> str:
    """The page; ends with a newline.

    Args:
        records: data set and record.
        papers: the printed numbers, by data set; those without a record are listed as not run.
    """
    rows = [_line(name, record, papers.get(name)) for name, record in records]
    left = [name for name in papers if name not in {name for name, _ in records}]
    rows += [[name, "–", NOT_RUN, NOT_RUN, str(papers[name].value), *[NOT_RUN] * (len(COLUMNS) - 3)] for name in left]
    epsilon = records[0][1]["epsilon"] if records else 0.1
    notes = [note.format(epsilon=epsilon) for note in NOTES]
    parts = ["# Are the data disconnected?", CANNOT]
    heads = ("Data set", "Features")
    parts.append(markup.markdown(plain.grid("Clusters, and one Gaussian", heads, COLUMNS, rows, notes)))
    told = [f"- **{name}**, features {_space(record)}: {conclusion(record)}" for name, record in records]
    parts += ["## What may be concluded", "\n".join(told)] if told else []
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def _line(name: str, record: Mapping[str, Any], paper: Printed | None) -> list[str]:
    keys = (
        "label_accuracy",
        "agreement",
        "silhouette",
        "control_silhouette",
        "border_mass",
        "control_border_mass",
        "gap",
    )
    first = [_text(interval(record, key)) for key in ("cluster_accuracy", "control_accuracy")]
    stated = NOT_AVAILABLE if paper is None else str(paper.value)
    return [name, _space(record), *first, stated, *(_text(interval(record, key)) for key in keys)]


def _space(record: Mapping[str, Any]) -> str:
    return f"{record['space']}, K = {record['clusters']}, {record['points']:,} points"


def _text(own: Interval) -> str:
    """`98.1 ± 0.2`; without the interval where there is none."""
    return plus_minus(own.mean, own.half_width) if math.isfinite(own.half_width) else number(own.mean)
