"""The acceptance list of the workflow, one test an item: on a tiny demo always, on the real one when asked for.

    PUSHFORWARD_ACCEPTANCE=1 python -m pytest tests/workflow/test_acceptance.py

makes the real demo first (about ten minutes on two cores) and then takes every item in a copy of it. Items 13 (push and
pull over ssh, webdav and S3) and 14 (Slurm) are in test_remotes.py and test_slurm.py.
"""

import csv
import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from pushforward.ledger.job import Job
from pushforward.ledger.plan import plan
from pushforward.specs.load import load

from .conftest import Project

REAL = [pytest.param("demo", marks=pytest.mark.timeout(0))] if os.environ.get("PUSHFORWARD_ACCEPTANCE") else []
# These stages look at folders of all models or numbers, so DVC asks Snakemake, which finds nothing to do.
COARSE = {"figure", "summary", "table", "theory"}
TABLE = "results/table1.csv"


@dataclass
class Story:
    """A project whose demo was made, and one of its trainings that the items are told of.

    Attributes:
        scale: "tiny" or "demo".
        made: the project as it was made; not to be changed.
        run: the training.
        line: its line in demo/params.yaml, up to its rate.
        rate: the rate it was trained with.
        folder: where copies go.
    """

    scale: str
    made: Project
    run: str
    line: str
    rate: str
    folder: Path

    @property
    def weights(self) -> str:
        return f"results/models/{self.run}/s0.safetensors"

    def copy(self) -> Project:
        """The made project, to be changed."""
        return self.made.copy(self.folder / "p")

    def change_rate(self, project: Project, more: str = "") -> None:
        project.edit("demo/params.yaml", self.line + self.rate, f"{self.line}3.0e-3{more}")

    def follow(self, chosen: Callable[[Job], bool]) -> list[Job]:
        """Jobs that are chosen, and all that rest on them."""
        jobs = list(plan(load(self.made.demo / "params.yaml")).jobs.values())
        found = {job.name: job for job in jobs if chosen(job)}
        written: set[str] = set()
        while len(written) < len(written := {path for job in found.values() for path in job.outs.values()}):
            found |= {job.name: job for job in jobs if written & set(job.deps.values())}
        return list(found.values())

    def of_the_run(self) -> list[Job]:
        """What one changed rate asks for."""
        return self.follow(lambda job: job.rule == "train" and job.wildcards["run"] == self.run)


@pytest.fixture(params=["tiny", *REAL])
def story(request, tmp_path) -> Story:
    if request.param == "demo":
        run, rate = "gaussians10-mlp-d10", "2.0e-4"
        line = f"{run}: {{dataset: gaussians10, model: mlp, latent_dim: 10, recipe: mixture, generator_lr: "
        return Story("demo", request.getfixturevalue("made_demo"), run, line, rate, tmp_path)
    run, rate = "gaussians3-mlp-d3", "1.0e-3"
    line = f"{run}: {{dataset: gaussians3, model: mlp, latent_dim: 3, recipe: mixture, generator_lr: "
    return Story("tiny", request.getfixturevalue("made"), run, line, rate, tmp_path)


def counted(jobs: Iterable[Job]) -> dict[str, int]:
    return dict(Counter(job.rule for job in jobs))


def stage(job: Job) -> str:
    """The stage of dvc.yaml that a job of a GAN's descendants belongs to."""
    rule = {"score": "measure"}.get(job.rule, job.rule)
    (name,) = set(job.wildcards.values()) - {job.wildcards.get(k) for k in ("seed", "space", "sampling")} or {""}
    return f"{rule}@{name}" if name else rule


def executed(log: str) -> list[str]:
    return [line.split("'")[1] for line in log.splitlines() if line.startswith("Running stage")]


def changed(status: str) -> list[str]:
    """Stages that `dvc status` names."""
    return [line.rstrip(":") for line in status.splitlines() if line and not line.startswith("\t")]


def require_only_these_ran(log: str, jobs: list[Job]) -> None:
    """DVC ran the stages of these jobs; of others only those that look at whole folders."""
    wanted = {stage(job) for job in jobs}
    ran = set(executed(log))
    assert wanted <= ran
    assert {name.split("@")[0] for name in ran - wanted} <= COARSE


def records(project: Project, but: Iterable[Job] = ()) -> dict[str, bytes]:
    """What records say, but for those of some jobs: whoever ran again has another one."""
    left_out = {str(job.record_path) for job in but}
    paths = {str(path.relative_to(project.demo)): path for path in project.demo.glob("results/records/**/*.json")}
    return {name: path.read_bytes() for name, path in paths.items() if name not in left_out}


def require_nothing_to_do(project: Project) -> None:
    """In either tool."""
    assert project.planned() == {}
    assert "up to date" in project.dvc("status")


@pytest.mark.fault("F23")
@pytest.mark.fault("F24")
def test_01_a_fresh_clone_that_pulls_makes_nothing_and_then_what_changed(story):
    clone = story.made.clone(story.folder / "clone")
    clone.dvc("pull", "--quiet")
    assert clone.planned(TABLE) == {}
    require_nothing_to_do(clone)
    story.change_rate(clone)
    assert clone.planned() == counted(story.of_the_run())


@pytest.mark.parametrize("link", ["hardlink", "symlink"])
def test_01_so_does_one_whose_files_are_links(story, link):
    clone = story.made.clone(story.folder / "clone")
    clone.dvc("config", "--local", "cache.type", link)
    clone.dvc("pull", "--quiet")
    assert (clone.demo / story.weights).is_symlink() is (link == "symlink")
    require_nothing_to_do(clone)


def test_02_dvc_has_nothing_to_do_either(story):
    assert "up to date" in story.made.dvc("status")
    log = story.made.dvc("repro")
    assert executed(log) == []
    assert log.count("didn't change, skipping") == len(story.made.dvc("stage", "list", "--name-only").split())


def test_03_file_times_have_no_say(story):
    project = story.copy()
    for folder, _, names in os.walk(project.demo):
        for name in names if ".dvc" not in folder else ():
            os.utime(os.path.join(folder, name), (random.Random(name).randrange(10**9, 2 * 10**9),) * 2)
    for name in (".snakemake", "work"):
        shutil.rmtree(project.demo / name)
    assert project.planned("results/theory.csv", "results/figure7.pdf", TABLE) == {}
    require_nothing_to_do(project)


def test_04_one_rate_runs_one_training_in_both_tools_and_flips_back(story):
    project, jobs = story.copy(), story.of_the_run()
    if story.scale == "tiny":
        assert counted(jobs) == {"train": 1, "measure": 1, "score": 1, "sheet": 1, "table": 1, "theory": 1}
    story.change_rate(project)
    assert project.planned() == counted(jobs)
    assert changed(project.dvc("status")) == [f"train@{story.run}"]
    before, weights = records(project, but=jobs), (project.demo / story.weights).read_bytes()
    require_only_these_ran(project.dvc("repro"), jobs)
    assert records(project, but=jobs) == before
    assert (project.demo / story.weights).read_bytes() != weights
    require_nothing_to_do(project)
    project.run("git", "checkout", "-q", ".", cwd=project.root)
    project.dvc("checkout", "--quiet")
    assert (project.demo / story.weights).read_bytes() == weights
    require_nothing_to_do(project)


def test_05_after_snakemake_dvc_only_records(story):
    project = story.copy()
    story.change_rate(project)
    project.make()
    before, lock = records(project), (project.demo / "dvc.lock").read_bytes()
    project.dvc("repro")
    assert records(project) == before
    assert (project.demo / "dvc.lock").read_bytes() != lock
    assert "up to date" in project.dvc("status")


def test_06_an_altered_checkpoint_is_refused_and_named(story):
    project = story.copy()
    path = project.demo / story.weights
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    for moment in (None, (10**9, 10**9)):
        os.utime(path, moment)
        refused = project.snakemake("-n", ok=False)
        assert refused.returncode == 4
        assert story.weights in refused.stderr and "make pull" in refused.stderr
        assert "modified" in project.dvc("status")
    assert project.planned(PUSHFORWARD_RETRAIN="1") == counted(story.of_the_run())
    project.dvc("checkout", "--force", "--quiet")
    require_nothing_to_do(project)


def test_07_a_missing_checkpoint_is_not_retrained(story):
    project = story.copy()
    (project.demo / story.weights).unlink()
    assert project.planned(TABLE) == {}
    refused = project.snakemake("-n", story.weights, ok=False)
    assert refused.returncode == 7 and "make pull" in refused.stderr
    assert story.run in project.dvc("status")
    project.dvc("pull", "--quiet")
    require_nothing_to_do(project)


def test_08_data_is_made_again_and_only_what_changed_is_measured(story):
    project = story.copy()
    shutil.rmtree(project.demo / "data")
    points = load(project.demo / "params.yaml").measures.balance.points
    project.edit("demo/params.yaml", f"balance: {{points: {points}}}", "balance: {points: 400}")
    (table,) = (job for job in story.follow(lambda job: job.name == TABLE))
    measures = [path for path in table.deps.values() if path.startswith("results/measures/")]
    found = project.planned(TABLE)
    assert found["measure"] == len(measures) > 1 and found["table"] == 1
    assert found.keys() == {"prepare", "measure", "table"}


def test_09_comments_do_not_count_and_code_does(story):
    project = story.copy()
    project.edit("src/pushforward/training/penalty.py", '"""', '"""Other words. ')
    assert project.planned() == {}
    file = project.root / "src/pushforward/training/wgan_step.py"
    file.write_text(file.read_text() + "\nEXTRA = 1\n")
    jobs = story.follow(lambda job: "pushforward.training.wgan_step" in job.spec()["code"])
    if story.scale == "tiny":
        numbers = {"measure": 2, "score": 2, "sheet": 2, "table": 1, "theory": 1, "summary": 2}
        assert counted(jobs) == {"train": 2, **numbers}
    assert project.planned() == counted(jobs)


@pytest.mark.parametrize(
    ("new", "says"),
    [("generator_lrr: 1.0e-3", "Did you mean 'generator_lr'?"), ("generator_lr: -1.0", "expected greater than 0")],
)
def test_10_bad_parameters_run_nothing(story, new, says):
    project = story.copy()
    old = f"{story.line}{story.rate}"
    project.edit("demo/params.yaml", old, old.replace(f"generator_lr: {story.rate}", new))
    before = records(project)
    refused = project.snakemake("--cores", "2", ok=False)
    assert refused.returncode == 2
    assert says in refused.stderr and "Traceback" not in refused.stderr
    assert project.pushforward("check", ok=False).returncode == 2
    assert records(project) == before


def test_11_an_experiment_of_one_parameter_in_a_folder_of_its_own(story):
    project = story.copy()
    log = project.dvc("exp", "run", "--temp", "--name", "rate", "-S", f"runs.{story.run}.generator_lr=0.003")
    require_only_these_ran(log, story.of_the_run())
    assert project.planned() == {}
    assert project.run("git", "status", "--short").stdout == ""
    shown = csv.DictReader(project.dvc("exp", "show", "--csv").splitlines())
    assert "rate" in {line["Experiment"] for line in shown}


@pytest.mark.fault("F01")
@pytest.mark.fault("F45")
def test_12_killed_in_a_training_it_goes_on_and_ends_with_the_same_weights(story):
    project = story.copy()
    project.edit("src/pushforward/training/adversarial.py", "save_seconds: float = 300.0", "save_seconds: float = 0.2")
    story.change_rate(project, ", steps: 2000" if story.scale == "tiny" else "")
    kill_in_training(project, story.weights)
    assert not (project.demo / story.weights).exists()
    refused = project.snakemake("--cores", "2", story.weights, ok=False)
    assert "cannot be locked" in refused.stderr
    assert project.pushforward("unlock").stdout.startswith("cleared Snakemake's lock")
    command = ("--cores", "2", "--rerun-incomplete", "--quiet", "all")
    log = project.demo / f"work/log/train/{story.run}-s0.log"
    found = []
    for forced in ((), ("-R", "train")):
        project.snakemake(*command, *forced, "--", story.weights)
        found.append((project.demo / story.weights).read_bytes())
        assert ("resuming after step" in log.read_text()) is not bool(forced)
    assert found[0] == found[1]


def kill_in_training(project: Project, weights: str) -> None:
    """Start Snakemake on a training, and kill both once two states are saved."""
    command = ["snakemake", "-s", "../Snakefile", "--cores", "2", "--quiet", "all", "--", weights]
    with subprocess.Popen(command, cwd=project.demo, env=project.env, stderr=subprocess.PIPE, text=True) as snakemake:
        try:
            wait_for(lambda: len(list(project.demo.glob("work/scratch/*/state-*"))) > 1, project.patience)
            refused = project.pushforward("unlock", ok=False)
            assert refused.returncode == 6 and f"process {snakemake.pid}" in refused.stderr
        finally:
            training = load_pid(project.demo / f"work/locks/{weights}.lock")
            snakemake.kill()
    os.kill(training, signal.SIGKILL)
    wait_for(lambda: not Path(f"/proc/{training}").exists(), 60)


def load_pid(lock: Path) -> int:
    from pushforward.artifacts import read_json

    return int(read_json(lock.with_suffix(".json"))["pid"])


def wait_for(true: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.02)


def test_15_graphs_reports_and_every_table_and_figure_as_a_target(story):
    made = story.made
    made.run("snakefmt", "--check", "Snakefile", "workflow", cwd=made.root)
    assert "digraph" in made.snakemake("--rulegraph").stdout
    assert "train@" in made.dvc("dag", "--mermaid")
    assert story.run in made.dvc("metrics", "show")
    report = story.folder / "report.html"
    made.snakemake("--report", str(report), "--", TABLE)
    assert "<html" in report.read_text()
    named = {job.name for job in story.follow(lambda job: job.rule in ("table", "figure", "summary", "theory"))}
    assert TABLE in named and "results/theory.csv" in named
    assert made.planned(*sorted(named)) == {}
