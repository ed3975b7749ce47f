import json
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from pushforward import artifacts, data
from pushforward.errors import InputError
from pushforward.ledger import counts as module
from pushforward.ledger import operations
from pushforward.ledger.costs import costs
from pushforward.ledger.counts import Counts, key_of, packaged
from pushforward.ledger.estimate import Estimator
from pushforward.ledger.extent import PUBLISHED, Extent, extent, given
from pushforward.ledger.plan import plan
from pushforward.ledger.text import WIDTH
from pushforward.specs.load import load
from pushforward.training import cost

from .conftest import ROOT, RUN, WEIGHTS


@pytest.fixture(scope="module")
def paper():
    return plan(load(ROOT / "params.yaml"))


def settings(**changes):
    parts = {part: {"width": 8, "depth": 2} for part in ("generator", "critic")}
    own = {"model": {"kind": "mlp", **parts}, "latent": {"law": "gaussian", "dim": 2}, "batch": 16, "steps": 10}
    return own | {"generator_batch": None, "critic_steps": 2, "ema_halflife": None} | changes


def spec(trainer="wgan", **changes):
    return {"rule": "train", "params": {"trainer": trainer, "settings": settings(**changes)}}


PLANE = Extent((2,), 100, 3)


# What is counted.


def test_operations_are_those_of_the_training_loop_s_own_estimate():
    count = operations.count(spec(), PLANE)
    assert count.operations == 10 * cost.operations_per_step(settings(), SimpleNamespace(shape=(2,)))


def test_memory_is_data_weights_with_their_moments_and_activations():
    count = operations.count(spec(), PLANE)
    weights = 2 * (2 * 8 + 8 + 8 * 8 + 8) + (8 * 2 + 2) + (8 * 1 + 1)
    kept = 100 * 2 * 4
    activations = 16 * operations.HELD * operations._held(torch.device("meta") and critic(), (2,))
    assert count.bytes == kept + 4 * operations.COPIES * weights + activations


def critic():
    from pushforward import models

    with torch.device("meta"):
        return models.build("mlp", "critic", width=8, depth=2, data_dim=2)


def test_activations_are_what_autograd_keeps():
    """The input of each linear map; the output of the ReLU is the input of the next, kept once."""
    with torch.device("meta"):
        network = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
    assert operations._held(network, (4,)) == 4 * (4 + 8)


def test_a_larger_batch_wants_more_memory_and_more_steps_more_operations():
    base, batch, long = (operations.count(each, PLANE) for each in (spec(), spec(batch=32), spec(steps=20)))
    assert batch.bytes > base.bytes
    assert long.operations == 2 * base.operations
    assert long.bytes == base.bytes


@pytest.mark.parametrize("run", ["cifar10-resnet-d5-conditional", "mnist-vae-d64", "cifar10-vae-d64"])
def test_conditional_trainings_and_vaes_are_counted_too(paper, run):
    job = paper.job("train", {"run": run, "seed": "0"})
    size = extent(given(paper), job.deps["data"])
    count = operations.count({"rule": "train", "params": job.params}, size)
    assert count.operations > 1e14
    assert count.bytes > 1e8


def test_a_conditional_training_costs_as_the_plain_one(paper):
    plain, conditional = (
        operations.count({"rule": "train", "params": job.params}, PUBLISHED["cifar10"]).operations
        for job in (paper.job("train", {"run": f"cifar10-resnet-d5{end}", "seed": "0"}) for end in ("", "-conditional"))
    )
    assert conditional == pytest.approx(plain, rel=0.01)


def test_the_counts_of_the_package_are_right(paper):
    """One training of each architecture; `pushforward check --counts` writes them all anew."""
    known, seen = packaged(), set()
    for job in (*paper.of("train"), *paper.of("oracle")):
        own = {"rule": job.rule, "params": job.params}
        size = extent(given(paper), job.deps["data"])
        if (kind := module.network(own)) not in seen and key_of(own, size) in known:
            seen.add(kind)
            count = operations.count(own, size)
            assert known[key_of(own, size)] == (count.operations, count.bytes), job.name
    assert seen >= {"mlp", "cnn", "resnet", "transgan", "vae", "classifier"}


# How large data sets are.


@pytest.mark.parametrize(
    "params",
    [
        {"kind": "gaussians", "modes": 3, "dim": 5, "layout": "equidistant", "separation": 1.0, "sigma": 0.1},
        {"kind": "gaussians", "centres": [[0.0, 1.0], [1.0, 0.0]], "layout": "explicit", "sigma": 0.1, "samples": 50},
        {"kind": "digits"},
        {"kind": "digits", "size": 16, "colours": 3},
        {"kind": "digits", "classes": [0, 1, 2]},
    ],
)
def test_extents_are_those_of_the_prepared_data(params):
    arrays = data.prepare(**params)
    found = extent(lambda path: {"params": params, "deps": {}}, "data/x.npz")
    assert found.shape == arrays["train"].shape[1:]
    assert found.samples == pytest.approx(len(arrays["train"]), rel=0.02)  # classes are not quite equal
    assert found.classes == json.loads(str(arrays["about"]))["classes"]


def test_extents_of_published_data_are_those_of_their_readers():
    from pushforward.data import cifar, mnist, stl10

    assert PUBLISHED["mnist"].shape == (1, mnist.SIZE, mnist.SIZE)
    assert PUBLISHED["cifar10"].shape == PUBLISHED["cifar100"].shape == cifar.SHAPE
    assert PUBLISHED["stl10"].shape == stl10.SHAPE


def test_synthetic_data_are_as_those_of_their_generator(paper):
    found = extent(given(paper), "data/synthetic-cifar10.npz")
    assert found == Extent((3, 32, 32), 50_000, 10)
    assert extent(lambda path: None, "data/x.npz") is None


# What is remembered.


def test_a_new_training_is_counted_once(tmp_path, monkeypatch):
    cache = tmp_path / "costs.json"
    first = Counts(cache)
    expected = first(spec(steps=77), PLANE)
    first.save()
    monkeypatch.setattr(module, "_count", lambda *given: pytest.fail("counted again"))
    assert Counts(cache)(spec(steps=77), PLANE) == expected


def test_a_broken_memory_is_forgotten(tmp_path):
    (tmp_path / "costs.json").write_text("{")
    assert Counts(tmp_path / "costs.json").known == {}


def test_a_folder_that_cannot_be_written_does_no_harm(tmp_path):
    counts = Counts(tmp_path / "work/costs.json")
    (tmp_path / "work").write_text("a file")
    counts.known["x"], counts.changed = 1, True
    counts.save()


def test_the_speed_of_this_machine_is_measured_once(tmp_path):
    counts = Counts(tmp_path / "costs.json")
    assert counts.speed(1) > 1e8
    assert counts.speed(1) == counts.speed(1)


# What estimates rest on.


def estimate(target):
    everything = plan(load())
    return Estimator(everything)(everything.owner(target))


def rewrite(path, **facts):
    record = artifacts.read_json(path)
    record["facts"] |= facts
    artifacts.write_json(path, record)


def test_a_training_goes_by_its_own_record(small, change):
    found = estimate(WEIGHTS)
    assert found.seconds == {"cpu": pytest.approx(2.0)}
    assert found.basis["cpu"][0] == "its own record"
    change("params.yaml", "mnist: {steps: 40", "mnist: {steps: 80")
    assert estimate(WEIGHTS).seconds == {"cpu": pytest.approx(4.0)}


def test_a_resumed_training_took_the_time_of_all_its_sessions(small):
    artifacts.write_json(f"results/models/{RUN}/s0.json", {"seconds": 50.0})
    assert estimate(WEIGHTS).seconds["cpu"] == pytest.approx(50.0)


def test_a_training_goes_by_others_of_its_kind_on_each_device(small):
    record = small / f"results/records/models/{RUN}/s0.safetensors.json"
    rewrite(record, device="cuda", device_name="a GPU", seconds=0.5)
    found = estimate(WEIGHTS)
    assert found.seconds["cuda"] == pytest.approx(0.5)
    assert "of this machine's matrix product" in found.basis["cpu"][0]
    change_name = artifacts.read_json(record)
    change_name["spec"]["name"] = "results/models/other/s0.safetensors"
    artifacts.write_json(record, change_name)
    words = estimate(WEIGHTS).basis["cuda"][0]
    assert words.endswith("FLOP/s in 1 recorded training on a GPU")


def test_other_jobs_go_by_the_records_most_like_them(small):
    name = f"results/measures/{RUN}/s0.json"
    own = small / f"results/records/measures/{RUN}/s0.json.json"
    other = small / "results/records/measures/gaussians3-mlp-d3/s0.json.json"
    rewrite(other, seconds=7.0)
    assert (estimate(name).seconds["cpu"], estimate(name).basis["cpu"][0]) == (2.0, "its own record")
    own.unlink()
    assert (estimate(name).seconds["cpu"], estimate(name).basis["cpu"][0]) == (7.0, "1 record of this rule")
    other.unlink()
    assert estimate(name).seconds == {}


def test_records_of_another_scale_serve_where_there_are_none(small):
    name = f"results/measures/{RUN}/s0.json"
    target = small.parent / "reduced/results/records/x.json"
    (small.parent / "reduced").mkdir()
    (small.parent / "reduced/params.yaml").write_text("extends: ../params.yaml\n")
    for path in (small / "results/records/measures").rglob("*.json"):
        artifacts.write_json(target, artifacts.read_json(path))
        path.unlink()
    assert estimate(name).basis["cpu"][0] == "1 record of this rule at another scale, so roughly"


# What a person is told.


def test_costs_of_what_would_be_made(small, change):
    assert costs(["table1"])[0].startswith("table1, scale demo: 0 of")
    change("params.yaml", "mnist: {steps: 40", "mnist: {steps: 80")
    lines = costs(["table1"])
    rows = {line.split()[0]: line.split() for line in lines if line}
    assert rows["train"][:2] == ["train", "1"]
    assert rows["train"][-3:] == ["4.0", "s", "?"]
    assert rows["total"][-3:] == ["10", "s", "?"]
    assert any("its own record" in line for line in lines)
    assert max(map(len, lines)) <= WIDTH


def test_costs_as_if_nothing_had_been_made(small):
    lines = costs([], anew=True)
    jobs = len(plan(load()).jobs)
    assert lines[0] == f"everything, scale demo: {jobs} of {jobs} jobs to be made"
    assert any(line.split()[:2] == ["prepare", "2"] for line in lines)


def test_costs_name_what_is_refused(small, change):
    (small / WEIGHTS).unlink()
    change("params.yaml", "balance: {points: 500}", "balance: {points: 400}")
    lines = costs([RUN])
    assert lines[0].startswith(f"refused: {WEIGHTS} is recorded, but not here")


def test_costs_name_trainings_that_cannot_be_counted(small, change):
    change("params.yaml", "cnn: {kind: cnn, generator: {channels: 8", "cnn: {kind: cnn, generator: {chanels: 8")
    lines = costs([RUN])
    assert any("cannot be counted" in line for line in lines)
    assert max(map(len, lines)) <= WIDTH


def test_costs_of_an_unknown_target(small):
    with pytest.raises(InputError, match="Did you mean table1"):
        costs(["tabel1"])
