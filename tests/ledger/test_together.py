"""One training of several processes as torchrun starts them: `torchrun --nproc-per-node 2 -m pushforward job SPEC`."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pushforward import artifacts, data
from pushforward.errors import InputError
from pushforward.ledger import run

NAME = "results/models/digits/s0.safetensors"
TORCHRUN = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
SETTINGS: dict[str, Any] = {
    "model": {"kind": "cnn", "generator": {"channels": 8}, "critic": {"width": 4}},
    "latent": {"law": "gaussian", "dim": 3},
    **{"seed": 0, "steps": 4, "snapshots": [4], "batch": 16, "critic_steps": 1, "generator_batch": None},
}


def spec(folder: Path) -> dict[str, Any]:
    """A training of a moment, with its data in place."""
    data.save(folder / "data/digits.npz", data.prepare("digits"))
    outs = {"weights": NAME, "about": NAME.replace("safetensors", "json"), "log": "results/logs/digits/s0.csv"}
    return {
        **{"name": NAME, "module": "pushforward.jobs.train", "rule": "train", "threads": 1, "code": {}},
        "wildcards": {"run": "digits", "seed": "0"},
        "params": {"trainer": "wgan", "settings": SETTINGS},
        **{"deps": {"data": "data/digits.npz"}, "outs": outs},
    }


@pytest.mark.parametrize(
    ("launcher", "gpus", "processes"),
    [((sys.executable,), "0", None), (TORCHRUN, "0, 1", 2)],
    ids=["alone", "torchrun"],
)
def test_each_process_has_a_device_and_the_first_keeps_the_books(
    tmp_path: Path, launcher: tuple[str, ...], gpus: str, processes: int | None
) -> None:
    artifacts.write_json(tmp_path / "spec.json", spec(tmp_path))
    ended = subprocess.run(
        [*launcher, "-m", "pushforward", "job", "spec.json"],
        cwd=tmp_path,
        env={**os.environ, "PUSHFORWARD_GPUS": "3", "PUSHFORWARD_LOCKS": str(tmp_path), "GLOO_SOCKET_IFNAME": "lo"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.count(f"making {NAME}: on GPU {gpus}\n") == 1
    assert ended.stderr.count(f"{NAME} made in") == 1
    record = json.loads((tmp_path / "results/records/models/digits/s0.safetensors.json").read_text())
    assert record["facts"].get("processes") == processes
    _, about = artifacts.load_tensors(tmp_path / NAME)
    assert about["environment"].get("processes") == processes and about["bit_exact"]
    assert not list((tmp_path / "work/scratch").iterdir())


def test_only_a_training_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(InputError, match=r"results/a\.csv is none: run it without"):
        run._doorway({"rule": "table", "module": "pushforward.jobs.table", "name": "results/a.csv"})
