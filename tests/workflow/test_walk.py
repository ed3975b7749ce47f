"""What the walk from parameters to tables leaves, beside the list of test_acceptance.py; on a tiny demo."""

import os

RUN = "gaussians3-mlp-d3"
WEIGHTS = f"results/models/{RUN}/s0.safetensors"


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


def test_a_job_is_a_plain_command(project):
    project.edit(
        "demo/params.yaml",
        f"{RUN}: {{dataset: gaussians3, model: mlp,",
        f"{RUN}: {{dataset: gaussians3, critic_lr: 3.0e-3, model: mlp,",
    )
    done = project.pushforward("make", RUN)
    assert f"{WEIGHTS} made in" in done.stderr
    assert project.planned() == {"sheet": 1, "table": 1, "theory": 1}
    assert "nothing to do" in project.pushforward("make", RUN).stderr


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
