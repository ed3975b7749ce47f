"""The check of disconnected data, from records that are known."""

import math

import pytest

from pushforward.artifacts import read_json
from pushforward.jobs.summaries import disconnectedness
from pushforward.report.disconnectedness import conclusion


def summarised(made, files, scale="paper"):
    disconnectedness.run({"scale": scale, "records": files}, {}, made.outs, made.root)
    return made.results()


@pytest.mark.parametrize(
    ("given", "says", "not_this"),
    [
        (
            {},
            ("98.0 ± 0.2 %", "95.0 ± 0.3 %", "more than a connected law", "75.0 ± 3.0 % less mass", "index of 0.500"),
            "does as well",
        ),
        ({"cluster_accuracy": (95.2, 0.2)}, ["a connected law does as well"], "more than a connected law"),
        ({"cluster_accuracy": (90.0, 0.2)}, ["a connected law does as well"], "more than a connected law"),
        ({"gap": (-20.0, 5.0)}, ["20.0 ± 5.0 % more mass", "no sign of gaps"], ": a sign of gaps"),
        ({"gap": (2.0, 5.0)}, ["as much mass as the Gaussian's", "gap 2.00 ± 5.00 %"], "sign of gaps"),
        ({"label_status": "no_labels"}, ["a sign of gaps"], "Rand index"),
        ({"status": "few_clusters", "reason": "K-means finds 3 of 10"}, ["Nothing can be said", "3 of 10"], "%"),
    ],
)
def test_conclusions_follow_the_intervals(made, given, says, not_this):
    told = conclusion(read_json(made.clusters("r.json", **given)))
    assert all(text in told for text in says) and not_this not in told


def test_the_printed_number_stands_beside_clip_only(made):
    clip, oracle = made.clusters("clip.json"), made.clusters("oracle.json", space="oracle")
    frame, page = summarised(made, {"MNIST": [clip, oracle], "STL-10 (32x32)": oracle})
    ours = frame[frame["metric"] == "disconnectedness_acc"]
    row = made.one(ours, dataset="MNIST", features="clip-vit-b32")
    assert (row["paper"], row["ours"], row["n"], row["ci_over"]) == (98.1, 98.0, 5, "rounds")
    assert row["ci_low"] == pytest.approx(97.8) and row["verdict"] == "agrees"
    assert row["reason"] == conclusion(read_json(clip))
    other = made.one(ours, dataset="MNIST", features="oracle")
    assert math.isnan(other["paper"]) and other["verdict"] == "no printed number"
    left = ours[ours["status"] == "not run"]
    assert dict(zip(left["dataset"], left["paper"], strict=True)) == {"CIFAR-10": 93.9, "STL-10": 92.7}
    assert set(left["features"]) == {"clip-vit-b32"}
    assert "| MNIST | clip-vit-b32, K = 10, 600 points | 98.0 ± 0.2 | 95.0 ± 0.3 | 98.1 |" in page
    assert "| STL-10 (32x32) | oracle, K = 10, 600 points | 98.0 ± 0.2 | 95.0 ± 0.3 | 92.7 |" in page


def test_a_copy_in_jpeg_is_not_the_data_set_of_the_paper(made):
    frame, _ = summarised(made, {"CIFAR-10 (JPEG)": made.clusters("r.json")})
    own = frame[frame["metric"] == "disconnectedness_acc"]
    assert math.isnan(made.one(own, dataset="CIFAR-10 (JPEG)")["paper"])
    assert made.one(own, dataset="CIFAR-10")["status"] == "not run"


def test_every_number_names_its_space(made):
    frame, page = summarised(made, {"MNIST": made.clusters("r.json")}, scale="demo")
    assert (frame["features"] != "").all() and set(frame["scale"]) == {"demo"}
    rows = frame[frame["status"] == "ok"].set_index("metric")["ours"]
    assert rows.drop("disconnectedness_acc").to_dict() == {
        "gaussian_control_acc": 95, "true_label_acc": 96, "adjusted_rand_index": 0.5, "silhouette": 0.3,
        "gaussian_control_silhouette": 0.05, "border_mass_pct": 4, "gaussian_control_border_mass_pct": 16,
        "gap_pct": 75,
    }  # fmt: skip
    assert "**What cannot:** that the support is disconnected" in page


def test_unlabelled_data_have_no_agreement(made):
    nothing = {"label_accuracy": (None, None), "agreement": (None, None)}
    path = made.clusters("r.json", label_status="no_labels", label_reason="no point has a label", **nothing)
    frame, _ = summarised(made, {"MNIST": path})
    row = made.one(frame, metric="adjusted_rand_index")
    assert (row["status"], row["reason"]) == ("no_labels", "no point has a label") and math.isnan(row["ours"])
    assert made.one(frame, metric="gap_pct")["status"] == "ok"
