"""GPUs are claimed one job each; here pretend ones, as PUSHFORWARD_GPUS counts them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pushforward.errors import InputError
from pushforward.ledger import devices

JOB = """
import logging, sys
from pushforward.ledger import devices
logging.basicConfig(level=logging.INFO, format="%(message)s")
devices.POLL = 0.05
devices.claim(sys.argv[1], int(sys.argv[2]))
print(__import__("os").environ.get("CUDA_VISIBLE_DEVICES"), "torch" in sys.modules, flush=True)
sys.stdin.readline()
"""
TOLD = """\
GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-aaaa-1)
  MIG 1g.10gb     Device  0: (UUID: MIG-bbbb-1)
  MIG 1g.10gb     Device  1: (UUID: MIG-bbbb-2)
GPU 1: NVIDIA H100 80GB HBM3 (UUID: GPU-aaaa-2)
"""
Start = Callable[..., "Job"]


class Job:
    """A process that claims devices and holds them until it is told to end."""

    def __init__(self, folder: Path, purpose: str, number: int, environment: dict[str, str]) -> None:
        self.log = folder / f"{purpose}.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", JOB, purpose, str(number)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**clean(), "PUSHFORWARD_LOCKS": str(folder), **environment},
            )

    def device(self) -> str:
        """What it sees; waits until it has claimed."""
        assert self.process.stdout
        visible, with_torch = self.process.stdout.readline().split()
        assert with_torch == "False"  # CUDA reads the variable when it is initialised
        return visible

    def says(self, text: str) -> bool:
        """Whether its log gets to say so."""
        for _ in range(200):
            if text in self.log.read_text():
                return True
            time.sleep(0.05)
        return False

    def end(self) -> None:
        self.process.communicate("\n", timeout=20)


def clean() -> dict[str, str]:
    ours = ("CUDA_VISIBLE_DEVICES", "SLURM_JOB_ID")
    return {k: v for k, v in os.environ.items() if not k.startswith("PUSHFORWARD_") and k not in ours}


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    jobs: list[Job] = []

    def begin(purpose: str, number: int = 1, **environment: str) -> Job:
        jobs.append(Job(tmp_path, purpose, number, {"PUSHFORWARD_GPUS": "2", **environment}))
        return jobs[-1]

    yield begin
    for job in jobs:
        job.process.kill()
        job.process.communicate()


@pytest.fixture
def environment() -> Iterator[None]:
    """What a test does to the environment ends with it, whether it says so or not."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(autouse=True)
def nothing_chosen(environment: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (devices.VISIBLE, devices.STATED, devices.CHOSEN, "SLURM_JOB_ID", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PUSHFORWARD_LOCKS", str(tmp_path))


@pytest.mark.fault("F31")
def test_two_jobs_at_once_get_different_devices_and_the_third_waits(start: Start) -> None:
    first, second = start("first"), start("second")
    assert {first.device(), second.device()} == {"0", "1"}
    third = start("third")
    assert third.says("third: waiting for a free GPU.")
    assert third.says(f"is held by process {first.process.pid} on ")
    assert third.process.poll() is None and "on GPU" not in third.log.read_text()
    freed = "0" if "on GPU 0" in first.log.read_text() else "1"
    first.end()
    assert third.device() == freed
    assert third.log.read_text().count("waiting") == 1


@pytest.mark.fault("F31")
def test_a_killed_holder_frees_its_device(start: Start) -> None:
    first, second = start("first", PUSHFORWARD_GPUS="1"), None
    assert first.device() == "0"
    second = start("second", PUSHFORWARD_GPUS="1")
    assert second.says("second: waiting for a free GPU")
    first.process.send_signal(signal.SIGKILL)
    assert second.device() == "0"


def test_two_jobs_of_two_devices_each_do_not_block_each_other(start: Start) -> None:
    single = start("single")
    held = single.device()
    pairs = {name: start(name, 2) for name in ("pair", "other")}
    assert all(job.says("waiting for a free GPU") for job in pairs.values())
    single.end()
    for _ in range(200):
        winners = [name for name, job in pairs.items() if "on GPU" in job.log.read_text()]
        if winners:
            break
        time.sleep(0.05)
    (winner,) = winners
    (loser,) = pairs.keys() - {winner}
    assert sorted(pairs[winner].device().split(",")) == ["0", "1"] and held in ("0", "1")
    pairs[winner].end()
    assert sorted(pairs[loser].device().split(",")) == ["0", "1"]


def test_jobs_of_slurm_lock_apart(start: Start) -> None:
    """Inside its job Slurm may number devices from 0, so the same number is another device."""
    jobs = [start(f"slurm{i}", CUDA_VISIBLE_DEVICES="0,1", SLURM_JOB_ID=str(i)) for i in range(3)]
    assert {job.device() for job in jobs} == {"0"}


def test_jobs_of_a_slurm_that_gives_no_devices_share_none(start: Start) -> None:
    jobs = [start(f"slurm{i}", SLURM_JOB_ID=str(i)) for i in range(2)]
    assert {job.device() for job in jobs} == {"0", "1"}


@pytest.mark.parametrize(
    ("environment", "seen"),
    [
        ({"CUDA_VISIBLE_DEVICES": "5"}, "5"),
        ({"CUDA_VISIBLE_DEVICES": "3,5"}, "3"),  # one of those, not another
        ({"CUDA_VISIBLE_DEVICES": ""}, ""),
        ({"CUDA_VISIBLE_DEVICES": "NoDevFiles"}, "NoDevFiles"),
        ({"PUSHFORWARD_GPUS": "0"}, None),
        ({"PUSHFORWARD_GPUS": "2", "PUSHFORWARD_DEVICE": "cpu"}, None),
        ({"PUSHFORWARD_GPUS": "2", "PUSHFORWARD_DEVICE": "cuda:1"}, None),
    ],
)
def test_choices_made_before_are_kept(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], seen: str | None
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    devices.claim("job")
    assert os.environ.get(devices.VISIBLE) == seen
    devices._HELD.close()


def test_a_second_job_of_a_process_keeps_the_device_of_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(devices.STATED, "2")
    for _ in range(2):
        devices.claim("job")
        assert devices.present() == ["0"]
    monkeypatch.delenv(devices.VISIBLE)
    devices._HELD.close()


def test_more_devices_than_there_are_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(devices.STATED, "2")
    with pytest.raises(InputError, match="3 GPUs are wanted, one a process; there are 2 here"):
        devices.claim("job", 3)


def test_a_number_of_devices_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(devices.STATED, "two")
    with pytest.raises(InputError, match="PUSHFORWARD_GPUS=two"):
        devices.present()


def test_devices_are_told_by_their_own_ids_and_parts_stand_for_the_whole() -> None:
    assert devices.parse(TOLD) == ["MIG-bbbb-1", "MIG-bbbb-2", "GPU-aaaa-2"]
    assert devices.parse("No devices were found\n") == []


@pytest.mark.parametrize("script", [None, "exit 9", f"cat <<'E'\n{TOLD}E"])
def test_nvidia_smi_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None) -> None:
    if script:
        tool = tmp_path / "nvidia-smi"
        tool.write_text(f"#!/bin/sh\n{script}\n")
        tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin" if script else str(tmp_path))
    assert len(devices.present()) == (3 if script and "cat" in script else 0)


def test_a_rule_that_wants_no_gpu_works_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(devices.STATED, "1")
    for before in (None, "cuda"):
        if before:
            monkeypatch.setenv(devices.CHOSEN, before)
        with devices.assigned("table", "making a table"):
            assert os.environ[devices.CHOSEN] == "cpu" and devices.VISIBLE not in os.environ
        assert os.environ.get(devices.CHOSEN) == before


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(devices.STATED, "1")
    me: Any = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: me + 1)
    with pytest.raises(InputError, match="belongs to another user"):
        devices.claim("job")
