"""The real side of metrics, the score of a training against it, and the table that shows both."""

import csv
import json

import numpy as np
import pytest
import torch

from pushforward import data, models
from pushforward.artifacts import load_tensors, read_json, save_tensors
from pushforward.errors import InputError
from pushforward.jobs import generate, measure, reference, score, table, weights
from pushforward.metrics import frechet, prdc

NUMBERS = {"prdc": {"k": 3, "points": 200}, "frechet": {"points": 300}, "seed": 0}
PROTOCOLS = {
    name: {"prdc": way, "threshold": 0.0, "filter_train": False, "convex_pool": False}
    for name, way in (("printed", "swapped"), ("corrected", "correct"))
}


@pytest.fixture
def mixture(tmp_path):
    """A prepared mixture, its reference, and a published generator of its space."""
    path = tmp_path / "g.npz"
    data.save(
        path,
        data.prepare(
            "gaussians", modes=3, dim=4, layout="equidistant", weights="equal", sigma=0.1, separation=1.4, samples=400
        ),
    )
    reference.run({"space": "oracle", **NUMBERS}, {"data": str(path)}, {"reference": str(tmp_path / "r.npz")}, tmp_path)
    sizes = {"latent_dim": 2, "width": 8, "depth": 2, "data_dim": 4}
    publish(tmp_path / "m.safetensors", "mlp", sizes, {"law": "gaussian", "dim": 2})
    files = {"data": "g.npz", "weights": "m.safetensors", "about": "m.json", "reference": "r.npz"}
    return {name: str(tmp_path / file) for name, file in files.items()}


def publish(path, kind, sizes, latent, steps=(5, 9)):
    network = models.build(kind, "generator", seed=0, **sizes)
    tensors = {f"{step}/{name}": value.clone() for step in steps for name, value in network.state_dict().items()}
    about = {
        "model": {"kind": kind, "sizes": sizes},
        "latent": {**latent, "acceptance": {"rate": 1.0, "error": 0.0, "draws": 0}},
        "steps": list(steps),
        "seconds": 2.5,
        "environment": {"device": "cpu", "device_name": "a processor"},
    }
    save_tensors(path, tensors, about)


def scored(files, folder, name="trained", law=None, sets=1):
    params = {
        **{"run": "x", "training": 0, "space": "oracle", "sampling": name, "law": law or {"method": "trained"}},
        **{"frechet_name": "frechet_distance_classifier", "sets": sets, "protocols": PROTOCOLS, **NUMBERS},
    }
    score.run(params, files, {"scores": str(folder / f"{name}.json")}, folder)
    return read_json(folder / f"{name}.json")


def test_the_reference_is_that_of_a_seeded_subset(mixture):
    own, dataset = np.load(mixture["reference"]), data.load(mixture["data"])
    samples, _ = dataset.reference(300, 0)
    assert own["features"] == pytest.approx(samples[:200].numpy())
    assert own["radii"] == pytest.approx(prdc.radii(samples[:200].numpy(), 3))
    assert own["mean"] == pytest.approx(frechet.statistics(samples.numpy()).mean) and int(own["n"]) == 300
    assert str(own["space"]) == "coordinates"


def test_both_protocols_are_of_the_same_samples(mixture, tmp_path):
    found = scored(mixture, tmp_path)
    assert [(own["step"], own["set"]) for own in found["samples"]] == [(5, 0), (9, 0)]
    assert found["space"] == "coordinates" and found["device"] == "cpu: a processor" and found["seconds"] == 2.5
    for own in found["samples"]:
        printed, corrected = own["printed"], own["corrected"]
        assert (printed["precision"]["value"], printed["recall"]["value"]) == (
            corrected["recall"]["value"],
            corrected["precision"]["value"],
        )
        name = "frechet_distance_classifier"
        assert printed[name] == corrected[name] and printed[name]["value"] > 0


def test_sets_of_samples_differ_and_repeat(mixture, tmp_path):
    first, second = (scored(mixture, tmp_path, sets=3) for _ in range(2))
    assert first == second
    own = [each for each in first["samples"] if each["step"] == 9]
    assert [each["set"] for each in own] == [0, 1, 2]
    assert len({each["corrected"]["frechet_distance_classifier"]["value"] for each in own}) == 3


def test_another_law_at_test_time_is_told_with_its_acceptance(mixture, tmp_path):
    law = {"method": "law", "latent": {"law": "norm", "acceptance": 0.25}}
    found = scored(mixture, tmp_path, "norm25", law)
    assert found["law"]["law"] == "norm" and found["acceptance"]["rate"] == pytest.approx(0.25)


def test_a_table_has_a_row_a_space_and_the_acceptance(mixture, tmp_path):
    law = {"method": "law", "latent": {"law": "norm", "acceptance": 0.25}}
    scored(mixture, tmp_path, "norm25", law, sets=4)
    row = {
        **{"dataset": "Toy", "model": "MLP", "variant": "norm", "printed": False, "run": "x", "latent_dim": 2},
        **{"features": ["oracle"], "protocol": "mixture"},
        "seeds": {"0": {"measure": "none.json", "scores": {"oracle": str(tmp_path / "norm25.json")}}},
    }
    params = {
        **{"table": "table3", "title": "t", "source": "ICML Table 3", "metrics": ["fid", "density"], "extra": []},
        **{"rows": [row], "scale": "demo"},
    }
    outs = {kind: str(tmp_path / f"t.{kind}") for kind in ("csv", "md", "tex")}
    table.run(params, {}, outs, tmp_path)
    lines = [line.split(",") for line in (tmp_path / "t.csv").read_text().splitlines()]
    found = [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
    assert [own["metric"] for own in found] == ["frechet_distance_classifier", "density"]
    assert all(float(own["acceptance"]) == pytest.approx(25) for own in found)
    assert all(own["features"] == "coordinates" for own in found)
    assert (
        all((own["ci_over"], own["n"]) == ("snapshots", "2") for own in found) or found[0]["ci_over"] == "sample sets"
    )
    assert "| 25 |" in (tmp_path / "t.md").read_text()


@pytest.mark.fault("F33")
def test_a_collapsed_generator_keeps_its_row_as_degenerate(mixture, tmp_path):
    """Every sample in one class: never 100 %."""
    tensors, about = load_tensors(mixture["weights"])
    save_tensors(tmp_path / "m.safetensors", {key: torch.zeros_like(value) for key, value in tensors.items()}, about)
    settings = {
        **{"run": "x", "seed": 0, "protocols": PROTOCOLS, "balance": {"points": 50}},
        "separability": {"train": 60, "test": 40, "max_iter": 50, "converged_iter": 50},
        "convexity": {"pairs_per_class": 3, "pool": 20},
        "isoperimetry": {"ellipses": 40, "points": 16},
    }
    files = {name: mixture[name] for name in ("data", "weights", "about")}
    measure.run(settings, files, {"measures": str(tmp_path / "x.json")}, tmp_path)
    row = {
        **{"dataset": "Toy", "model": "MLP", "variant": "", "printed": False, "run": "x", "latent_dim": 2},
        **{"features": ["oracle"], "protocol": "mixture"},
        "seeds": {"0": {"measure": str(tmp_path / "x.json"), "scores": {}}},
    }
    params = {
        **{"table": "table1", "title": "t", "source": "ICML Table 1", "metrics": ["logreg_acc", "convex_acc"]},
        **{"extra": [], "rows": [row], "scale": "demo"},
    }
    outs = {kind: str(tmp_path / f"t.{kind}") for kind in ("csv", "md", "tex")}
    table.run(params, {}, outs, tmp_path)
    found = {own["metric"]: own for own in csv.DictReader((tmp_path / "t.csv").read_text().splitlines())}
    assert set(found) == {"logreg_acc", "convex_acc"}
    assert found["logreg_acc"]["status"] == "single_class" and "nothing to separate" in found["logreg_acc"]["reason"]
    for own in found.values():
        assert own["ours"] == own["corrected"] == "" and own["verdict"] == "degenerate"
    assert "n/a" in (tmp_path / "t.md").read_text()


def test_synthetic_images_are_drawn_class_by_class(tmp_path):
    sizes = {"latent_dim": 3, "width": 4, "classes": 2}
    publish(tmp_path / "c.safetensors", "resnet", sizes, {"law": "gaussian", "dim": 3}, steps=(4,))
    deps = {"weights": str(tmp_path / "c.safetensors"), "about": str(tmp_path / "c.json")}
    generate.run({"images": 7, "seed": 0}, deps, {"images": str(tmp_path / "i.npz")}, tmp_path)
    own = np.load(tmp_path / "i.npz")
    assert own["images"].shape == (7, 3, 32, 32) and own["labels"].tolist() == [0, 1, 0, 1, 0, 1, 0]
    prepared = data.prepare("synthetic", samples=str(tmp_path / "i.npz"), classes=2)
    data.save(tmp_path / "s.npz", prepared)
    assert torch.equal(data.load(tmp_path / "s.npz").train_labels, torch.tensor(own["labels"]))


def test_an_unconditional_training_makes_no_synthetic_data(mixture, tmp_path):
    with pytest.raises(InputError, match="not conditional"):
        generate.run({"images": 7, "seed": 0}, mixture, {"images": str(tmp_path / "i.npz")}, tmp_path)


def test_a_local_copy_of_weights_is_taken(tmp_path, monkeypatch):
    content = json.dumps({"no": "network"}).encode()
    (tmp_path / "w").mkdir()
    (tmp_path / "w/own.pt").write_bytes(content)
    import hashlib

    published = weights.weights.Published(
        "own.pt", ("http://127.0.0.1:9/own.pt",), len(content), hashlib.sha256(content).hexdigest()
    )
    monkeypatch.setitem(weights.weights.WEIGHTS, "inception", published)
    monkeypatch.setenv("PUSHFORWARD_WEIGHTS", str(tmp_path / "w"))
    out = tmp_path / "data/weights/own.pt"
    weights.run({"network": "inception"}, {}, {"weights": str(out)}, tmp_path)
    assert out.read_bytes() == content
