"""Curves of truncated generators back from their score records, with the printed numbers that belong to them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pushforward.errors import InputError
from pushforward.jobs.records import Reading, scores
from pushforward.report.figures.figure8 import LOOKS, METRICS
from pushforward.report.printed import parts, printed
from pushforward.specs.metrics import PROTOCOLS

SOURCE, SPACE = "ICML Table 7", "inception"  # where numbers are printed, and the features they are of


@dataclass(frozen=True)
class Point:
    """A curve at one law of z."""

    sampling: str
    tau: float  # NaN where the law has no threshold
    components: int | None
    acceptance: Mapping[str, Any]
    readings: Mapping[str, Mapping[str, Reading]]  # metric -> protocol

    @property
    def kept(self) -> float:
        """Share of N(0, I) that is kept, in percent; NaN where it is not known or nothing is kept."""
        rate = self.acceptance.get("rate")
        return 100 * rate if rate else math.nan


@dataclass(frozen=True)
class Curve:
    """One method on one data set; points at decreasing acceptance."""

    label: str
    method: str
    dataset: str
    points: Sequence[Point]
    paper: Sequence[Mapping[str, Any]]

    @property
    def components(self) -> int | None:
        """N of its law of z; None where it has none."""
        return self.points[0].components if self.points else None


def curve(label: str, given: Mapping[str, Any], features: str) -> Curve:
    """One curve.

    Args:
        label: of the curve.
        given: its `method`, `dataset` and `points`, each with `sampling` and `seeds` (seed -> score record).
        features: name of the feature space; printed numbers of another one are left out.

    Raises:
        InputError: no such method.
        Missing, Corrupt: a record is not here, or not what was written.
    """
    method = _method(label, given["method"])
    points = [_point(own) for own in given["points"]]
    points.sort(key=lambda own: -own.kept if math.isfinite(own.kept) else math.inf)
    paper = _paper(method, given["dataset"], points) if features == SPACE else []
    return Curve(label, method, given["dataset"], points, paper)


def _method(label: str, said: str) -> str:
    """The method as it is drawn: "DeliGAN, N = 100" is DeliGAN, whose number of components the record tells."""
    known = {name.lower(): name for name in LOOKS}
    method = known.get(said.split(",")[0].strip().lower().replace("_", " "))
    if method is None:
        raise InputError(f"curve {label}: no method {said!r}; there are: {', '.join(LOOKS)}.")
    return method


def _point(given: Mapping[str, Any]) -> Point:
    records = scores(given["seeds"])
    law = records.first["law"]
    tau = law.get("tau")
    readings = {metric: {p: records.reading(metric, p) for p in PROTOCOLS} for metric in METRICS}
    return Point(
        given["sampling"],
        math.nan if tau is None else float(tau),
        law.get("components"),
        records.first["acceptance"],
        readings,
    )


def _paper(method: str, dataset: str, points: Sequence[Point]) -> list[dict[str, Any]]:
    """The printed numbers of this method, each with the acceptance it belongs to: stated, or ours at its threshold."""
    table = printed()
    own = table[(table["source"] == SOURCE) & (table["dataset"] == dataset) & table["metric"].isin(METRICS)]
    found = []
    for row in own.to_dict("records"):
        settings = parts(row["variant"])
        fits = settings["method"] == method and _same_components(settings, points)
        if fits:
            kept = _kept(settings, points)
            numbers = {name: row[name] for name in ("variant", "metric", "value", "half_width")}
            found.append({**numbers, "kept": kept, "placed": math.isfinite(kept)})
    return found


def _same_components(settings: Mapping[str, str], points: Sequence[Point]) -> bool:
    return "N" not in settings or any(own.components == int(settings["N"]) for own in points)


def _kept(settings: Mapping[str, str], points: Sequence[Point]) -> float:
    """Share kept, in percent: as printed for JBT, all for laws without a gate, else ours at the same threshold."""
    if "keep" in settings:
        return float(settings["keep"].rstrip("%"))
    if "tau_test" not in settings:
        return 100.0
    tau = float(settings["tau_test"])
    return next((own.kept for own in points if math.isclose(own.tau, tau, rel_tol=1e-6)), math.nan)
