"""One holder at a time, named by process and host; a lock whose holder died is taken over."""

import contextlib
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from pushforward.errors import Locked


@contextlib.contextmanager
def hold(path: str | Path, purpose: str) -> Iterator[None]:
    """Hold the lock at `path` while the block runs.

    The operating system drops the lock with its holder, so a crash leaves nothing to clean.

    Raises:
        Locked: another process holds it; the message names its pid and host.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    holder = path.with_suffix(".json")
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise Locked(f"{path} is held by {_who(holder)}. Wait for it, or stop it, and run again.") from None
    try:
        holder.write_text(json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "purpose": purpose}))
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _who(holder: Path) -> str:
    try:
        about = json.loads(holder.read_text())
        return f"process {about['pid']} on {about['host']} ({about['purpose']})"
    except (OSError, ValueError, KeyError):
        return "another process"
