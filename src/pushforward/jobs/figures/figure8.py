"""Figure 8: density and coverage along the thresholds of every truncation, compared at equal acceptance."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pushforward.artifacts import write_json
from pushforward.jobs.facts import plain
from pushforward.jobs.truncations import SOURCE, Curve, curve
from pushforward.report import style
from pushforward.report.collapse import difference
from pushforward.report.figures.figure8 import METRICS, Line, draw
from pushforward.report.figures.measured import Paper
from pushforward.report.labels import number
from pushforward.specs.metrics import PROTOCOLS

MATCH = 0.1  # relative difference up to which two acceptance rates count as equal


def run(params: dict[str, Any], deps: dict[str, str], outs: dict[str, str], scratch: Path) -> None:
    """Write the drawing, every number in it, and the methods compared at equal acceptance."""
    curves = [curve(label, given, params["features"]) for label, given in params["curves"].items()]
    names = dict.fromkeys(own.dataset for own in curves)
    datasets = {name: [own for own in curves if own.dataset == name] for name in names}
    looks = _looks(datasets)
    style.save(draw({name: _lines(own, looks) for name, own in datasets.items()}), outs["pdf"])
    facts = {name: _facts(own, looks) for name, own in datasets.items()}
    told = {"figure": params["figure"], "scale": params["scale"], "features": params["features"], "datasets": facts}
    write_json(outs["facts"], {**told, "caption": _caption(params["features"], facts)})


def _looks(datasets: Mapping[str, Sequence[Curve]]) -> dict[str, tuple[str, int]]:
    """Label of a curve -> what the legend calls it, and which of the looks of its method it has.

    The name is the method's, with the number of components where a data set has several, and the curve's own label
    where that does not tell it from another of the same data set.
    """
    several = {
        own.method
        for curves in datasets.values()
        for own in curves
        if len({other.components for other in curves if other.method == own.method}) > 1
    }
    found = {}
    for curves in datasets.values():
        names = [c.method + (f", N = {c.components}" if c.method in several else "") for c in curves]
        for own, name in zip(curves, names, strict=True):
            alike = [other for other, its in zip(curves, names, strict=True) if its == name]
            kinds = {c.components or 0 for all_of in datasets.values() for c in all_of if c.method == own.method}
            kind = sorted(kinds).index(own.components or 0) if own.method in several else 0
            found[own.label] = (own.label, kind + alike.index(own)) if len(alike) > 1 else (name, kind)
    return found


def _lines(curves: Sequence[Curve], looks: Mapping[str, tuple[str, int]]) -> list[Line]:
    lines: list[Line] = []
    for own in curves:
        placed = [point for point in own.points if math.isfinite(point.kept)]
        values = {m: {p: [point.readings[m][p].measured for point in placed] for p in PROTOCOLS} for m in METRICS}
        paper = {
            m: [(q["kept"], Paper(q["value"], q["half_width"])) for q in own.paper if q["metric"] == m and q["placed"]]
            for m in METRICS
        }
        name, kind = looks[own.label]
        taus = [point.tau for point in placed]
        lines.append(Line(name, own.method, kind, [q.kept for q in placed], taus, values, paper))
    return lines


def _facts(curves: Sequence[Curve], looks: Mapping[str, tuple[str, int]]) -> dict[str, Any]:
    return {
        "curves": {own.label: {"name": looks[own.label][0], **_numbers(own)} for own in curves},
        "equal_acceptance": {m: {p: _compared(curves, m, p) for p in PROTOCOLS} for m in METRICS},
        "highest": {m: {p: _highest(curves, m, p) for p in PROTOCOLS} for m in METRICS},
    }


def _numbers(curve: Curve) -> dict[str, Any]:
    points = [
        {
            "sampling": own.sampling,
            "tau": own.tau,
            "acceptance": own.acceptance,
            "status": "ok" if math.isfinite(own.kept) else "nothing_kept",
            **{m: {p: own.readings[m][p].facts() for p in PROTOCOLS} for m in METRICS},
        }
        for own in curve.points
    ]
    return {"method": curve.method, "components": curve.components, "points": points, "paper": curve.paper}


def _compared(curves: Sequence[Curve], metric: str, protocol: str) -> list[dict[str, Any]]:
    """The simplicial gate less every other method, where both keep the same share; first trainings."""
    found = []
    gated = [(own.label, point) for own in curves if own.method == "simplicial" for point in own.points]
    others = [(own.label, point) for own in curves if own.method != "simplicial" for point in own.points]
    for label, mine in gated:
        for other, theirs in others:
            if abs(math.log(mine.kept / theirs.kept)) <= math.log1p(MATCH):
                a, b = (point.readings[metric][protocol] for point in (mine, theirs))
                first, trainings = difference(a.first, b.first), difference(a.trainings, b.trainings)
                found.append(
                    {
                        "curve": label,
                        "other": other,
                        "acceptance": [mine.kept / 100, theirs.kept / 100],
                        "difference": plain(first),
                        "difference_of_trainings": plain(trainings),
                        "distinct": first.low > 0 or first.high < 0,
                    }
                )
    return found


def _highest(curves: Sequence[Curve], metric: str, protocol: str) -> dict[str, Any]:
    """Where each curve is highest."""
    found = {}
    for own in curves:
        known = [(p, p.readings[metric][protocol].first) for p in own.points if math.isfinite(p.kept)]
        known = [(point, first) for point, first in known if np.isfinite(first.mean)]
        if known:
            point, first = max(known, key=lambda pair: pair[1].mean)
            found[own.label] = {"acceptance": point.kept / 100, "tau": point.tau, **plain(first)}
    return found


def _caption(features: str, facts: Mapping[str, Any]) -> str:
    told = [
        f"Density and coverage (%, features: {features}) against the share of latents that a method keeps, for "
        "thresholds at test time; as the authors' code computes them and corrected. Bars: 95 % intervals within the "
        "first training, dots: other trainings, dotted: baseline; hollow: degenerate. Crosses: numbers printed in "
        f"{SOURCE}, at our acceptance for their threshold. Above: thresholds of the simplicial gate."
    ]
    for dataset, own in facts.items():
        names = {label: curve["name"] for label, curve in own["curves"].items()}
        highest = own["highest"]["density"]["corrected"]
        words = [
            f"{names[it]} {number(at['mean'])} ({100 * at['acceptance']:.3g} % kept)" for it, at in highest.items()
        ]
        told.append(f"{dataset}, highest corrected density: {', '.join(words)}.{_comparisons(own, names)}")
        missing = {q["variant"] for curve in own["curves"].values() for q in curve["paper"] if not q["placed"]}
        if missing:
            told.append(f"Printed for thresholds that were not run: {', '.join(sorted(missing))}.")
    return " ".join(told)


def _peak(name: str, at: Mapping[str, Any]) -> str:
    return f"{name} {number(at['mean'])} ({100 * at['acceptance']:.3g} % kept)"


def _comparisons(facts: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """How often the simplicial gate is denser, or less dense, than each other method at equal acceptance."""
    pairs = facts["equal_acceptance"]["density"]["corrected"]
    told = []
    for other in dict.fromkeys(own["other"] for own in pairs):
        beyond = [own["difference"]["mean"] for own in pairs if own["other"] == other and own["distinct"]]
        n = sum(own["other"] == other for own in pairs)
        told.append(f"{names[other]} {sum(d > 0 for d in beyond)} and {sum(d < 0 for d in beyond)} of {n}")
    start = " At equal acceptance the simplicial gate is denser, and less dense, beyond the intervals than"
    return f"{start} {', '.join(told)}." if told else ""
