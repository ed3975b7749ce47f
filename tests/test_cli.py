"""The door: every command, its exit code, and one message instead of a traceback."""

import json
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pushforward import cli
from pushforward.ledger import forkserver, run
from pushforward.locks import hold

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def quiet():
    """Take back what `main` sets for the whole process."""
    level = cli.log.level
    yield
    logging.captureWarnings(False)
    cli.log.setLevel(level)


@pytest.fixture
def demo(tmp_path, monkeypatch):
    """A small scale of which nothing was made, entered."""
    (tmp_path / "demo").mkdir()
    shutil.copy(ROOT / "params.yaml", tmp_path / "params.yaml")
    shutil.copy(ROOT / "tests/workflow/tiny.yaml", tmp_path / "demo/params.yaml")
    monkeypatch.chdir(tmp_path / "demo")
    monkeypatch.delenv(forkserver.SOCKET, raising=False)
    for name, value in run.pool_sizes(1).items():  # a job in this process says them too
        monkeypatch.setenv(name, value)
    return tmp_path / "demo"


@pytest.fixture
def say(capsys):
    """Give a command; gives its exit code and what it said."""

    def give(*arguments):
        code = cli.main(list(arguments))
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return code, said.out, said.err

    return give


@pytest.mark.parametrize(
    ("arguments", "first"),
    [
        (["list"], "scale demo: "),
        (["list", "digits-*", "--all"], "scale demo: "),
        (["status"], "scale demo: "),
        (["status", "table1"], "scale demo: "),
        (["show", "table1"], "results/table1.csv"),
        (["show", "table1", "--spec"], "["),
        (["cost", "table1"], "table1, scale demo: "),
        (["cost", "--anew"], "everything, scale demo: "),
        (["unlock"], "Snakemake holds no lock here"),
        (["check"], ""),
    ],
)
def test_commands_end_well(demo, say, arguments, first):
    code, out, _ = say(*arguments)
    assert code == 0
    assert out.startswith(first)


@pytest.mark.parametrize("command", ["show", "status", "cost", "make", "pull", "verify"])
def test_a_bad_target_is_told_what_comes_near(demo, say, command):
    code, out, err = say(command, "tabel1")
    assert (code, out) == (2, "")
    assert err.startswith("pushforward: tabel1: ")
    assert "Did you mean table1" in err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["list", "zzz"], 2, "nothing of this name"),
        (["pull"], 2, "no DVC repository"),
        (["verify"], 2, "no DVC repository"),
        (["say", "table1"], 7, "is not here"),
        (["job", "work/specs/none.json"], 7, "is not here"),
        (["--directory", "nowhere", "list"], 2, "is no folder"),
        (["--directory", "..", "show", "tabel1"], 2, "Did you mean table1"),
    ],
)
def test_what_goes_wrong_is_told_in_a_sentence(demo, say, arguments, code, words):
    found, _, err = say(*arguments)
    assert found == code
    assert words in err
    assert err.startswith("pushforward: ")


@pytest.mark.fault("F43")
def test_bad_parameters(demo, say):
    text = (demo / "params.yaml").read_text()
    (demo / "params.yaml").write_text(text.replace("steps: 60", "stepps: 60"))
    for command in ("list", "status", "cost", "check", "pull"):
        code, _, err = say(command)
        assert code == 2
        assert "Did you mean 'steps'?" in err


@pytest.mark.fault("F44")
def test_a_job_that_another_process_does(demo, say):
    spec = {"name": "results/x", "deps": {}, "outs": {}, "rule": "table", "module": "", "threads": 1, "params": {}}
    Path("spec.json").write_text(json.dumps(spec))
    with hold("work/locks/results/x.lock", "making results/x"):
        code, _, err = say("job", "spec.json")
    assert code == 6
    assert f"process {os.getpid()}" in err


@pytest.mark.fault("F27")
@pytest.mark.parametrize(
    ("error", "code", "words"),
    [(MemoryError("3 GB"), 5, "out of memory (3 GB)"), (KeyboardInterrupt(), 130, "")],
)
def test_errors_of_the_system(demo, say, monkeypatch, error, code, words):
    def fail(path):
        raise error

    monkeypatch.setattr(run, "run_file", fail)
    found, _, err = say("job", "spec.json")
    assert found == code
    assert words in err


# A job that wants 4 GB where 300 MB more are to be had.
HUNGRY = """
import resource, sys, types
import numpy, threadpoolctl, torch
from pushforward import cli, provenance
from pushforward.ledger import run
doorway = types.ModuleType("doorway")
doorway.run = lambda *_: {want}
sys.modules["doorway"] = doorway
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (300 << 20),) * 2)
sys.exit(cli.main(["job", "spec.json"]))
"""


@pytest.mark.fault("F27")
@pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")
@pytest.mark.parametrize("want", ["numpy.ones(1 << 29)", "torch.ones(1 << 30)", "bytearray(1 << 32)"])
def test_a_job_without_memory_ends_with_advice(demo, want):
    spec = {"name": "results/x", "deps": {}, "outs": {"x": "results/x"}, "rule": "odd", "threads": 1, "params": {}}
    Path("spec.json").write_text(json.dumps({**spec, "module": "doorway"}))
    done = subprocess.run([sys.executable, "-c", HUNGRY.format(want=want)], capture_output=True, text=True)
    assert done.returncode == 5, done.stderr
    assert "pushforward: out of memory (" in done.stderr and "a smaller batch" in done.stderr
    assert "Traceback" not in done.stderr
    assert not Path("results/x").exists() and not list(Path("results").glob("records/**/*.json"))


@pytest.mark.fault("F28")
def test_a_gpu_without_memory_ends_with_advice_and_a_defect_does_not(demo, say, monkeypatch):
    import torch

    def fail(error):
        def run_file(path):
            raise error

        return run_file

    full = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has 1 GiB free.")
    monkeypatch.setattr(run, "run_file", fail(full))
    code, _, err = say("job", "spec.json")
    assert code == 5
    assert "Tried to allocate 2.00 GiB" in err and "a smaller batch" in err
    monkeypatch.setattr(run, "run_file", fail(RuntimeError("shapes do not fit")))
    with pytest.raises(RuntimeError, match="shapes"):
        cli.main(["job", "spec.json"])


def test_no_command_and_an_unknown_one(capsys):
    for arguments in ([], ["lits"]):
        with pytest.raises(SystemExit) as caught:
            cli.main(arguments)
        assert caught.value.code == 2
    assert "choose from" in capsys.readouterr().err


def test_make_tells_what_it_does(demo, say, caplog):
    assert say("make", "data/gaussians3.npz")[0] == 0
    assert "data/gaussians3.npz made in" in caplog.text
    assert say("make", "gaussians3")[0] == 0
    assert "nothing to do" in caplog.text


def test_looking_around_loads_nothing_heavy():
    """At the paper's scale too, where there are more than 150 trainings."""
    code = (
        "import sys; from pushforward.cli import main; assert main(['list']) == main(['status']) == 0;"
        "sys.exit(', '.join({'torch', 'sklearn', 'pandas', 'dvc', 'snakemake'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_nobody_reads(demo):
    command = f"{sys.executable} -m pushforward status | true"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
