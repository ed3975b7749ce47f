import json

from pushforward.ledger.code import closure
from pushforward.ledger.plan import plan
from pushforward.specs.load import load


def test_every_dependency_has_an_owner_and_comes_first(scale):
    everything = plan(load())
    for job in everything.jobs.values():
        for path in job.deps.values():
            assert everything.owner(path) is not None, f"{job.name} needs {path}, which no job makes"
        upstream = [above.name for above in everything.upstream(job)]
        assert job.name not in upstream
        assert len(set(upstream)) == len(upstream)


def test_no_two_jobs_write_the_same_file(scale):
    paths = [path for job in plan(load()).jobs.values() for path in job.outs.values()]
    assert len(paths) == len(set(paths))


def test_a_spec_is_plain_json_and_names_its_code(scale):
    job = plan(load()).job("train", {"run": "digits-cnn-d16", "seed": "0"})
    spec = job.spec()
    assert json.loads(json.dumps(spec)) == spec
    assert {"pushforward.jobs.train", "pushforward.models.cnn", "pushforward.training.loop"} <= spec["code"].keys()
    assert "pushforward.models.mlp" not in spec["code"]


def test_jobs_do_not_depend_on_the_model_of_all_parameters(scale):
    """A new table or figure in the parameters must not make a training stale."""
    own = {"pushforward.specs", "pushforward.specs.metrics"}  # what numbers are called
    for rule in ("prepare", "oracle", "train", "reference", "measure", "score", "sheet", "table"):
        names = set(closure((f"pushforward.jobs.{rule}",))) - own
        assert not [name for name in names if name.startswith(("pushforward.specs", "pushforward.ledger"))], rule


def test_one_rate_changes_one_training(scale):
    before = {name: job.spec() for name, job in plan(load()).jobs.items()}
    text = (scale / "params.yaml").read_text()
    old = "digits-cnn-d2: {dataset: digits, model: cnn, latent_dim: 2, recipe: mnist"
    assert old in text
    (scale / "params.yaml").write_text(text.replace(old, old + ", penalty: 5.0"))
    after = {name: job.spec() for name, job in plan(load()).jobs.items()}
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"results/models/digits-cnn-d2/s0.safetensors"}


def test_a_run_with_a_cuda_graph_is_another_training(scale):
    text = (scale / "params.yaml").read_text()
    old = "digits-cnn-d2: {dataset: digits, model: cnn, latent_dim: 2, recipe: mnist"
    before = plan(load()).job("train", {"run": "digits-cnn-d2", "seed": "0"}).spec()
    assert "cuda_graph" not in before["params"]["settings"] and "pushforward.training.graph" not in before["code"]
    (scale / "params.yaml").write_text(text.replace(old, old + ", cuda_graph: true"))
    spec = plan(load()).job("train", {"run": "digits-cnn-d2", "seed": "0"}).spec()
    assert spec["params"] == {"trainer": "graph", "settings": {"method": "wgan", **before["params"]["settings"]}}
    assert {"pushforward.training.graph", "pushforward.training.wgan"} <= spec["code"].keys()


def test_the_modules_of_the_registries_are_those_of_the_plan():
    """The plan may not import the registries: they import torch, which would cost every call of Snakemake a second."""
    from pushforward import data, latents
    from pushforward.ledger import names as planning

    assert {kind: planning.DATA_MODULES.get(kind, kind) for kind in data.KINDS} == data.KINDS
    assert {law: planning.LAW_MODULES.get(law, law) for law in latents.LAWS} == {
        law: place.split(":")[0] for law, place in latents.LAWS.items()
    }


def test_planning_does_not_import_torch():
    import subprocess
    import sys

    code = "import sys, pushforward.ledger.snakemake, pushforward.specs.load; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
