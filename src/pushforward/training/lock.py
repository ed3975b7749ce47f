"""One process at a time in a folder."""

import contextlib
import json
import os
import platform
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from pushforward.errors import Locked


@contextlib.contextmanager
def hold(folder: str | Path) -> Iterator[None]:
    """Hold `folder` for the length of the block. The system lets go of it when the process dies, however it dies.

    Raises:
        Locked: a living process holds it; the message names its id and machine.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    holder = folder / "holder.json"
    lock = FileLock(folder / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise Locked(f"{folder} is in use by {_who(holder)}. Wait for it, or stop it.") from None
    try:
        holder.write_text(json.dumps({"pid": os.getpid(), "host": platform.node()}))
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _who(holder: Path) -> str:
    try:
        facts = json.loads(holder.read_text())
        return f"process {facts['pid']} on {facts['host']}"
    except (OSError, ValueError, KeyError):
        return "another process"
