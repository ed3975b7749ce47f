import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from pushforward.errors import Locked
from pushforward.ledger import unlock as module
from pushforward.ledger.unlock import MARK, mark, snakemakes, unlock
from pushforward.locks import hold

HOLD = """
import sys, time
from pushforward.locks import hold
with hold("work/locks/results/x.lock", "making results/x"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder that a Snakemake locked and left."""
    monkeypatch.chdir(tmp_path)
    locks = tmp_path / ".snakemake/locks"
    locks.mkdir(parents=True)
    for kind in ("input", "output"):
        (locks / f"0.{kind}.lock").write_text("results/table1.csv\n")
    return tmp_path


def locked():
    return [path.name for path in sorted(Path(".snakemake/locks").iterdir())]


@pytest.fixture
def snakemake(folder):
    """A process that looks like a Snakemake at work here."""
    script = folder / "bin/snakemake"
    script.parent.mkdir()
    script.write_text("import time\nprint('up', flush=True)\ntime.sleep(60)\n")
    process = subprocess.Popen([sys.executable, script, "--cores", "2"], cwd=folder, stdout=subprocess.PIPE)
    process.stdout.readline()
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.mark.fault("F45")
def test_a_lock_whose_holder_died_is_cleared(folder):
    mark()
    about = json.loads(MARK.read_text())
    MARK.write_text(json.dumps({**about, "pid": 2**22}))
    assert unlock()[0].startswith("cleared Snakemake's lock (2 files)")
    assert locked() == []
    assert not MARK.exists()
    assert unlock() == ["Snakemake holds no lock here"]


@pytest.mark.fault("F45")
def test_a_snakemake_at_work_is_named(folder, snakemake):
    assert list(snakemakes(folder)) == [snakemake.pid]
    with pytest.raises(Locked, match=f"process {snakemake.pid} on {socket.gethostname()}") as caught:
        unlock(force=True)
    assert caught.value.exit_code == 6
    assert len(locked()) == 2
    snakemake.kill()
    snakemake.wait()
    assert unlock()[0].startswith("cleared")


def test_a_snakemake_elsewhere_does_not_matter(folder, snakemake, tmp_path):
    (tmp_path / "other").mkdir()
    assert list(snakemakes(tmp_path / "other")) == []


@pytest.mark.fault("F45")
def test_another_host_is_believed_to_be_at_work_unless_known_dead(folder):
    MARK.parent.mkdir(parents=True)
    MARK.write_text(json.dumps({"pid": 7, "host": "elsewhere", "purpose": "snakemake"}))
    with pytest.raises(Locked, match=r"process 7 on elsewhere.*--force"):
        unlock()
    assert len(locked()) == 2
    assert unlock(force=True)[0].startswith("cleared")


def test_a_mark_that_cannot_be_read_binds_nobody(folder):
    MARK.parent.mkdir(parents=True)
    MARK.write_text("{")
    assert unlock()[0].startswith("cleared")


def test_the_mark_is_this_process(folder):
    mark()
    assert json.loads(MARK.read_text()) == {"pid": os.getpid(), "host": socket.gethostname(), "purpose": "snakemake"}


def test_our_jobs_are_told_those_at_work_and_those_that_died(folder):
    job = subprocess.Popen([sys.executable, "-c", HOLD], cwd=folder, stdout=subprocess.PIPE)
    job.stdout.readline()
    told = unlock()
    assert f"still at work: process {job.pid} on {socket.gethostname()} (making results/x)" in told[1]
    job.kill()
    job.wait()
    job.stdout.close()
    told = unlock()
    assert told[1].startswith(f"died at work: process {job.pid}")
    assert len(unlock()) == 1
    with hold("work/locks/results/x.lock", "again"):
        assert "still at work" in unlock()[1]


def test_a_process_that_ends_while_it_is_looked_at(folder, monkeypatch):
    (folder / "proc/123").mkdir(parents=True)
    monkeypatch.setattr(module, "PROCESSES", folder / "proc")
    assert list(snakemakes(folder)) == []
