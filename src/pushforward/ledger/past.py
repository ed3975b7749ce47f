"""Recorded jobs of this scale and of the others: what they took, and on what."""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pushforward import artifacts
from pushforward.errors import PushforwardError
from pushforward.ledger.job import RECORDS
from pushforward.ledger.names import TRAININGS


@dataclass(frozen=True)
class Done:
    """A recorded job.

    Attributes:
        spec: what it was given.
        seconds: that it took.
        device: "cpu" or "cuda".
        device_name: as the machine calls it.
        here: whether it belongs to this scale.
    """

    spec: dict[str, Any]
    seconds: float
    device: str
    device_name: str
    here: bool

    @property
    def models(self) -> frozenset[str]:
        """Architectures that it used."""
        return architectures(self.spec)


def architectures(spec: dict[str, Any]) -> frozenset[str]:
    """Modules of `pushforward.models` in the code of a job."""
    return frozenset(name for name in spec["code"] if name.startswith("pushforward.models."))


def recorded() -> list[list[Done]]:
    """Recorded jobs by scale, this one first; records that cannot be read are left out."""
    return [list(_read(folder, folder == Path.cwd())) for folder in scales()]


def scales() -> list[Path]:
    """Folders of all scales, this one first."""
    here = Path.cwd()
    extends = re.search(r"^extends:\s*(\S+)", (here / "params.yaml").read_text(encoding="utf-8"), re.MULTILINE)
    root = (here / (extends[1] if extends else "params.yaml")).resolve().parent
    others = [root, *sorted(path.parent for path in root.glob("*/params.yaml"))]
    return [here, *(folder for folder in others if folder != here)]


def _read(folder: Path, here: bool) -> Iterator[Done]:
    for path in sorted((folder / RECORDS).rglob("*.json")):
        with contextlib.suppress(PushforwardError, KeyError, TypeError):
            record = artifacts.read_json(path)
            facts, spec = record["facts"], record["spec"]
            if facts.get("processes", 1) == 1:
                seconds = max(facts["seconds"], _trained_for(folder, spec))
                yield Done(spec, seconds, facts["device"], facts["device_name"], here)


def _trained_for(folder: Path, spec: dict[str, Any]) -> float:
    """Seconds of a training in all its sessions, where its sidecar is here."""
    if spec["rule"] in TRAININGS:
        with contextlib.suppress(PushforwardError, KeyError):
            return float(artifacts.read_json(folder / spec["outs"]["about"])["seconds"])
    return 0.0
