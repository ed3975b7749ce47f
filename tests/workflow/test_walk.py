"""Snakemake and DVC agree: the acceptance of the workflow, on the real project at a tiny scale."""

import os
import random
import shutil

RUN = "gaussians3-mlp-d3"
WEIGHTS = f"results/models/{RUN}/s0.safetensors"
LINE = "gaussians3-mlp-d3: {dataset: gaussians3, model: mlp, latent_dim: 3, recipe: mixture, generator_lr: 1.0e-3"

# What one changed rate of RUN asks for, as jobs and as stages.
AFTER_ONE = {"train": 1, "measure": 1, "score": 1, "sheet": 1, "table": 1, "theory": 1}
STAGES = {f"{stage}@{RUN}" for stage in ("train", "measure", "sheet")} | {"table@table1", "theory"}
# These stages look at folders of all models or numbers, so DVC asks Snakemake, which finds nothing to do.
COARSE = {"figure@figure7"} | {
    f"summary@{name}" for name in ("acceptance", "class_balance", "disconnectedness", "intext")
}


def change_rate(project, rate="2.0e-3"):
    project.edit("demo/params.yaml", LINE, LINE.replace("1.0e-3", rate))


def executed(log: str) -> list[str]:
    return [line.split("'")[1] for line in log.splitlines() if line.startswith("Running stage")]


def test_after_a_run_there_is_nothing_to_do_in_either_tool(made):
    assert made.planned() == {}
    assert "up to date" in made.dvc("status")
    assert executed(made.dvc("repro")) == []


def test_the_table_has_numbers_and_rows_that_were_not_run(made):
    import pandas as pd

    frame = pd.read_csv(made.demo / "results/table1.csv")
    run = frame[frame["verdict"] != "not run"]
    assert len(run) == 7  # the ratio says something about three modes in R^3, and nothing about ten classes in R^4
    fine = run["status"] == "ok"
    assert fine.sum() >= 4
    assert run.loc[fine, ["ours", "corrected"]].map(lambda value: 0 <= value <= 100).all(axis=None)
    assert run.set_index("metric")["ours"]["isoperimetric_ratio"] > 0.9
    assert run.loc[~fine, "ours"].isna().all()
    assert run.loc[~fine, "reason"].str.len().gt(10).all()
    rest = frame[frame["verdict"] == "not run"]
    assert list(rest["paper"].dropna()) == [93.2, 90.4, 98.7]
    assert rest["ours"].isna().all()
    assert set(frame["scale"]) == {"demo"}
    for suffix in ("md", "tex"):
        assert "not run" in (made.demo / f"results/table1.{suffix}").read_text()


def test_a_fresh_clone_that_pulls_makes_nothing(made, tmp_path):
    for link in ("copy", "hardlink", "symlink"):
        clone = type(made)(tmp_path / link)
        made.run("git", "clone", "-q", str(made.root), str(clone.root))
        clone.dvc("config", "--local", "cache.type", link)
        clone.dvc("config", "--local", "cache.dir", str(tmp_path / f"cache-{link}"))
        clone.dvc("pull", "--quiet")
        assert clone.planned() == {}, link
        assert "up to date" in clone.dvc("status"), link


def test_file_times_have_no_say(project):
    for folder, _, names in os.walk(project.demo):
        for name in names if ".dvc" not in folder else ():
            os.utime(os.path.join(folder, name), (random.Random(name).randrange(10**9, 2 * 10**9),) * 2)
    for name in (".snakemake", "work"):
        shutil.rmtree(project.demo / name)
    assert project.planned("results/theory.csv", "results/figure7.pdf", "results/table1.csv") == {}
    assert project.planned() == {}


def test_one_rate_runs_one_training_in_both_tools_and_flips_back(project):
    change_rate(project)
    assert project.planned() == AFTER_ONE
    changed = [line.rstrip(":") for line in project.dvc("status").splitlines() if line and not line.startswith("\t")]
    assert changed == [f"train@{RUN}"]
    stages = executed(project.dvc("repro"))
    assert set(stages) - COARSE == STAGES
    assert project.planned() == {}
    project.run("git", "checkout", "-q", ".", cwd=project.root)
    project.dvc("checkout", "--quiet")
    assert project.planned() == {}
    assert "up to date" in project.dvc("status")


def test_after_snakemake_dvc_only_records(project):
    change_rate(project)
    project.make()
    before = (project.demo / f"results/records/models/{RUN}/s0.safetensors.json").read_text()
    project.dvc("repro")
    assert (project.demo / f"results/records/models/{RUN}/s0.safetensors.json").read_text() == before
    assert "up to date" in project.dvc("status")


def test_an_altered_checkpoint_is_refused_and_named(project):
    path = project.demo / WEIGHTS
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    for time in (None, (10**9, 10**9)):
        os.utime(path, time)
        refused = project.snakemake("-n", ok=False)
        assert refused.returncode == 4
        assert WEIGHTS in refused.stderr
        assert "make pull" in refused.stderr
    assert project.planned(PUSHFORWARD_RETRAIN="1") == AFTER_ONE
    project.dvc("checkout", "--force", "--quiet")
    assert project.planned() == {}


def test_a_missing_checkpoint_is_not_retrained(project):
    (project.demo / WEIGHTS).unlink()
    assert project.planned("results/table1.csv") == {}
    refused = project.snakemake("-n", WEIGHTS, ok=False)
    assert refused.returncode == 7
    assert "make pull" in refused.stderr
    project.dvc("pull", "--quiet")
    assert project.planned() == {}


def test_data_is_made_again_and_only_what_changed_is_measured(project):
    shutil.rmtree(project.demo / "data")
    project.edit("demo/params.yaml", "balance: {points: 500}", "balance: {points: 400}")
    assert project.planned("results/table1.csv") == {"prepare": 2, "measure": 2, "table": 1}


def test_comments_do_not_count_and_constants_do(project):
    project.edit("src/pushforward/training/penalty.py", '"""', '"""Other words. ')
    assert project.planned() == {}
    file = project.root / "src/pushforward/training/wgan_step.py"
    file.write_text(file.read_text() + "\nEXTRA = 1\n")
    numbers = {"measure": 2, "score": 2, "sheet": 2, "table": 1, "theory": 1, "summary": 1}
    assert project.planned() == {"train": 2, **numbers}


def test_data_that_come_out_as_they_were_retrain_nothing(project):
    weights = [project.demo / f"results/models/{run}/s0.safetensors" for run in (RUN, "digits-cnn-d4")]
    records = [project.demo / f"results/records/models/{path.parent.name}/s0.safetensors.json" for path in weights]
    before = [path.read_bytes() for path in (*weights, *records)]
    file = project.root / "src/pushforward/jobs/prepare.py"
    file.write_text(file.read_text() + "\nEXTRA = 1\n")
    assert project.planned("results/table1.csv")["train"] == 2, "only the data themselves can tell"
    project.make("results/table1.csv")
    assert [path.read_bytes() for path in (*weights, *records)] == before, "a new training has a new record"
    assert project.planned("results/table1.csv") == {}
    assert not list((project.demo / "work/kept").glob("*"))
    project.snakemake("--cores", "2", "--quiet", "all", "-R", "train", "--", WEIGHTS)
    assert weights[0].read_bytes() == before[0] and records[0].read_bytes() != before[2], "what is asked for is done"


def test_an_experiment_of_one_parameter_in_a_folder_of_its_own(project):
    log = project.dvc("exp", "run", "--temp", "--name", "rate", "-S", f"runs.{RUN}.generator_lr=0.003")
    assert set(executed(log)) - COARSE == STAGES
    assert project.planned() == {}
    assert project.run("git", "status", "--short").stdout == ""
    assert "rate" in project.dvc("exp", "list", "--name-only")


def test_bad_parameters_run_nothing(project):
    project.edit("demo/params.yaml", "steps: 60", "stepps: 60")
    refused = project.snakemake("--cores", "2", ok=False)
    assert refused.returncode == 2
    assert "unknown key. Did you mean 'steps'?" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert project.run("python", "-m", "pushforward", "check", ok=False).returncode == 2


def test_a_job_is_a_plain_command(project):
    change_rate(project)
    done = project.run("python", "-m", "pushforward", "make", RUN)
    assert f"{WEIGHTS} made in" in done.stderr
    assert project.planned() == {"sheet": 1, "table": 1, "theory": 1}
    assert "nothing to do" in project.run("python", "-m", "pushforward", "make", RUN).stderr


def test_the_stages_of_dvc_are_the_jobs_of_the_plan(project, monkeypatch):
    """Every output of every job belongs to one stage, and what a stage depends on covers what its jobs read."""
    from dvc.repo import Repo

    from pushforward.ledger.plan import plan
    from pushforward.specs.load import load

    for scale in (project.demo, project.root, project.root / "reduced"):
        monkeypatch.chdir(scale)
        with Repo(str(scale)) as repo:
            stages = [s for s in repo.index.stages if s.path == str(scale / "dvc.yaml")]
            owned = {os.path.relpath(out.fs_path, scale): stage for stage in stages for out in stage.outs}
            assert all(out.persist for stage in stages for out in stage.outs)
            for job in plan(load()).jobs.values():
                if job.rule == "weights":  # published elsewhere, so not shared from here
                    continue
                owner = _stage_of(job.name, owned)
                assert owner is not None, job.name
                for path in (*job.outs.values(), str(job.record_path)):
                    assert _stage_of(path, owned) is owner, path
                reads = [os.path.relpath(dep.fs_path, scale) for dep in owner.deps]
                for path in job.deps.values():
                    assert (
                        path.startswith("data/weights/")
                        or any(path == r or path.startswith(f"{r}/") for r in reads)
                        or _stage_of(path, owned) is owner
                    )


def _stage_of(path, owned):
    return next((stage for out, stage in owned.items() if path == out or path.startswith(f"{out}/")), None)


def test_graphs_and_reports_work(made):
    assert "digraph" in made.snakemake("--rulegraph").stdout
    assert "train@" in made.dvc("dag", "--mermaid")
    assert RUN in made.dvc("metrics", "show")
