"""Clusters of data whose gaps are known."""

import math

import pytest

from pushforward import data, models
from pushforward.artifacts import read_json, save_tensors
from pushforward.jobs import embedding
from pushforward.report.disconnectedness import conclusion

CHECK = {"space": "oracle", "clusters": 4, "rounds": 2, "test_share": 1 / 6, "epsilon": 0.1, "seed": 0}


def embed(root, sigma):
    law = {"modes": 4, "dim": 6, "layout": "equidistant", "weights": "equal", "samples": 900, "separation": 1.4}
    data.save(root / "g.npz", data.prepare("gaussians", sigma=sigma, **law))
    embedding.run({**CHECK, "points": 600}, {"data": str(root / "g.npz")}, {"record": str(root / "g.json")}, root)
    return read_json(root / "g.json")


def test_modes_that_are_apart_have_empty_borders(tmp_path):
    found = embed(tmp_path, 0.02)
    assert (found["space"], found["points"], found["n_train"], found["n_test"]) == ("coordinates", 600, 500, 100)
    for name in ("cluster_accuracy", "label_accuracy", "gap"):
        assert found[name]["mean"] == pytest.approx(100)
    assert found["agreement"]["mean"] == pytest.approx(1) and found["border_mass"]["mean"] == 0
    assert "a sign of gaps" in conclusion(found)


def test_one_bulk_shows_none_and_the_record_repeats(tmp_path):
    found = embed(tmp_path, 3.0)
    assert found["cluster_accuracy"]["mean"] > 90  # high all the same
    told = conclusion(found)
    assert "a connected law does as well" in told and ": a sign of gaps" not in told
    assert embed(tmp_path, 3.0) == found


def test_images_are_embedded_by_their_oracle(tmp_path):
    data.save(tmp_path / "digits.npz", data.prepare("digits"))
    sizes = {"image_size": 8, "image_channels": 1, "channels": [4, 4, 4]}
    network = models.build("classifier", "classifier", seed=0, **sizes)
    weights = {f"3/{name}": value for name, value in network.state_dict().items()}
    about = {"model": {"kind": "classifier", "sizes": sizes}, "steps": [3], "test_accuracy": 91.5}
    save_tensors(tmp_path / "o.safetensors", weights, about)
    files = {"data": "digits.npz", "oracle": "o.safetensors", "oracle_about": "o.json"}
    deps = {name: str(tmp_path / file) for name, file in files.items()}
    embedding.run({**CHECK, "points": 300}, deps, {"record": str(tmp_path / "r.json")}, tmp_path)
    found = read_json(tmp_path / "r.json")
    assert (found["space"], found["oracle_test_accuracy"], found["shape"]) == ("oracle", 91.5, [1, 8, 8])
    assert (found["status"], found["label_status"]) == ("ok", "ok")
    assert math.isfinite(found["gap"]["mean"]) and found["label_accuracy"]["mean"] > 40  # chance is 10 %
