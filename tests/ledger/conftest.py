import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUN = "digits-cnn-d4"
WEIGHTS = f"results/models/{RUN}/s0.safetensors"
# What DVC keeps of the small scale: as the project's dvc.yaml, without what its stages look at.
STAGES = """
stages:
  data:
    foreach: [digits, gaussians3]
    do:
      cmd: snakemake data/${item}.npz
      outs: ["data/${item}.npz": {persist: true}]
  oracle:
    cmd: snakemake results/oracles/digits.safetensors
    outs: ["results/oracles/digits.safetensors": {persist: true}]
  train:
    foreach: [digits-cnn-d4, gaussians3-mlp-d3]
    do:
      cmd: snakemake train-${item}
      outs: ["results/models/${item}": {persist: true}]
"""
CONFIG = """
[core]
    remote = shop
    analytics = false
    no_scm = true
['remote "shop"']
    url = ../../shop
    verify = true
"""


@pytest.fixture
def scale(tmp_path, monkeypatch):
    """A working folder with the demo's parameters, entered."""
    (tmp_path / "demo").mkdir()
    shutil.copy(ROOT / "params.yaml", tmp_path / "params.yaml")
    shutil.copy(ROOT / "demo/params.yaml", tmp_path / "demo/params.yaml")
    monkeypatch.chdir(tmp_path / "demo")
    return tmp_path / "demo"


@pytest.fixture(scope="session")
def recorded(tmp_path_factory):
    """A small scale in which every job left outputs and a record; the outputs hold their own names."""
    root = tmp_path_factory.mktemp("recorded")
    (root / "demo").mkdir()
    shutil.copy(ROOT / "params.yaml", root / "params.yaml")
    shutil.copy(ROOT / "tests/workflow/tiny.yaml", root / "demo/params.yaml")
    before = Path.cwd()
    os.chdir(root / "demo")
    try:
        _record_everything()
    finally:
        os.chdir(before)
    return root


def _record_everything():
    from pushforward.ledger.digests import Digests
    from pushforward.ledger.job import seal
    from pushforward.ledger.plan import plan
    from pushforward.ledger.targets import ends, with_upstream
    from pushforward.specs.load import load

    everything, digest = plan(load()), Digests(None)
    for job in with_upstream(everything, ends(everything)):
        for path in map(Path, job.outs.values()):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{path}\n" * 30)
        deps = {path: digest(path) for path in job.deps.values()}
        facts = {"seconds": 2.0, "device": "cpu", "device_name": "a processor", "threads": 1}
        seal(job.spec(), deps, facts)


@pytest.fixture
def small(recorded, tmp_path, monkeypatch):
    """A copy of the small scale, entered."""
    shutil.copytree(recorded, tmp_path / "p")
    monkeypatch.chdir(tmp_path / "p/demo")
    monkeypatch.delenv("PUSHFORWARD_RETRAIN", raising=False)
    monkeypatch.setenv("PUSHFORWARD_DEVICE", "cpu")
    return tmp_path / "p/demo"


@pytest.fixture(scope="session")
def pushed(recorded, tmp_path_factory):
    """The small scale as a DVC repository whose outputs were pushed."""
    root = tmp_path_factory.mktemp("pushed") / "p"
    shutil.copytree(recorded, root)
    (root / "demo/.dvc").mkdir()
    (root / "demo/.dvc/config").write_text(CONFIG)
    (root / "demo/dvc.yaml").write_text(STAGES)
    for command in (["commit", "--force"], ["push"]):
        subprocess.run(
            [sys.executable, "-m", "dvc", *command], cwd=root / "demo", check=True, capture_output=True, text=True
        )
    return root


@pytest.fixture
def shared(pushed, tmp_path, monkeypatch):
    """A copy of the pushed scale, entered."""
    shutil.copytree(pushed, tmp_path / "p")
    monkeypatch.chdir(tmp_path / "p/demo")
    monkeypatch.delenv("PUSHFORWARD_RETRAIN", raising=False)
    return tmp_path / "p/demo"


@pytest.fixture
def change():
    """Edit a file: one occurrence of a text."""

    def edit(path, old, new):
        text = Path(path).read_text()
        assert old in text, f"{old!r} is not in {path}"
        Path(path).write_text(text.replace(old, new, 1))

    return edit
