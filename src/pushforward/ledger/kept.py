"""Costly results whose inputs are made anew: kept aside, and taken back if the inputs come out as they were.

Snakemake decides before it runs anything, and deletes the outputs of a job that will run. Whether a data set that is
made again has the same content is known only afterwards.
"""

import logging
import os
import shutil
from pathlib import Path
from typing import Any

from pushforward import artifacts
from pushforward.errors import Missing
from pushforward.ledger.digests import Digests
from pushforward.ledger.job import record_path

log = logging.getLogger(__name__)
KEPT = Path("work/kept")


def keep(spec: dict[str, Any], digest: Digests) -> None:
    """Put links to the outputs of a job aside, if they are those of its record and its spec has not changed."""
    record = _record(record_path(spec["name"]))
    if record is None or record["spec"] != spec or not _here(record["outs"], digest):
        return
    folder = _folder(spec)
    shutil.rmtree(folder, ignore_errors=True)
    for number, path in enumerate(_files(spec)):
        _link(Path(path), folder / str(number))


def take_back(spec: dict[str, Any], deps: dict[str, str], digest: Digests) -> bool:
    """Whether the results of a job are there already for inputs of this content; those kept aside are put back.

    Args:
        spec: of the job.
        deps: path -> md5 of every input.
        digest: of files.
    """
    folder = _folder(spec)
    if _unchanged(_record(record_path(spec["name"])), spec, deps, digest):
        return True
    files = _files(spec)
    record = _record(folder / str(len(files) - 1))
    if record is None or record["spec"] != spec or record["deps"] != deps:
        return False
    for number, path in enumerate(files):
        _link(folder / str(number), Path(path))
        os.utime(path)
    shutil.rmtree(folder)
    return _unchanged(record, spec, deps, digest)


def _unchanged(record: dict[str, Any] | None, spec: dict[str, Any], deps: dict[str, str], digest: Digests) -> bool:
    return record is not None and record["spec"] == spec and record["deps"] == deps and _here(record["outs"], digest)


def _here(outs: dict[str, str], digest: Digests) -> bool:
    return all(os.path.exists(path) and digest(path) == known for path, known in outs.items())


def _folder(spec: dict[str, Any]) -> Path:
    return KEPT / artifacts.digest_json(spec)[:16]


def _files(spec: dict[str, Any]) -> list[str]:
    """Everything that a job leaves, its record last."""
    return [*spec["outs"].values(), str(record_path(spec["name"]))]


def _record(path: Path) -> dict[str, Any] | None:
    try:
        return artifacts.read_json(path)
    except Missing:
        return None


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:  # another disk, or a file system without links
        shutil.copy2(source, target)
