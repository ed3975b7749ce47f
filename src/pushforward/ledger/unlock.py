"""After a crash: clear the lock that Snakemake left in this folder, if its holder is gone.

Snakemake's lock does not say whose it is. While it runs it stands in this folder, and `mark` leaves its pid and host.
"""

import contextlib
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from pushforward import artifacts
from pushforward.errors import Locked, PushforwardError
from pushforward.ledger import text

LOCKS = Path(".snakemake/locks")
OURS = Path("work/locks")
MARK = OURS / "snakemake.json"
PROCESSES = Path("/proc")


@dataclass(frozen=True)
class Holder:
    """A process of a host, and what it does."""

    pid: int
    host: str
    purpose: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} ({self.purpose})"


def mark() -> None:
    """Say that this process is the Snakemake that works in this folder."""
    about = {"pid": os.getpid(), "host": socket.gethostname(), "purpose": "snakemake"}
    artifacts.write_json(MARK, about)


def unlock(force: bool = False) -> list[str]:
    """Clear Snakemake's lock, and tell of the locks of our jobs.

    Args:
        force: whether a Snakemake on another host, which cannot be looked at from here, is known to be dead.

    Raises:
        Locked: a Snakemake works in this folder, or may do so on another host.
    """
    locks = sorted(LOCKS.glob("*.lock"))
    if locks:
        _require_gone(force)
        for path in locks:
            path.unlink()
        told = [f"cleared Snakemake's lock ({text.counted(len(locks), 'file')}); run it again with --rerun-incomplete"]
    else:
        told = ["Snakemake holds no lock here"]
    MARK.unlink(missing_ok=True)
    return [*told, *_ours()]


def _require_gone(force: bool) -> None:
    here = socket.gethostname()
    for pid in snakemakes(Path.cwd()):
        raise Locked(
            f"process {pid} on {here} is a Snakemake at work in this folder. Wait for it, or stop it: kill {pid}"
        )
    marked = _read(MARK)
    if marked and marked.host != here and not force:
        raise Locked(f"{marked} works here or died there. If you know that it is dead: `pushforward unlock --force`.")


def snakemakes(folder: Path) -> Iterator[int]:
    """Processes of this machine that are a Snakemake in this folder."""
    for entry in PROCESSES.glob("[0-9]*"):
        with contextlib.suppress(OSError):  # ended meanwhile, or another user's
            command = (entry / "cmdline").read_bytes().split(b"\0")
            named = any(Path(os.fsdecode(word)).name == "snakemake" for word in command[:3])
            if named and (entry / "cwd").resolve() == folder.resolve() and int(entry.name) != os.getpid():
                yield int(entry.name)


def _ours() -> list[str]:
    """What our jobs hold: those at work, and notes of those that died, which bind nobody."""
    lines = []
    for path in sorted(OURS.rglob("*.lock")):
        holder = _read(path.with_suffix(".json"))
        if _held(path):
            lines.append(f"still at work: {holder or 'another process'}; it ends by itself, or with `kill`")
        elif holder and holder.host == socket.gethostname():
            path.with_suffix(".json").unlink(missing_ok=True)
            lines.append(f"died at work: {holder}; its lock ended with it, and it goes on from what it saved")
    return lines


def _held(path: Path) -> bool:
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


def _read(path: Path) -> Holder | None:
    with contextlib.suppress(PushforwardError, KeyError, TypeError, ValueError):
        about = artifacts.read_json(path)
        return Holder(int(about["pid"]), str(about["host"]), str(about["purpose"]))
    return None
