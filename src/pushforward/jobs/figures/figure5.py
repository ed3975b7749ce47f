"""Figure 5: precision and density against the latent dimension, with the two sets in both orders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pushforward import rng
from pushforward.artifacts import write_json
from pushforward.errors import InputError
from pushforward.jobs.facts import plain, words
from pushforward.jobs.records import Reading, scores
from pushforward.report import collapse, style
from pushforward.report.collapse import Ends
from pushforward.report.correlation import spearman
from pushforward.report.figures.figure5 import METRICS, Row, draw
from pushforward.report.figures.measured import Paper
from pushforward.report.intervals import summarise
from pushforward.report.printed import parts, printed
from pushforward.specs.metrics import PROTOCOLS

SOURCE, SPACE = "v1 Table 5", "oracle"  # where numbers are printed, and the features they are of
SAME = 1e-9  # percent


@dataclass(frozen=True)
class Study:
    """All runs of one data set, by latent dimension, and the printed numbers about it."""

    dataset: str
    readings: Mapping[int, Mapping[str, Mapping[str, Reading]]]  # d -> protocol -> metric
    runs: Mapping[int, str]
    paper: Mapping[str, Mapping[int, Paper]]
    left_out: Sequence[str]

    def along(self, protocol: str, metric: str) -> list[Reading]:
        """A metric at every latent dimension, the smallest first."""
        return [own[protocol][metric] for own in self.readings.values()]

    @property
    def swapped(self) -> bool:
        """Whether precision and recall as printed are recall and precision of the same samples."""
        return all(
            np.allclose(values, right.values[seed], rtol=0, atol=SAME, equal_nan=True)
            for way in (("precision", "recall"), ("recall", "precision"))
            for mine, right in zip(self.along("printed", way[0]), self.along("corrected", way[1]), strict=True)
            for seed, values in mine.values.items()
        )


def run(params: dict[str, Any], deps: dict[str, str], outs: dict[str, str], scratch: Path) -> None:
    """Write the drawing, every number in it, and what collapses in small latent spaces."""
    names = dict.fromkeys(own["dataset"] for own in params["runs"].values())
    studies = [_study(params["runs"], name, params["features"]) for name in names]
    facts = {study.dataset: _facts(study) for study in studies}
    swapped = all(study.swapped for study in studies)
    style.save(draw([_row(study) for study in studies], swapped), outs["pdf"])
    told = {"figure": params["figure"], "scale": params["scale"], "features": params["features"], "datasets": facts}
    write_json(outs["facts"], {**told, "caption": _caption(params["features"], studies, facts)})


def _study(runs: Mapping[str, Any], dataset: str, features: str) -> Study:
    own = sorted((r["latent_dim"], name) for name, r in runs.items() if r["dataset"] == dataset)
    if len(dict(own)) < len(own):
        raise InputError(
            f"{dataset}: one run a latent dimension is expected; got {', '.join(name for _, name in own)}."
        )
    readings = {}
    for d, name in own:
        records = scores({seed: files["score"] for seed, files in runs[name]["seeds"].items()})
        readings[d] = {p: {m: records.reading(m, p) for m in METRICS} for p in PROTOCOLS}
    return Study(dataset, readings, dict(own), *_paper(dataset, features))


def _paper(dataset: str, features: str) -> tuple[dict[str, dict[int, Paper]], list[str]]:
    """Printed numbers of a data set, and why some of them are left out."""
    table = printed()
    found: dict[str, dict[int, Paper]] = {metric: {} for metric in METRICS}
    left_out: list[str] = []
    for row in table[(table["source"] == SOURCE) & (table["dataset"] == dataset)].to_dict("records"):
        if row["metric"] not in METRICS:
            continue
        d = int(parts(row["variant"])["latent_dim"])
        if row["note"] or features != SPACE:
            left_out.append(f"{row['metric']} at d = {d}: {row['note'] or f'printed for the features {SPACE}'}")
        else:
            found[row["metric"]][d] = Paper(row["value"], row["half_width"])
    return found, left_out


def _row(study: Study) -> Row:
    drawn = {p: {m: [own.measured for own in study.along(p, m)] for m in METRICS} for p in PROTOCOLS}
    return Row(study.dataset, list(study.readings), drawn["corrected"], drawn["printed"], study.paper)


def _facts(study: Study) -> dict[str, Any]:
    dimensions = list(study.readings)
    points = {
        str(d): {"run": study.runs[d], **{p: {m: own[p][m].facts() for m in METRICS} for p in PROTOCOLS}}
        for d, own in study.readings.items()
    }
    return {
        "smallest": dimensions[0],
        "largest": dimensions[-1],
        "points": points,
        "paper": {m: {str(d): vars(own) for d, own in at.items()} for m, at in study.paper.items()},
        "paper_left_out": study.left_out,
        "printed_is_swapped": study.swapped,
        "change": {p: {m: _changes(study, p, m) for m in METRICS} for p in PROTOCOLS},
        "trend": {p: {m: _trend(study, p, m) for m in METRICS} for p in PROTOCOLS},
        "collapse": {p: _collapse(study, p) for p in PROTOCOLS},
        "nearer_to_paper": _nearer(study),
    }


def _ends(study: Study, protocol: str, metric: str, axis: str = "first") -> Ends:
    smallest, *_, largest = [getattr(own, axis) for own in study.along(protocol, metric)] * 2
    return Ends(smallest, largest)


def _changes(study: Study, protocol: str, metric: str) -> dict[str, Any]:
    """From the largest latent dimension to the smallest, on both axes."""
    return {axis: plain(_ends(study, protocol, metric, axis).change) for axis in ("first", "trainings")}


def _trend(study: Study, protocol: str, metric: str) -> dict[str, Any]:
    """Rank correlation with d: of the first training with its bootstrap, and over trainings."""
    own, d = study.along(protocol, metric), list(study.readings)
    stream = rng.numpy_generator(0, "figure5", study.dataset, protocol, metric)
    first = spearman(d, [reading.values[next(iter(reading.values))] for reading in own], own[0].over, stream)
    shared = [seed for seed in own[0].values if all(seed in reading.values for reading in own)]
    each = [spearman(d, [[r.means[seed]] for r in own], own[0].over, stream).interval.mean for seed in shared]
    over = plain(summarise(each, "seeds")) if each else None
    return {"first_training": plain(first.interval), "trainings": over, "status": first.status, "reason": first.reason}


def _collapse(study: Study, protocol: str) -> dict[str, str]:
    """What collapses at the smallest d, on both axes, in a word and in a sentence."""
    if len(study.readings) < 2:
        return {"status": "one_dimension", "reason": "a change needs two latent dimensions"}
    ends = {axis: [_ends(study, protocol, m, axis) for m in METRICS[:2]] for axis in ("first", "trainings")}
    words = {axis: collapse.outcome(*own) for axis, own in ends.items()}
    return {"status": "ok", **words, "sentence": collapse.sentence(*ends["first"])}


def _nearer(study: Study) -> dict[str, dict[str, int]]:
    """For each metric, at how many latent dimensions the printed number lies nearer to which of ours."""
    found = {}
    for metric, paper in study.paper.items():
        far = [
            [abs(own[protocol][metric].first.mean - paper[d].value) for protocol in PROTOCOLS]
            for d, own in study.readings.items()
            if d in paper
        ]
        found[metric] = {"as printed": sum(a < b for a, b in far), "correct order": sum(a > b for a, b in far)}
    return found


def _caption(features: str, studies: Sequence[Study], facts: Mapping[str, Any]) -> str:
    told = [
        f"Precision, recall, density and coverage (%, features: {features}) against the latent dimension. Circles: "
        "real and generated sets in their right order. Squares: as the authors' code computes them. Crosses: numbers "
        f"printed in {SOURCE} (features: {SPACE}). Bars: 95 % intervals within the first training, dots: other "
        "trainings; hollow: degenerate."
    ]
    for study in studies:
        own = facts[study.dataset]
        if own["collapse"]["corrected"]["status"] != "ok":
            told.append(f"{study.dataset}: one latent dimension only.")
            continue
        told.append(
            f"{study.dataset}, d = {own['smallest']} against d = {own['largest']}. In the right order: "
            f"{own['collapse']['corrected']['sentence']}. As printed{' (the sets swapped)' if study.swapped else ''}: "
            f"{own['collapse']['printed']['sentence']}. {_over_trainings(study, own)}"
        )
    return " ".join(told)


def _over_trainings(study: Study, own: Mapping[str, Any]) -> str:
    """The same over trainings, where there are several."""
    if min(len(reading.values) for reading in study.along("corrected", "precision")) < 2:
        return "One training each."
    changes = [words(_ends(study, "corrected", m, "trainings").change, 1) for m in METRICS[:2]]
    outcome = own["collapse"]["corrected"]["trainings"]
    return f"Over trainings precision changes by {changes[0]}, recall by {changes[1]}; what collapses: {outcome}."
