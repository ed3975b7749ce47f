"""One import for many jobs: a process that has loaded the libraries and forks a child for every job it is handed.

It has one thread, no pool of threads and no CUDA context when it forks, and none of our own modules that do the work:
a child begins where a process of its own would be after `import torch`. `handover` has the protocol.
"""

import atexit
import contextlib
import gc
import importlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from pushforward.errors import Resource
from pushforward.ledger.handover import SOCKET
from pushforward.ledger.run import pool_sizes
from pushforward.ledger.supervisor import Supervisor

# What jobs import on the way; torch's optimizers import torch._dynamo when the first is built.
LIBRARIES = (
    "torch", "torch._dynamo", "numpy", "scipy.integrate", "scipy.linalg", "scipy.ndimage", "scipy.optimize",
    "scipy.spatial", "scipy.stats", "pandas", "sklearn.cluster", "sklearn.linear_model", "sklearn.metrics",
    "sklearn.model_selection", "matplotlib.figure", "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_pdf", "safetensors.torch", "threadpoolctl", "tqdm",
)  # fmt: skip


def start(owner: int | None = None, log: str | Path = os.devnull) -> subprocess.Popen | None:
    """Start a server for the commands that this process will run; they find it by the environment.

    It takes requests at once and answers when the libraries are there, so starting costs the caller nothing.

    Args:
        owner: process whose end ends the server, after the jobs that still run; this one by default.
        log: file for what the server itself has to say.

    Returns:
        The server; None where there is one already, or where the system cannot have one (only Linux can).
    """
    if not sys.platform.startswith("linux") or not hasattr(os, "pidfd_open") or SOCKET in os.environ:
        return None
    place = os.path.join(tempfile.mkdtemp(prefix="pushforward-"), "socket")  # only for this user; short, as it must be
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as listener, open(log, "ab") as said:
        listener.bind(place)
        listener.listen(socket.SOMAXCONN)
        command = [sys.executable, "-m", "pushforward", "forkserver", str(listener.fileno()), str(owner or os.getpid())]
        server = subprocess.Popen(
            command,
            pass_fds=[listener.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
            env={**os.environ, **pool_sizes(1), "PYTORCH_NVML_BASED_CUDA_CHECK": "1"},
        )
    os.environ[SOCKET] = place
    return server


def serve(listener: int, owner: int) -> list[str] | None:
    """Fork a child for every request until the owner has gone and no child is left.

    Args:
        listener: descriptor of the socket.
        owner: process to serve.

    Returns:
        In a child, which is set up as its client is, the arguments to run; None in the server, at its end.

    Raises:
        Resource: a library did what no child would survive.
    """
    server = os.getpid()
    with socket.socket(fileno=listener) as place:
        address = place.getsockname()
        try:
            for name in LIBRARIES:
                importlib.import_module(name)
            if reason := unfit():
                raise Resource(f"{reason}; so it serves nobody, and jobs run in processes of their own.")
            gc.collect()
            gc.freeze()  # pages that the collector does not touch stay shared with the children
            return Supervisor(place, owner).run()
        finally:
            if os.getpid() == server:
                shutil.rmtree(os.path.dirname(address), ignore_errors=True)


def unfit() -> str:
    """Why this process must not fork; empty if it may: a thread or an open GPU would be broken in a child."""
    threads = len(os.listdir("/proc/self/task"))
    if threads > 1:
        return f"the fork server has {threads} threads"
    for stream in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):  # the folder's own
            if (device := os.readlink(f"/proc/self/fd/{stream}")).startswith("/dev/nvidia"):
                return f"the fork server has opened {device}"
    return ""


def end(command: Callable[[], int]) -> NoReturn:
    """Run a child's command and end with its exit code, at once: unloading the libraries would cost half a second."""
    code = 1
    try:
        code = command()
    except Exception:
        traceback.print_exc()
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
