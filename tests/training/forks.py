"""Forks a process for each training it is asked for on standard input, and answers with its exit code.

Importing torch takes longer than such a training; here it happens once.
"""

import json
import logging
import os
import resource
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import torch
import torch._dynamo  # which the first step of an optimizer would import

from pushforward import artifacts
from pushforward.data.dataset import Dataset
from pushforward.errors import PushforwardError
from pushforward.training import wgan


def train(config: dict[str, Any]) -> int:
    """Train; give the exit code that a command would end with."""
    options = config.pop("options", {})
    if "kill_at_replace" in options:
        kill_at_replace(options["kill_at_replace"])
    if "file_limit" in options:
        resource.setrlimit(resource.RLIMIT_FSIZE, (options["file_limit"], options["file_limit"]))
    centres = torch.tensor([[0.0, 1.0], [-1.0, -0.5], [1.0, -0.5]], dtype=torch.float64)
    points, labels, inf = centres.float(), torch.arange(3), float("inf")
    law: dict[str, Any] = {"centres": centres, "weights": torch.full((3,), 1 / 3, dtype=torch.float64), "sigma": 0.1}
    data = Dataset("toy", "gaussians", points, labels, points, labels, 3, -inf, inf, **law)
    try:
        wgan.fit(data, **config)
    except PushforwardError as error:
        logging.error("%s", error)
        return error.exit_code
    return 0


def kill_at_replace(number: int) -> None:
    """Die as with `kill -9` where the `number`-th file would have got its name."""
    replace, calls = os.replace, iter(range(1, 10**9))

    def replace_or_die(source: Any, target: Any) -> None:
        if next(calls) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        replace(source, target)

    artifacts.os.replace = replace_or_die  # type: ignore[attr-defined]


def fork(config: dict[str, Any], log: Path) -> int:
    """Start a training in a child; give its process id."""
    child = os.fork()
    if child:
        return child
    os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT), 2)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, force=True)
    try:
        code = train(config)
    except BaseException:
        logging.exception("unexpected")
        code = 99
    os._exit(code)


def main() -> None:
    """Serve until standard input ends."""
    torch.set_num_threads(1)
    for line in sys.stdin:
        request = json.loads(line)
        Path(request["log"]).touch()
        child = fork(request["config"], Path(request["log"]))
        if request["kill_after"] is not None:
            timer = threading.Timer(request["kill_after"], os.kill, (child, signal.SIGKILL))
            timer.start()
        _, status = os.waitpid(child, 0)
        if request["kill_after"] is not None:
            timer.cancel()
            timer.join()
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
