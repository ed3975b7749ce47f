"""Operations and memory of trainings, remembered, so that only what is new is counted with torch.

The trainings of the three scales come counted with the package, in `counted.csv`; others are remembered in the folder.
"""

import contextlib
import csv
import functools
import io
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pushforward import artifacts
from pushforward.errors import PushforwardError
from pushforward.ledger.code import closure
from pushforward.ledger.extent import Extent, extent, given
from pushforward.ledger.names import TRAININGS
from pushforward.ledger.past import scales
from pushforward.ledger.plan import plan
from pushforward.machine import speed
from pushforward.specs.load import load

log = logging.getLogger(__name__)
PACKAGED = Path(__file__).with_name("counted.csv")
CACHE = Path("work/costs.json")
# What of a training's settings its operations and its memory depend on.
COUNTED = ("model", "latent", "batch", "generator_batch", "critic_steps", "ema_halflife", "steps", "epochs")


class Counts:
    """Counts trainings; `save` keeps what was counted for the next call."""

    def __init__(self, cache: Path = CACHE) -> None:
        self.cache = cache
        self.packaged = packaged()
        self.known: dict[str, Any] = {}
        self.changed = False
        with contextlib.suppress(PushforwardError):  # only a memory: counted again
            self.known = artifacts.read_json(cache)

    def __call__(self, spec: Mapping[str, Any], data: Extent) -> tuple[float, int]:
        """Operations of a training, and bytes that it holds.

        Args:
            spec: `rule` and `params` of the job.
            data: how large its data set is.
        """
        key = key_of(spec, data)
        if key in self.packaged:
            return self.packaged[key]
        key = f"{key} {_code(network(spec))}"
        if key not in self.known:
            log.info("Counting the operations of %s; this is remembered.", _words(spec, data))
            self.known[key], self.changed = _count(spec, data), True
        operations, held = self.known[key]
        return operations, held

    def speed(self, threads: int) -> float:
        """Operations a second of this machine's matrix product, measured once."""
        key = f"{os.uname().nodename}, {threads} threads"
        if key not in self.known:
            self.known[key], self.changed = speed(threads), True
        return self.known[key]

    def save(self) -> None:
        """Keep what was counted."""
        if self.changed:
            with contextlib.suppress(OSError):  # a folder that may only be read
                artifacts.write_json(self.cache, self.known)


def network(spec: Mapping[str, Any]) -> str:
    """The architecture that a job trains."""
    return "classifier" if spec["rule"] == "oracle" else spec["params"]["settings"]["model"]["kind"]


def key_of(spec: Mapping[str, Any], data: Extent) -> str:
    """Name of a count: equal where the counts are equal."""
    settings = spec["params"].get("settings", spec["params"])
    own = {name: settings.get(name) for name in COUNTED}
    return artifacts.digest_json([spec["rule"], own, data.shape, data.samples, data.classes])[:12]


def packaged() -> dict[str, tuple[float, int]]:
    """The counts that come with the package."""
    rows = csv.DictReader(PACKAGED.read_text(encoding="utf-8").splitlines())
    return {row["key"]: (float(row["operations"]), int(row["bytes"])) for row in rows}


def write_counts(path: str | Path) -> None:
    """Count all trainings of all scales anew, as the CSV that comes with the package."""
    rows: dict[str, tuple[str, float, int]] = {}
    for everything in (plan(load(folder / "params.yaml")) for folder in scales()):
        for job in (job for rule in TRAININGS for job in everything.of(rule)):
            spec = {"rule": job.rule, "params": job.params}
            data = extent(given(everything), job.deps["data"])
            try:
                rows |= {key_of(spec, data): (_words(spec, data), *_count(spec, data))} if data else {}
            except PushforwardError as error:
                log.warning("%s cannot be counted: %s", job.name, error)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("key", "training", "operations", "bytes"))
    writer.writerows((key, *row) for key, row in sorted(rows.items(), key=lambda item: item[1]))
    artifacts.write_bytes(path, text.getvalue().encode())


def _count(spec: Mapping[str, Any], data: Extent) -> tuple[float, int]:
    from pushforward.ledger import operations

    count = operations.count(spec, data)
    return count.operations, count.bytes


def _words(spec: Mapping[str, Any], data: Extent) -> str:
    """A training in a few words."""
    settings = spec["params"].get("settings", spec["params"])
    latent = f" from {settings['latent']['dim']} dimensions" if "latent" in settings else ""
    length = f"{settings['steps']} steps" if "steps" in settings else f"{settings['epochs']} epochs"
    shape = " x ".join(map(str, data.shape))
    return f"{network(spec)}{latent} to {shape}: {length} of {settings['batch']}"


@functools.cache
def _code(kind: str) -> str:
    return artifacts.digest_json(closure(("pushforward.ledger.operations", f"pushforward.models.{kind}")))[:12]
