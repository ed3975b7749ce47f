"""Numbers of a run back from the records of its trainings, with both intervals, and the axes never mixed."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pushforward.artifacts import read_json
from pushforward.errors import Corrupt
from pushforward.jobs.facts import plain
from pushforward.report.figures.measured import Measured
from pushforward.report.intervals import Interval, both_axes


@dataclass(frozen=True)
class Reading:
    """One metric of a run under one protocol.

    Attributes:
        values: seed of a training -> one number a snapshot or sample set; NaN where it is undefined.
        over: "snapshots", or "sample sets" where every training has one snapshot.
        status: "ok", or that of the first number that is not.
        reason: why.
    """

    values: Mapping[int, list[float]]
    over: str
    status: str = "ok"
    reason: str = ""

    @property
    def first(self) -> Interval:
        """The paper's interval: within the first training."""
        return both_axes(self.values, self.over)[0]

    @property
    def trainings(self) -> Interval:
        """The interval across trainings."""
        return both_axes(self.values, self.over)[1]

    @property
    def means(self) -> dict[int, float]:
        """Each training's own mean, by seed."""
        return {seed: both_axes({seed: own}, self.over)[0].mean for seed, own in self.values.items()}

    @property
    def measured(self) -> Measured:
        """As it is drawn."""
        return Measured(self.first, tuple(self.means.values())[1:], self.status == "ok")

    def facts(self) -> dict[str, Any]:
        """As it stands in a figure's JSON."""
        own = {"first_training": plain(self.first), "trainings": plain(self.trainings)}
        return {**own, "status": self.status, "reason": self.reason}


@dataclass(frozen=True)
class Records:
    """The records of all trainings of a run.

    Attributes:
        files: seed -> path, in the order of the seeds; the first is the one declared.
        contents: seed -> record.
        entries: key of a record's list of numbers.
    """

    files: Mapping[int, str]
    contents: Mapping[int, Mapping[str, Any]]
    entries: str

    @property
    def first(self) -> Mapping[str, Any]:
        """The record of the first training."""
        return next(iter(self.contents.values()))

    def tells(self, metric: str) -> bool:
        """Whether every training was asked for this metric."""
        return all(metric in entry["printed"] for own in self.contents.values() for entry in own[self.entries])

    def reading(self, metric: str, protocol: str) -> Reading:
        """A metric under one protocol.

        Raises:
            Corrupt: a record does not hold it.
        """
        cells = {seed: self._cells(seed, metric, protocol) for seed in self.contents}
        sampled = self.entries == "samples" and all(len(own) == 1 for own in cells.values())
        values = {
            seed: [_number(cell) for step in own.values() for cell in step]
            if sampled
            else [_mean([_number(cell) for cell in step]) for step in own.values()]
            for seed, own in cells.items()
        }
        odd = next((c for own in cells.values() for step in own.values() for c in step if c["status"] != "ok"), {})
        return Reading(
            values, "sample sets" if sampled else "snapshots", odd.get("status", "ok"), odd.get("reason", "")
        )

    def _cells(self, seed: int, metric: str, protocol: str) -> dict[int, list[Mapping[str, Any]]]:
        """Step of a snapshot -> its numbers, one a sample set."""
        found: dict[int, list[Mapping[str, Any]]] = {}
        try:
            for entry in self.contents[seed][self.entries]:
                found.setdefault(entry["step"], []).append(entry[protocol][metric])
        except KeyError as error:
            raise Corrupt(
                f"{self.files[seed]}: expected {metric} under the protocol {protocol!r} among its {self.entries}; "
                f"{error} is not there. Compute the record anew."
            ) from None
        if not found:
            raise Corrupt(f"{self.files[seed]} holds no {self.entries}. Compute the record anew.")
        return found


def scores(files: Mapping[str, str]) -> Records:
    """Metrics of one run in one feature space with one law of z: seed -> file.

    Raises:
        Missing, Corrupt: a record is not here, or is no record.
    """
    return _read(files, "samples")


def measures(files: Mapping[str, str]) -> Records:
    """Probes of the latent space of one run: seed -> file.

    Raises:
        Missing, Corrupt: a record is not here, or is no record.
    """
    return _read(files, "snapshots")


def _read(files: Mapping[str, str], entries: str) -> Records:
    own = {int(seed): path for seed, path in files.items()}
    return Records(own, {seed: read_json(path) for seed, path in own.items()}, entries)


def _number(cell: Mapping[str, Any]) -> float:
    return math.nan if cell["value"] is None else float(cell["value"])


def _mean(values: list[float]) -> float:
    """Mean of the defined values; NaN where there is none."""
    known = [value for value in values if math.isfinite(value)]
    return float(np.mean(known)) if known else math.nan
