"""A job through the fork server is the job without it: exit code, output, signals and bits."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from pushforward.ledger import forkserver
from pushforward.ledger.handover import SOCKET

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux can have a fork server")

# A doorway that does what its parameters say.
ODD = """
    import os, signal, sys, time
    from pathlib import Path
    from pushforward.errors import Diverged, Interrupted
    from pushforward.training.interruption import Stop

    def run(params, deps, outs, scratch):
        import torch
        out = Path(outs["out"])
        out.parent.mkdir(parents=True, exist_ok=True)
        print("said to stdout")
        match params["do"]:
            case "write":
                told = [os.environ.get(name) for name in ("WORD", "OMP_NUM_THREADS", "PUSHFORWARD_FORKSERVER")]
                out.write_text(repr((os.getcwd(), *told, torch.get_num_threads(), torch.cuda.is_initialized())))
            case "diverge":
                raise Diverged("step 3: not finite")
            case "break":
                raise RuntimeError("a defect")
            case "wait":
                begin(out)
                time.sleep(60)
            case "save":
                with Stop() as stop:
                    begin(out)
                    while not stop.number:
                        time.sleep(0.01)
                out.write_text("saved")
                raise Interrupted("stopped by a signal", stop.number)
            case "die":
                os.kill(os.getpid(), signal.SIGSEGV)

    def begin(out):
        beside = out.with_suffix(".pid.part")
        beside.write_text(str(os.getpid()))
        beside.rename(out.with_suffix(".pid"))
"""


class Desk:
    """A working folder, and commands given with or without the fork server."""

    def __init__(self, folder: Path, environment: dict[str, str], server: str) -> None:
        self.folder, self.environment, self.server = folder, environment, server

    def spec(self, name: str, do: str, threads: int = 1) -> str:
        spec = {
            "name": f"out/{name}", "module": "odd", "rule": "odd", "wildcards": {}, "params": {"do": do},
            "threads": threads, "deps": {}, "outs": {"out": f"out/{name}"}, "code": {},
        }  # fmt: skip
        (self.folder / f"{name}.json").write_text(json.dumps(spec))
        return f"{name}.json"

    def start(self, spec: str, server: str | None = None, **streams) -> subprocess.Popen:
        place = self.server if server is None else server
        return subprocess.Popen(
            [sys.executable, "-m", "pushforward", "job", spec],
            cwd=self.folder,
            env={**self.environment, SOCKET: place, "WORD": "handed over"},
            # Commands that a shell starts in the background are born deaf to SIGINT, the tests perhaps among them.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            **streams,
        )

    def run(self, spec: str, server: str | None = None) -> tuple[int, str, str]:
        with self.start(spec, server, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as client:
            out, err = client.communicate(timeout=60)
        return client.returncode, out, err

    def pid(self, name: str) -> int:
        """Process of a job that has begun."""
        path = self.folder / f"out/{name}.pid"
        _until(path.exists)
        pid = int(path.read_text())
        path.unlink()
        return pid


def _until(true, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.01)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _serve(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[subprocess.Popen, subprocess.Popen, str]:
    """A server and its owner."""
    (folder / "odd.py").write_text(textwrap.dedent(ODD))
    monkeypatch.setenv(SOCKET, "")  # so that what `start` says is taken back
    del os.environ[SOCKET]
    monkeypatch.setenv("PYTHONPATH", f"{folder}:{os.environ.get('PYTHONPATH', '')}")
    owner = subprocess.Popen(["sleep", "600"])
    server = forkserver.start(owner.pid, folder / "server.log")
    assert server is not None
    return server, owner, os.environ[SOCKET]


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    with pytest.MonkeyPatch.context() as monkeypatch:
        server, owner, place = _serve(folder, monkeypatch)
        environment = dict(os.environ)
    yield server, folder, environment, place
    owner.kill()
    owner.wait()
    server.wait(timeout=30)
    assert not Path(place).parent.exists()
    assert (folder / "server.log").read_text() == ""


@pytest.fixture
def desk(served, tmp_path) -> Desk:
    _, _, environment, place = served
    return Desk(tmp_path, environment, place)


@pytest.mark.parametrize(
    ("do", "code", "said"),
    [("write", 0, "made in"), ("diverge", 3, "pushforward: step 3"), ("break", 1, "RuntimeError: a defect")],
)
def test_exit_code_and_output_are_those_of_a_process_of_its_own(desk, do, code, said):
    spec = desk.spec("a", do)
    through, alone = desk.run(spec), desk.run(spec, server="")
    assert through[0] == alone[0] == code
    assert through[1] == alone[1] == "said to stdout\n"
    assert said in through[2]
    assert said in alone[2]


def test_a_spec_that_is_missing_or_broken(desk):
    assert desk.run("none.json")[0] == 7
    (desk.folder / "b.json").write_text("{")
    assert desk.run("b.json")[0] == 4


def test_a_child_has_the_folder_the_environment_and_the_threads_of_its_client(desk):
    spec = desk.spec("a", "write", threads=2)
    for place, left in ((None, None), ("", "")):
        assert desk.run(spec, place)[0] == 0
        assert (desk.folder / "out/a").read_text() == repr((str(desk.folder), "handed over", "2", left, 2, False))


def test_the_server_has_one_thread(served, desk):
    assert desk.run(desk.spec("a", "write"))[0] == 0
    assert Path(f"/proc/{served[0].pid}/status").read_text().split("Threads:")[1].split()[0] == "1"


@pytest.mark.fault("F03")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_signals_reach_the_job_which_saves(desk, number, code):
    client = desk.start(desk.spec("a", "save"), stderr=subprocess.PIPE, text=True)
    desk.pid("a")
    client.send_signal(number)
    _, said = client.communicate(timeout=30)
    assert client.returncode == code
    assert said.endswith("pushforward: stopped by a signal\n")
    assert (desk.folder / "out/a").read_text() == "saved"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_signals_end_a_job_that_does_not_look_at_them(desk, number, code):
    client = desk.start(desk.spec("a", "wait"), stderr=subprocess.PIPE)
    job = desk.pid("a")
    client.send_signal(number)
    assert b"Traceback" not in client.communicate(timeout=30)[1]
    assert client.returncode == code
    assert not _alive(job)


def test_a_crash_is_told_as_a_shell_would(desk):
    assert desk.run(desk.spec("a", "die"))[0] == 128 + signal.SIGSEGV


def test_a_killed_client_takes_its_job_with_it(desk):
    client = desk.start(desk.spec("a", "wait"))
    job = desk.pid("a")
    client.kill()
    client.wait()
    _until(lambda: not _alive(job))
    assert desk.run(desk.spec("a", "write"))[0] == 0  # its lock is free


def test_two_jobs_run_at_once(desk):
    clients = [desk.start(desk.spec(name, "wait")) for name in "ab"]
    jobs = [desk.pid(name) for name in "ab"]
    assert len({*jobs}) == 2
    assert all(map(_alive, jobs))
    clients[0].terminate()
    assert clients[0].wait(timeout=30) == 143
    assert _alive(jobs[1])
    clients[1].terminate()
    assert clients[1].wait(timeout=30) == 143


def test_one_file_has_one_maker(desk):
    first = desk.start(desk.spec("a", "wait"))
    job = desk.pid("a")
    code, _, said = desk.run("a.json")
    assert code == 6
    assert f"process {job} on" in said
    first.terminate()
    first.wait(timeout=30)


def test_a_training_is_equal_bit_by_bit(desk):
    desk.folder.joinpath("data").mkdir()
    about = {"kind": "gaussians", "modes": 3, "dim": 2, "layout": "equidistant", "separation": 1.0, "sigma": 0.1}
    prepare = _job("data/g.npz", "prepare", {**about, "dim": 3, "weights": "equal"}, {}, {"data": "data/g.npz"})
    parts = {part: {"width": 8, "depth": 2} for part in ("generator", "critic")}
    settings = {
        "model": {"kind": "mlp", **parts}, "latent": {"law": "gaussian", "dim": 2}, "seed": 0, "steps": 12,
        "snapshots": [6, 12], "batch": 16, "generator_batch": None, "generator_lr": 1e-3, "critic_lr": 1e-3,
        "betas": [0.5, 0.9], "critic_steps": 2, "penalty": 10.0, "gp_alpha": "pixel", "drift": 0.0, "clip": None,
        "flip": False, "ema_halflife": None, "precision": "fp32", "log_every": 6,
    }  # fmt: skip
    outs = {"weights": "m/s0.safetensors", "about": "m/s0.json", "log": "m/s0.csv"}
    params = {"trainer": "wgan", "settings": settings}
    train = _job("m/s0.safetensors", "train", params, {"data": "data/g.npz"}, outs, run="x", seed="0")
    found = []
    for place in (None, ""):
        for spec in (prepare, train):
            (desk.folder / "spec.json").write_text(json.dumps(spec))
            code, _, said = desk.run("spec.json", place)
            assert code == 0, said
        found.append([(desk.folder / path).read_bytes() for path in ("data/g.npz", "m/s0.safetensors")])
    assert found[0] == found[1]


def _job(name, rule, params, deps, outs, **wildcards):
    return {
        "name": name, "module": f"pushforward.jobs.{rule}", "rule": rule, "wildcards": wildcards, "params": params,
        "threads": 1, "deps": deps, "outs": outs, "code": {},
    }  # fmt: skip


def test_without_a_server_a_job_runs_in_its_own_process(desk, tmp_path):
    code, out, said = desk.run(desk.spec("a", "write"), server=str(tmp_path / "nowhere"))
    assert (code, out) == (0, "said to stdout\n")
    assert "No fork server answers" in said


def test_a_client_that_says_nothing_does_no_harm(desk):
    with socket.socket(socket.AF_UNIX) as stranger:
        assert stranger.connect_ex(desk.server) == 0
        stranger.sendall(b"GET")
    assert desk.run(desk.spec("a", "write"))[0] == 0


def test_a_dead_server_is_told_and_its_jobs_end_after_saving(tmp_path, monkeypatch):
    server, owner, place = _serve(tmp_path, monkeypatch)
    desk = Desk(tmp_path, dict(os.environ), place)
    client = desk.start(desk.spec("a", "save"), stderr=subprocess.PIPE, text=True)
    job = desk.pid("a")
    server.kill()
    server.wait()
    _, said = client.communicate(timeout=30)
    assert client.returncode == 5
    assert "the fork server ended while it ran this job" in said
    assert not _alive(job)
    assert (tmp_path / "out/a").read_text() == "saved"
    assert desk.run(desk.spec("b", "write"))[0] == 0  # in its own process
    owner.kill()
    owner.wait()
    shutil.rmtree(Path(place).parent)


def test_a_server_ends_with_its_owner_after_the_jobs_that_run(tmp_path, monkeypatch):
    server, owner, place = _serve(tmp_path, monkeypatch)
    desk = Desk(tmp_path, dict(os.environ), place)
    client = desk.start(desk.spec("a", "save"), stderr=subprocess.DEVNULL)
    desk.pid("a")
    owner.kill()
    owner.wait()
    _until(lambda: not Path(place).exists())
    assert server.poll() is None
    client.terminate()
    assert client.wait(timeout=30) == 143
    assert server.wait(timeout=30) == 0
    assert not Path(place).parent.exists()


def test_a_process_with_threads_or_an_open_gpu_must_not_fork(monkeypatch):
    tasks = {"/proc/self/task": ["1"], "/proc/self/fd": ["0", "9"]}
    monkeypatch.setattr(os, "listdir", tasks.__getitem__)
    monkeypatch.setattr(os, "readlink", lambda path: "/dev/null")
    assert forkserver.unfit() == ""
    monkeypatch.setattr(os, "readlink", lambda path: "/dev/nvidiactl" if path.endswith("9") else "/dev/null")
    assert "/dev/nvidiactl" in forkserver.unfit()
    tasks["/proc/self/task"] = ["1", "2"]
    assert "2 threads" in forkserver.unfit()


def test_a_server_that_must_not_fork_serves_nobody(tmp_path, monkeypatch):
    thread = "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
    (tmp_path / "tqdm.py").write_text(thread)  # in place of a library that is loaded
    server, owner, place = _serve(tmp_path, monkeypatch)
    desk = Desk(tmp_path, dict(os.environ), place)
    code, _, said = desk.run(desk.spec("a", "write"))
    assert code == 0
    assert "No fork server answers" in said
    assert server.wait(timeout=30) == 5
    assert "has 2 threads" in (tmp_path / "server.log").read_text()
    owner.kill()
    owner.wait()


def test_there_is_one_server_and_it_can_be_forbidden(monkeypatch):
    for place in ("/somewhere", ""):
        monkeypatch.setenv(SOCKET, place)
        assert forkserver.start() is None


def test_the_command_line_is_light():
    code = "import sys, pushforward.cli, pushforward.ledger.handover; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "numpy", "scipy", "sklearn", "pandas", "matplotlib", "pydantic", "yaml"} & set(loaded)
