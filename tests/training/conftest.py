import itertools
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from pushforward.data.dataset import Dataset

Job = Callable[..., tuple[int, str]]
Ranks = Callable[..., tuple[list[int], list[str]]]


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """Networks this small are slower on two threads, and other work may run beside the tests."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def mixture() -> Dataset:
    """Three modes in the plane."""
    centres = torch.tensor([[0.0, 1.0], [-1.0, -0.5], [1.0, -0.5]], dtype=torch.float64)
    points, labels = centres.float().repeat(4, 1), torch.arange(3).repeat(4)
    law = {"centres": centres, "weights": torch.full((3,), 1 / 3, dtype=torch.float64), "sigma": 0.1}
    inf = float("inf")
    return Dataset("toy", "gaussians", points, labels, points, labels, 3, -inf, inf, **law)


@pytest.fixture(scope="session")
def images() -> Dataset:
    """Forty small images in two classes that a line tells apart."""
    stream = torch.Generator().manual_seed(0)
    x = torch.randint(0, 100, (40, 1, 8, 8), generator=stream, dtype=torch.uint8)
    y = torch.arange(40) % 2
    x[y == 1, :, :4] += 150
    return Dataset("bars", "digits", x, y, x[:12], y[:12], 2, 0.0, 1.0)


@pytest.fixture(scope="session")
def job(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Job]:
    """Run a training in a process of its own, forked off one that has already imported torch.

    `job(config, kill_after=None)` gives the exit code (-9 for a killed one) and the log.
    """
    folder = tmp_path_factory.mktemp("jobs")
    command = [sys.executable, str(Path(__file__).parent / "forks.py")]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert server.stdin and server.stdout
    requests, answers, numbers = server.stdin, server.stdout, itertools.count()

    def run(config: dict[str, Any], kill_after: float | None = None) -> tuple[int, str]:
        log = folder / f"{next(numbers)}.log"
        requests.write(json.dumps({"config": config, "kill_after": kill_after, "log": str(log)}) + "\n")
        requests.flush()
        return int(answers.readline()), log.read_text()

    yield run
    requests.close()
    server.wait(10)
    answers.close()


@pytest.fixture(scope="session")
def ranks() -> Iterator[Ranks]:
    """Run a scenario of `ranks.py` in several processes that talk over loopback.

    `ranks(scenario, folder, size=2, **options)` gives the exit codes and the logs, by rank.
    """
    command = [sys.executable, str(Path(__file__).parent / "ranks.py")]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert server.stdin and server.stdout
    requests, answers = server.stdin, server.stdout

    def run(scenario: str, folder: Path, size: int = 2, **options: Any) -> tuple[list[int], list[str]]:
        folder.mkdir(parents=True, exist_ok=True)
        request = {"scenario": scenario, "folder": str(folder), "size": size, "options": options}
        requests.write(json.dumps(request) + "\n")
        requests.flush()
        return json.loads(answers.readline()), [(folder / f"{rank}.log").read_text() for rank in range(size)]

    yield run
    requests.close()
    server.wait(10)
    answers.close()
