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
    for rule in ("prepare", "oracle", "train", "reference", "measure", "sheet", "table"):
        names = closure((f"pushforward.jobs.{rule}",))
        assert not [name for name in names if name.startswith(("pushforward.specs", "pushforward.ledger"))], rule


def test_one_rate_changes_one_training(scale):
    before = {name: job.spec() for name, job in plan(load()).jobs.items()}
    text = (scale / "params.yaml").read_text()
    old = "digits-cnn-d2: {dataset: digits, model: cnn, latent_dim: 2, recipe: mnist"
    assert old in text
    (scale / "params.yaml").write_text(text.replace(old, old + ", critic_lr: 3.0e-4"))
    after = {name: job.spec() for name, job in plan(load()).jobs.items()}
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"results/models/digits-cnn-d2/s0.safetensors"}
