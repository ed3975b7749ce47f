"""Figure 6: do precision and density go with LogReg and Convex accuracy over the widths of a generator?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pushforward.artifacts import write_json
from pushforward.jobs.facts import plain, words
from pushforward.jobs.records import Reading, measures, scores
from pushforward.report import style
from pushforward.report.correlation import FEWEST, Correlation, fisher, pearson
from pushforward.report.figures.figure6 import PAIRS, Row, draw
from pushforward.report.figures.measured import Paper
from pushforward.report.intervals import Interval, summarise
from pushforward.report.printed import printed
from pushforward.specs.metrics import PROTOCOLS

SOURCE, SPACE = "ICML Table 6", "inception"  # where numbers are printed, and the features they are of
STATED = "pearson_precision_logreg"
METRICS = tuple(dict.fromkeys(metric for pair in PAIRS for metric in pair))
MANY, EXAMPLE = 10, 0.95  # up to how many points the caption says how little they tell, and of which coefficient
Pair = tuple[str, str]


@dataclass(frozen=True)
class Study:
    """All runs of one data set in their order, and the printed numbers about it."""

    dataset: str
    labels: Mapping[str, str]  # run -> what tells it from the others
    readings: Mapping[str, Mapping[str, Sequence[Reading]]]  # protocol -> metric -> one a run
    paper: Mapping[str, Sequence[Paper]]
    stated: Mapping[Pair, float]

    def correlation(self, protocol: str, pair: Pair) -> Correlation:
        """Over the runs' first trainings; a number whose status is not "ok" is left out."""
        y, x = ([_sound(own, own.first.mean) for own in self.readings[protocol][metric]] for metric in pair)
        return pearson(x, y)

    def trainings(self, protocol: str, pair: Pair) -> Interval | None:
        """Mean and interval of the coefficients over the seeds that every run was trained with."""
        y, x = (self.readings[protocol][metric] for metric in pair)
        shared = [seed for seed in x[0].values if all(seed in own.values for own in (*x, *y))]
        each = [
            pearson([_sound(own, own.means[seed]) for own in x], [_sound(own, own.means[seed]) for own in y])
            for seed in shared
        ]
        return summarise([own.interval.mean for own in each], "seeds") if each else None

    def from_paper(self, pair: Pair) -> Correlation:
        """Over the printed means."""
        y, x = ([own.value for own in self.paper[metric]] for metric in pair)
        return pearson(x, y)


def run(params: dict[str, Any], deps: dict[str, str], outs: dict[str, str], scratch: Path) -> None:
    """Write the drawing, and every number and coefficient in it."""
    studies = [_study(params["runs"], name) for name in dict.fromkeys(r["dataset"] for r in params["runs"].values())]
    facts = {study.dataset: _facts(study) for study in studies}
    style.save(draw([_row(study, params["features"]) for study in studies]), outs["pdf"])
    told = {"figure": params["figure"], "scale": params["scale"], "features": params["features"], "datasets": facts}
    write_json(outs["facts"], {**told, "caption": _caption(params["features"], studies)})


def _study(runs: Mapping[str, Any], dataset: str) -> Study:
    own = {name: given for name, given in runs.items() if given["dataset"] == dataset}
    kinds = {"score": scores, "measure": measures}
    records = [
        {kind: read({seed: paths[kind] for seed, paths in given["seeds"].items()}) for kind, read in kinds.items()}
        for given in own.values()
    ]
    readings = {p: {m: [each[_kind(m)].reading(m, p) for each in records] for m in METRICS} for p in PROTOCOLS}
    labels = {name: _label(name, given) for name, given in own.items()}
    return Study(dataset, labels, readings, _paper(dataset), _stated(dataset))


def _kind(metric: str) -> str:
    """Which record holds a metric: probes of the latent space, or scores of samples."""
    return "measure" if metric.endswith("_acc") else "score"


def _label(name: str, given: Mapping[str, Any]) -> str:
    """What tells a run from the others: its label, its width, else its name."""
    width = given.get("width")
    return str(given.get("label") or (name if width is None else f"width {width}"))


def _paper(dataset: str) -> dict[str, list[Paper]]:
    """Metric -> the printed numbers over the widths; empty where nothing is printed for the data set."""
    table = printed()
    own = table[(table["source"] == SOURCE) & (table["dataset"] == dataset)]
    if own.empty:
        return {}
    return {
        metric: [Paper(row["value"], row["half_width"]) for row in own[own["metric"] == metric].to_dict("records")]
        for metric in METRICS
    }


def _stated(dataset: str) -> dict[Pair, float]:
    """The coefficient in the text; none for other data sets."""
    table = printed()
    own = table[(table["metric"] == STATED) & (table["dataset"] == dataset)]
    return {} if own.empty else {PAIRS[0]: float(own["value"].iloc[0])}


def _sound(own: Reading, value: float) -> float:
    return value if own.status == "ok" else float("nan")


def _row(study: Study, features: str) -> Row:
    """As it is drawn; printed numbers of other features are not set beside ours, their coefficients are."""
    ours = {p: {m: [own.measured for own in study.readings[p][m]] for m in METRICS} for p in PROTOCOLS}
    correlations = {p: {pair: study.correlation(p, pair) for pair in PAIRS} for p in PROTOCOLS}
    if study.paper:
        correlations = {"paper": {pair: study.from_paper(pair) for pair in PAIRS}, **correlations}
    paper = study.paper if features == SPACE else {}
    return Row(study.dataset, ours, paper, correlations, study.stated)


def _facts(study: Study) -> dict[str, Any]:
    numbers = {p: {m: [own.facts() for own in study.readings[p][m]] for m in METRICS} for p in PROTOCOLS}
    points = {
        name: {"label": label, **{p: {m: numbers[p][m][place] for m in METRICS} for p in PROTOCOLS}}
        for place, (name, label) in enumerate(study.labels.items())
    }
    return {
        "points": points,
        "paper": {metric: [vars(own) for own in values] for metric, values in study.paper.items()},
        "pearson": {f"{pair[0]}, {pair[1]}": _coefficients(study, pair) for pair in PAIRS},
    }


def _coefficients(study: Study, pair: Pair) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for protocol in PROTOCOLS:
        over = study.trainings(protocol, pair)
        found[protocol] = {**_told(study.correlation(protocol, pair)), "trainings": over and plain(over)}
    if study.paper:
        found["paper"] = {**_told(study.from_paper(pair)), "stated": study.stated.get(pair)}
    return found


def _told(own: Correlation) -> dict[str, Any]:
    return {"first_training": plain(own.interval), "status": own.status, "reason": own.reason}


def _caption(features: str, studies: Sequence[Study]) -> str:
    told = [
        f"Precision and density (%, features: {features}) against LogReg and Convex accuracy (%), a marker a run, the "
        "later ones larger; bars: 95 % intervals within the first training; hollow: degenerate, in no coefficient. "
        "Right: Pearson's coefficient with its 95 % interval (Fisher) over the runs, diamond: as stated in the text; "
        f"printed numbers: {SOURCE}, features {SPACE}."
    ]
    for study in studies:
        runs = ", ".join(study.labels.values())
        told.append(f"{study.dataset}, n = {len(study.labels)} ({runs}).{_few(len(study.labels))}")
        for pair in PAIRS[:2]:
            parts = [f"ours {_words(study.correlation('corrected', pair))}"]
            parts.append(f"as printed {_words(study.correlation('printed', pair))}")
            if study.paper:
                parts.append(f"from the printed means {_words(study.from_paper(pair))}")
            if pair in study.stated:
                parts.append(f"stated {study.stated[pair]}")
            told.append(f"r({pair[0]}, {pair[1]}): {', '.join(parts)}.")
    return " ".join(told)


def _few(n: int) -> str:
    """How little few points tell."""
    if not FEWEST < n <= MANY:
        return ""
    low, high = fisher(EXAMPLE, n)
    return f" With {n} points even r = {EXAMPLE} has the interval [{low:.2f}, {high:.3f}]."


def _words(own: Correlation) -> str:
    return words(own.interval) if own.status == "ok" else own.status.replace("_", " ")
