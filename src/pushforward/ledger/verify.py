"""Read everything again: recorded outputs, DVC's cache, the store. Nothing is written, nothing is repaired."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from pushforward import artifacts
from pushforward.errors import Corrupt, PushforwardError
from pushforward.ledger import store, text
from pushforward.ledger.job import RECORDS
from pushforward.ledger.scale import Scale
from pushforward.ledger.targets import find_all, with_upstream


@dataclass
class Tally:
    """What was read, what is not here, and what is not as it was."""

    files: dict[str, int] = field(default_factory=dict)
    bytes: int = 0
    absent: int = 0
    altered: list[str] = field(default_factory=list)

    def read(self, kind: str, path: str | Path, digest: str, words: str) -> None:
        """Compare a file's md5."""
        self.files[kind] = self.files.get(kind, 0) + 1
        self.bytes += os.path.getsize(path)
        if artifacts.digest_file(path, "md5") != digest:
            self.altered.append(f"{os.path.relpath(path)}: {words}")

    def summary(self) -> str:
        """All of it in one line."""
        parts = ", ".join(text.counted(n, kind) for kind, n in self.files.items()) or "nothing"
        absent = f"; {text.counted(self.absent, 'recorded file')} not here" if self.absent else ""
        end = f"{len(self.altered)} ALTERED" if self.altered else "all as recorded"
        return f"read {parts} ({text.size(self.bytes)}){absent}: {end}."


def verify(targets: Sequence[str] = ()) -> list[str]:
    """Hash outputs, cached objects and those of a remote that is a folder.

    Args:
        targets: to look only at them and what they rest on; everything that is recorded or stored if empty.

    Raises:
        Corrupt: something is not what was recorded; each file is named.
        InputError: there is no such target, or no DVC repository.
    """
    tally, wanted = Tally(), None
    records = list(_records(targets, tally))
    work: list[tuple[str, str | Path, str, str]] = [*_outputs(records, tally)]
    with store.opened() as kept:
        if targets:
            paths = [path for record in records for path in record["outs"]]
            wanted = _objects_of(kept, [keeper for path in paths if (keeper := kept.keeper(path))])
        work += _stored(kept, wanted)
        notes = _notes(kept)
    for each in tqdm(work, "reading", leave=False, disable=None):
        tally.read(*each)
    if tally.altered:
        raise Corrupt("\n".join([*tally.altered, tally.summary()]))
    return [*notes, tally.summary()]


def _records(targets: Sequence[str], tally: Tally) -> Iterator[dict[str, Any]]:
    """Records that can be read; the others count as altered."""
    if targets:
        here = Scale.open()
        paths = [job.record_path for job in with_upstream(here.plan, find_all(here.plan, targets))]
    else:
        paths = sorted(RECORDS.rglob("*.json"))
    for path in filter(Path.exists, paths):
        try:
            record = artifacts.read_json(path)
            yield {"outs": record["outs"]}
        except (PushforwardError, KeyError, TypeError):
            tally.altered.append(f"{path}: no record any more; restore it with `git checkout -- {path}`")


def _outputs(records: Sequence[dict[str, Any]], tally: Tally) -> Iterator[tuple[str, str, str, str]]:
    for path, digest in (out for record in records for out in record["outs"].items()):
        if os.path.exists(path):
            yield "output", path, digest, "not the file that was recorded; `pushforward pull` restores it"
        else:
            tally.absent += 1


def _stored(kept: store.Store, wanted: frozenset[str] | None) -> Iterator[tuple[str, Path, str, str]]:
    advice = {
        "cached object": "not what its name says; delete it and `pushforward pull`",
        "stored object": f"not what its name says; restore it, or `dvc push` to {kept.remote_name} what others have",
    }
    for kind, folder in zip(advice, (kept.cache, kept.remote), strict=True):
        for name, path in store.objects(folder, wanted) if folder else ():
            yield kind, path, name.removesuffix(store.FOLDER), advice[kind]


def _objects_of(kept: store.Store, outputs: Sequence[store.Kept]) -> frozenset[str]:
    files = {digest for output in outputs for digest in store.members(kept, output).values()}
    return frozenset(files | {output.digest for output in outputs})


def _notes(kept: store.Store) -> list[str]:
    if kept.remote_name and kept.remote is None:
        return [f"remote {kept.remote_name} is no folder of this machine: what lies there was not read"]
    return []
