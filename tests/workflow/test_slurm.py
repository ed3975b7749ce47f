"""Snakemake on Slurm: the profile, a run on a real Slurm of one node, and jobs that are preempted, killed or too large.

That Slurm is `tests/workflow/slurm/start`; without Debian's slurmctld, slurmd and munge what needs it is skipped.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from pushforward.ledger.devices import ON_GPU
from pushforward.ledger.names import PATTERNS

from .conftest import ROOT, Project
from .test_walk import RUN, WEIGHTS

AFTER_ONE = {"train": 1, "measure": 1, "score": 1, "sheet": 1, "table": 1, "theory": 1}  # jobs after one changed rate

PROFILE = ("--workflow-profile", "../workflow/profiles/slurm")
# What a test adds: this Slurm keeps no accounts, and a test is in a hurry.
HASTE = ("--slurm-init-seconds-before-status-checks", "1", "--latency-wait", "10")
HERE = ("--slurm-status-command", "squeue", "--slurm-no-account", *HASTE)
SPEC = f"work/specs/{WEIGHTS}/spec.json"
LOG = f"work/log/train/{RUN}-s0.log"
NUMBERS = {"measure", "score", "sheet"}

pytestmark = pytest.mark.skipif(
    find_spec("snakemake_executor_plugin_slurm") is None,
    reason="snakemake-executor-plugin-slurm is not installed: pip install -e '.[slurm]'",
)


def change_rate(project: Project) -> None:
    line = f"{RUN}: {{dataset: gaussians3, model: mlp, latent_dim: 3, recipe: mixture, generator_lr: "
    project.edit("demo/params.yaml", f"{line}1.0e-3", f"{line}2.0e-3")


@pytest.fixture
def project(built: Project, tmp_path: Path) -> Project:
    """A copy of a project that Snakemake made, to change as a test likes; DVC has no part in this."""
    return built.copy(tmp_path / "p")


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What the environment needs to reach a Slurm that lives as long as this module's tests."""
    folder = tmp_path_factory.mktemp("slurm")
    command = [sys.executable, str(ROOT / "tests/workflow/slurm/start"), str(folder)]
    started = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert started.stdin and started.stdout and started.stderr
    said = started.stdout.readline()
    if not said:
        reason = started.stderr.read().strip()
        assert started.wait() == 2, reason
        pytest.skip(f"no Slurm to test with; {reason}")
    config, path = said.removeprefix("export ").split()
    yield {"SLURM_CONF": config.partition("=")[2], "PATH": path.partition("=")[2].removesuffix(":$PATH")}
    started.stdin.close()
    assert started.wait(60) == 0
    started.stdout.close()
    started.stderr.close()


@pytest.fixture
def on_slurm(project: Project, slurm: dict[str, str]) -> Project:
    """A made project whose commands find Slurm."""
    project.env["SLURM_CONF"] = slurm["SLURM_CONF"]
    project.env["PATH"] = f"{slurm['PATH']}:{project.env['PATH']}"
    return project


def jobs(project: Project) -> list[dict[str, str]]:
    """What `scontrol show job` tells of each job that Snakemake submitted from this project, in their order."""
    told = project.run("scontrol", "show", "job", "--oneliner").stdout.splitlines()
    found = [dict(re.findall(r"(\w+)=(\S+)", line)) for line in told]
    return [job for job in found if job.get("WorkDir") == str(project.demo) and "Comment" in job]


def inject(project: Project, fault: str) -> None:
    """Have every training of this copy save after each tenth step, and do something bad after any step."""
    project.edit("src/pushforward/training/adversarial.py", "save_every: int | None = None", "save_every: int = 10")
    step = "            self.step += 1\n"
    project.edit("src/pushforward/training/loop.py", step, f"{step}            exec(Path('fault.py').read_text())\n")
    (project.demo / "fault.py").write_text(fault)


def wait_for(done: Callable[[], bool], seconds: float = 240) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, f"not so after {seconds} s"
        time.sleep(0.2)


# The profile, without Slurm.


def test_the_profile_gives_every_rule_its_resources():
    profile = yaml.safe_load((ROOT / "workflow/profiles/slurm/config.yaml").read_text())
    own = profile["set-resources"]
    assert own.keys() == PATTERNS.keys()
    for rule, resources in own.items():
        assert {"mem_mb", "runtime"} <= resources.keys(), rule
        assert "attempt" in resources["mem_mb"], rule
        assert resources.get("gpu", 0) == (rule in ON_GPU), rule
    assert profile["retries"] >= 3
    default = yaml.safe_load((ROOT / "workflow/profiles/default/config.yaml").read_text())
    for key in default.keys() - {"latency-wait"}:
        assert profile[key] == default[key], key


def test_a_dry_run_groups_the_numbers_of_a_run(project):
    change_rate(project)
    assert project.planned("all", *PROFILE) == AFTER_ONE
    told = project.snakemake("-n", "all", *PROFILE).stdout
    (group,) = re.findall(rf"^\[.*\] Group job numbers-{RUN} .*:\n((?:\n|    .*\n)+)", told, re.MULTILINE)
    assert set(re.findall(r"^    rule (\w+):", group, re.MULTILINE)) == NUMBERS
    alone = set(re.findall(r"^rule (\w+):", told, re.MULTILINE)) - {"all"}
    assert alone == AFTER_ONE.keys() - NUMBERS
    (train,) = re.findall(r"^rule train:\n(?:    .*\n)*?    resources: (.*)", told, re.MULTILINE)
    assert {"gpu=1", "mem_mb=16000", "runtime=1440"} <= set(train.split(", "))


@pytest.mark.fault("F28")
@pytest.mark.fault("F29")
def test_f28_f29_retries_go_on_from_the_state_with_more_memory(project):
    """Too large for the GPU, then ended by the kernel for want of memory; what Slurm would do, done here."""
    inject(
        project,
        "import os\n"
        "mark = Path(f'work/fault-{self.step}')\n"
        "if self.step in (15, 25) and not mark.exists():\n"
        "    mark.touch()\n"
        "    if self.step == 15:\n"
        "        raise torch.OutOfMemoryError('CUDA out of memory. Tried to allocate 2.00 GiB.')\n"
        "    os.kill(os.getpid(), 9)\n",
    )
    before = (project.demo / WEIGHTS).read_bytes()
    assert project.planned(WEIGHTS) == {"train": 1}
    failed = project.run("python", "-m", "pushforward", "job", SPEC, ok=False)
    assert failed.returncode == 5
    assert "out of memory. Make the batch or the networks smaller" in failed.stderr
    assert (project.demo / WEIGHTS).read_bytes() == before
    assert not list(project.demo.rglob(".*.part*"))
    states = [path.name.split("-")[1] for path in project.demo.glob("work/scratch/*/state-*")]
    assert states == ["000000010"]

    (project.demo / "work/fault-15").unlink()
    told = project.snakemake(*PROFILE, "--executor", "local", "--cores", "1", "--verbose", WEIGHTS).stderr
    assert told.count("Trying to restart job") == 2
    attempts = re.findall(r"^    resources: .*mem_mb=(\d+)", told, re.MULTILINE)
    assert attempts == ["16000", "32000", "48000"]
    assert "out of memory" in told
    assert "resuming after step 20" in (project.demo / LOG).read_text()
    assert project.planned(WEIGHTS) == {}


# A real Slurm.


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_changed_rate_goes_through_slurm_as_jobs_and_then_there_is_nothing_to_do(on_slurm):
    change_rate(on_slurm)
    on_slurm.snakemake(*PROFILE, *HERE, "results/table1.csv", timeout=840)
    found = {job["Comment"]: job for job in jobs(on_slurm)}
    names = [f"rule_train_wildcards_{RUN}_0", f"rule_numbers-{RUN}_measure_score", "rule_table_wildcards_table1"]
    assert sorted(found, key=lambda name: found[name]["StartTime"]) == names
    train, numbers, table = (found[name] for name in names)
    assert {job["JobState"] for job in found.values()} == {"COMPLETED"}
    assert train["EndTime"] <= numbers["StartTime"] and numbers["EndTime"] <= table["StartTime"]
    assert train["TresPerJob"] == numbers["TresPerJob"] == "gres:gpu:1" and "TresPerJob" not in table
    assert "mem=16000M" in train["TRES"] and train["TimeLimit"] == "1-00:00:00"
    for job in found.values():
        assert Path(job["StdOut"]).is_relative_to(on_slurm.demo / "work/slurm")
    assert not list(on_slurm.demo.glob("work/log/forkserver-*")), "jobs stay inside what Slurm gave them"
    assert on_slurm.planned("results/table1.csv") == {}
    assert on_slurm.planned() == {"sheet": 1, "theory": 1}, "nobody asked for these"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_killed_and_then_preempted_training_resumes(on_slurm):
    """Slurm preempts it with SIGTERM and queues it again; Snakemake submits it again after `kill -9`, as for F29."""
    inject(
        on_slurm,
        "import os\n"
        "time.sleep(float(os.environ.get('SLOWLY', 0)))\n"
        "Path('work/step').write_text(f'{os.getpid()} {self.step}')\n",
    )

    def step() -> tuple[int, int]:
        """The training's process and how far it is."""
        told = (on_slurm.demo / "work/step").read_text() if (on_slurm.demo / "work/step").exists() else ""
        process, _, number = told.partition(" ")
        return (int(process), int(number)) if number else (0, 0)

    command = ["snakemake", "-s", "../Snakefile", *PROFILE, *HERE, WEIGHTS]
    with open(on_slurm.root / "log", "w+") as log:
        running = subprocess.Popen(
            command, cwd=on_slurm.demo, env=on_slurm.env | {"SLOWLY": "0.2"}, stdout=log, stderr=log
        )
        try:
            wait_for(lambda: step()[1] > 12)
            killed, _ = step()
            os.kill(killed, signal.SIGKILL)
            wait_for(lambda: step()[0] != killed)
            assert "resuming after step 10" in (on_slurm.demo / LOG).read_text()
            wait_for(lambda: step()[1] > 22)
            on_slurm.run("sbatch", "-p", "urgent", "--exclusive", "-t", "1", "-o", "/dev/null", "--wrap", "true")
            stopped, _ = step()
            wait_for(lambda: step()[0] != stopped)
            resumed = re.search(r"resuming after step (\d+)", (on_slurm.demo / LOG).read_text())
            assert resumed and int(resumed[1]) > 20 and int(resumed[1]) % 10, "the state is that of the SIGTERM"
            assert running.wait(400) == 0
        finally:
            running.kill()
            running.wait()
            log.seek(0)
            print(log.read())
    first, second = jobs(on_slurm)
    assert (first["JobState"], first["Restarts"]) == ("FAILED", "0") and "mem=16000M" in first["TRES"]
    assert (second["JobState"], second["Restarts"]) == ("COMPLETED", "1") and "mem=32000M" in second["TRES"]
    assert on_slurm.planned(WEIGHTS) == {}
    interrupted = (on_slurm.demo / WEIGHTS).read_bytes()
    on_slurm.snakemake("--cores", "1", "-R", "train", "--", WEIGHTS)
    assert (on_slurm.demo / WEIGHTS).read_bytes() == interrupted, "as without interruptions, bit by bit"


def test_each_job_of_slurm_keeps_the_gpu_that_slurm_gave_it(on_slurm, tmp_path):
    code = (
        "import os, time\n"
        "from pushforward.ledger import devices\n"
        "given = os.environ['CUDA_VISIBLE_DEVICES']\n"
        "with devices.assigned('train', 'a test'):\n"
        "    print(given, os.environ['CUDA_VISIBLE_DEVICES'], os.environ.get('PUSHFORWARD_DEVICE'))\n"
        "    time.sleep(2)\n"
    )
    (tmp_path / "job.py").write_text(code)
    command = ["srun", "--gpus=1", "--mem=100", "python", str(tmp_path / "job.py")]
    together = [
        subprocess.Popen(command, env=on_slurm.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [job.communicate(timeout=60)[0].split() for job in together]
    assert sorted(said) == [["0", "0", "None"], ["1", "1", "None"]]
