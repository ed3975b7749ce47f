"""The GPUs of this machine, one job each: Snakemake counts them, but tells no job which one is its own.

A job claims a device by a lock that all folders of a user share, and sees no other device from then on. The lock ends
with the process, however that ends. A choice made before (by Slurm, or by a person) is kept.
"""

import atexit
import contextlib
import itertools
import logging
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from pushforward.errors import InputError, Locked
from pushforward.locks import hold

log = logging.getLogger(__name__)
VISIBLE, STATED, CHOSEN = "CUDA_VISIBLE_DEVICES", "PUSHFORWARD_GPUS", "PUSHFORWARD_DEVICE"
ON_GPU = ("train", "oracle", "reference", "measure", "score")
POLL = 1.0  # seconds between two looks for a free device
_HELD = contextlib.ExitStack()  # a device that CUDA has opened stays in use until the process ends
atexit.register(_HELD.close)


def present() -> list[str]:
    """Ids of the GPUs that jobs of this machine can have, found without opening one; of one in parts (MIG) its parts.

    Those of CUDA_VISIBLE_DEVICES where it is set; else as many as PUSHFORWARD_GPUS says, numbered from 0; else all.

    Raises:
        InputError: PUSHFORWARD_GPUS is no number.
    """
    if VISIBLE in os.environ:
        listed = [device.strip() for device in os.environ[VISIBLE].split(",")]
        return list(itertools.takewhile(lambda device: device not in ("", "-1", "NoDevFiles"), listed))
    if stated := os.environ.get(STATED):
        if not stated.isdecimal():
            raise InputError(f"{STATED}={stated}: expected the number of GPUs to use here, or nothing.")
        return [str(number) for number in range(int(stated))]
    try:
        told = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=30, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    return parse(told)


def parse(told: str) -> list[str]:
    """Ids in the output of `nvidia-smi -L`; numbers would not do, as CUDA may count in another order."""
    found: list[str] = []
    for uuid in re.findall(r"\(UUID: ((?:GPU|MIG)-[^)]+)\)", told):
        if uuid.startswith("MIG-") and found and found[-1].startswith("GPU-"):
            found.pop()
        found.append(uuid)
    return found


@contextlib.contextmanager
def assigned(rule: str, purpose: str) -> Iterator[None]:
    """Within the block a job of this rule finds the device that is its own: a GPU if it wants one, or none.

    Of several processes (torchrun) the first one of this machine claims a GPU for each, and tells the others.

    Args:
        rule: of the job.
        purpose: what others are told who wait for the device.

    Raises:
        InputError: more GPUs are wanted than there are.
    """
    before = os.environ.get(CHOSEN)
    if rule not in ON_GPU:
        os.environ[CHOSEN] = "cpu"
    elif int(os.environ.get("WORLD_SIZE", "1")) == 1:
        claim(purpose)
    else:
        _claim_together(purpose)
    try:
        yield
    finally:
        if before is not None:
            os.environ[CHOSEN] = before
        elif rule not in ON_GPU:
            del os.environ[CHOSEN]


def claim(purpose: str, number: int = 1) -> None:
    """Wait until `number` GPUs are free and make this process see them, and them only, for as long as it lives.

    To be called before CUDA is initialised. Does nothing where there is no GPU, where CUDA_VISIBLE_DEVICES lists no
    more than are wanted, or where PUSHFORWARD_DEVICE names the CPU or one device.

    Raises:
        InputError: there are fewer.
    """
    devices = present()
    if not devices or os.environ.get(CHOSEN, "auto") not in ("auto", "cuda"):
        return
    if len(devices) < number:
        raise InputError(f"{purpose}: {number} GPUs are wanted, one a process; there are {len(devices)} here.")
    if VISIBLE in os.environ and len(devices) == number:
        return
    folder = _folder()
    with _turn(folder / "turn.lock", purpose):
        mine = _take(folder, devices, number, purpose)
    os.environ[VISIBLE] = ",".join(mine)
    log.info("%s: on GPU %s", purpose, ", ".join(mine))


def _claim_together(purpose: str) -> None:
    from pushforward.training.processes import world  # imports torch

    def decide() -> str:
        claim(purpose, world().local_size)
        return f"{VISIBLE}={os.environ[VISIBLE]}" if VISIBLE in os.environ else ""

    decided = world().settle(decide)
    if decided:
        os.environ[VISIBLE] = decided.partition("=")[2]


def _take(folder: Path, devices: list[str], number: int, purpose: str) -> list[str]:
    """Lock the first `number` devices that are, or get, free."""
    mine: list[str] = []
    for attempt in itertools.count():
        busy = []
        for device in (d for d in devices if d not in mine):
            try:
                _HELD.enter_context(hold(folder / f"gpu-{device.replace('/', '_')}.lock", purpose))
            except Locked as error:
                busy.append(str(error))
                continue
            mine.append(device)
            if len(mine) == number:
                return mine
        if not attempt:
            log.info("%s: waiting for a free GPU. %s", purpose, " ".join(busy))
        time.sleep(POLL)
    raise AssertionError  # `count` does not end


@contextlib.contextmanager
def _turn(path: Path, purpose: str) -> Iterator[None]:
    """One claim at a time: two that each hold half of what they want would wait for ever."""
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        log.info("%s: waiting for a free GPU, after another job that waits for one.", purpose)
        lock.acquire(poll_interval=POLL / 4)
    try:
        yield
    finally:
        lock.release()


def _folder() -> Path:
    """Where the locks lie: on this machine, the same for all folders and sessions of a user.

    A job of Slurm may number the devices that it was given from 0 for itself, so each has locks of its own; where
    Slurm gives none, jobs of different numbers find the same devices.

    Raises:
        InputError: somebody else made the folder.
    """
    name = f"pushforward-{os.getuid()}"
    folder = Path(os.environ.get("PUSHFORWARD_LOCKS") or Path(tempfile.gettempdir()) / name)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise InputError(f"{folder} belongs to another user; name a folder of yours for locks in PUSHFORWARD_LOCKS.")
    if VISIBLE in os.environ:
        folder /= os.environ.get("SLURM_JOB_ID", "")
    folder.mkdir(exist_ok=True)
    return folder
