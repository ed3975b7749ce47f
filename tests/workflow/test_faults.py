"""Faults between the tools: one GPU for two jobs, files of Snakemake and DVC that cannot be read, no network."""

import re
import sys

import pytest

from .test_walk import RUN, WEIGHTS

OTHER = "results/models/digits-cnn-d4/s0.safetensors"


@pytest.mark.fault("F31")
def test_two_trainings_take_turns_on_one_gpu(project, tmp_path):
    """A pretend GPU: the jobs claim it, and find only a CPU."""
    told = project.snakemake(
        *("--cores", "2", "-R", "train", "--", WEIGHTS, OTHER),
        PUSHFORWARD_GPUS="1",
        PUSHFORWARD_LOCKS=str(tmp_path / "locks"),
    ).stderr
    assert len(re.findall(r"^    resources: .*\bgpu=1\b", told, re.MULTILINE)) == 2, told
    order = re.findall(r"^(?:local)?rule (train):|^(Finished) jobid: \d+ \(Rule: train\)", told, re.MULTILINE)
    assert [begun or ended for begun, ended in order] == ["train", "Finished"] * 2, told
    for run in (RUN, "digits-cnn-d4"):
        assert "on GPU 0" in (project.demo / f"work/log/train/{run}-s0.log").read_text()


@pytest.mark.fault("F46")
def test_metadata_and_a_lock_that_cannot_be_read_retrain_nothing(project):
    before = (project.demo / WEIGHTS).read_bytes()
    spoiled = [path for path in project.demo.glob(".snakemake/metadata/**/*") if path.is_file()]
    assert spoiled
    for path in spoiled:
        path.write_text("<<<<<<< HEAD\n")
    lock = project.demo / "dvc.lock"
    whole = lock.read_text()
    lock.write_text(f"<<<<<<< HEAD\n{whole}=======\n{whole}>>>>>>> other\n")
    assert project.planned() == {}
    for tool in (project.run("dvc", "repro", ok=False), project.pushforward("pull", ok=False)):
        assert "dvc.lock" in tool.stderr
        assert "Traceback" not in tool.stderr
    assert "0 stale, 0 refused" in project.pushforward("status").stdout
    lock.write_text(whole)
    record = project.demo / f"results/records/models/{RUN}/s0.safetensors.json"
    record.write_text("<<<<<<< HEAD\n")
    refused = project.snakemake("-n", ok=False)
    assert refused.returncode == 4
    assert f"git checkout -- {record.relative_to(project.demo)}" in refused.stderr
    assert (project.demo / WEIGHTS).read_bytes() == before


@pytest.mark.fault("F48")
def test_the_demo_is_made_without_a_network(made):
    """Whoever calls another machine is refused, and noted: see offline/sitecustomize.py."""
    assert (made.demo / WEIGHTS).exists()
    noted = made.root / "network.txt"
    assert not noted.exists(), noted.read_text()
    call = "import socket; socket.create_connection(('192.0.2.1', 9), timeout=1)"
    refused = made.run(sys.executable, "-c", call, ok=False, PUSHFORWARD_TESTS_NETWORK=str(made.root / "called.txt"))
    assert "the tests of the workflow have no network" in refused.stderr
    assert (made.root / "called.txt").read_text() == "192.0.2.1\n"
    (made.root / "called.txt").unlink()


@pytest.mark.fault("F48")
@pytest.mark.filterwarnings("ignore:A test tried to use socket:UserWarning")
def test_these_tests_themselves_have_no_network():
    import socket

    import pytest_socket

    with socket.socket() as stranger, pytest.raises(pytest_socket.SocketConnectBlockedError):
        stranger.connect(("192.0.2.1", 9))
