"""The numbers of the running text, from records that are known."""

import math

import numpy as np
import pytest

from pushforward import data
from pushforward.artifacts import read_json
from pushforward.jobs.summaries import intext

Z = 1.959964
PRECISION, ACCURACY = (60.0, 64.0, 66.0, 67.0, 69.0), (50.0, 57.0, 56.0, 62.0, 64.0)
STATED = [98.1, 93.9, 92.7, 9.2, 10.9, 0.03, 8.3, 11.9, 0.22, 0.98, 0.94, 80.2, 61.8]


def widths(made):
    runs = {}
    for i, (x, y) in enumerate(zip(PRECISION, ACCURACY, strict=True)):
        score = made.scored(f"s{i}.json", [(x - 1, 2 * x), (x + 1, 2 * x)])
        measure = made.measured(f"m{i}.json", [(y - 2, -y), (y + 2, -y)])
        runs[f"w{i}"] = {"dataset": "CIFAR-10", "width": 2**i, "seeds": {"0": {"measure": measure, "score": score}}}
    return runs


def run(made, scale="demo", **given):
    params = {"scale": scale, "disconnectedness": {}, "balance": {}, "widths": {}, "oracles": {}} | given
    intext.run(params, {}, made.outs, made.root)
    return made.results()


def fisher(r, n):
    return [math.tanh(math.atanh(r) + sign * Z / math.sqrt(n - 3)) for sign in (-1, 1)]


def test_with_nothing_run_every_number_of_the_text_says_so(made):
    frame, page = run(made)
    left = frame[frame["status"] == "not run"]
    assert sorted(left["paper"]) == sorted(STATED) and left["ours"].isna().all()
    assert page.count("| not run | not run |") == 13 and set(frame["scale"]) == {"demo"}


def test_the_printed_table_gives_its_own_correlations(made):
    frame, page = run(made)
    own = frame[frame["variant"] == "from the printed Table 6"].set_index("dataset")
    assert own["ours"].round(3).to_dict() == {"CIFAR-10": 0.986, "CIFAR-100": 0.943}
    r, low, high = (own[name]["CIFAR-10"] for name in ("ours", "ci_low", "ci_high"))
    assert [low, high] == pytest.approx(fisher(r, 5), rel=1e-6)
    assert "the text says 0.98; the means of ICML Table 6 give 0.986, which rounds to 0.99" in page


def test_correlation_over_widths_has_fishers_interval(made):
    frame, page = run(made, scale="paper", widths=widths(made))
    row = made.one(frame, metric="pearson_precision_logreg", dataset="CIFAR-10", variant="")
    r = np.corrcoef(PRECISION, ACCURACY)[0, 1]
    assert row["ours"] == pytest.approx(r) and (row["n"], row["ci_over"]) == (5, "runs")
    assert [row["ci_low"], row["ci_high"]] == pytest.approx(fisher(r, 5), rel=1e-6)
    assert row["corrected"] == pytest.approx(-r)
    assert (row["paper"], row["features"]) == (0.98, "inception") and row["verdict"].startswith("inconclusive")
    assert made.one(frame, metric="pearson_precision_logreg", dataset="CIFAR-100", variant="")["status"] == "not run"
    assert f"| CIFAR-10 | ResNet, inception | 0.98 | {r:.3f} \\[" in page


def test_several_trainings_give_a_spread(made):
    runs = widths(made)
    for i, own in enumerate(runs.values()):
        files = own["seeds"]["0"]
        own["seeds"] = {"0": files, "1": {**files, "score": str(made.root / f"s{4 - i}.json")}}
    frame, _ = run(made, widths=runs)
    row = made.one(frame, metric="pearson_precision_logreg", dataset="CIFAR-10", variant="")
    second = np.corrcoef(PRECISION[::-1], ACCURACY)[0, 1]
    assert row["n_seeds"] == 2 and row["seed_mean"] == pytest.approx((row["ours"] + second) / 2)


def test_an_undefined_number_is_left_out_and_too_few_have_no_coefficient(made):
    runs = dict(list(widths(made).items())[:3])
    entry = read_json(made.root / "m1.json")
    entry["snapshots"][0]["printed"]["logreg_acc"] = {"value": None, "status": "single_class", "reason": "one"}
    made.write("m1.json", entry)
    frame, page = run(made, widths=runs)
    row = made.one(frame, metric="pearson_precision_logreg", dataset="CIFAR-10", variant="")
    assert (row["status"], row["verdict"]) == ("few_points", "degenerate")
    assert "n/a (few\\_points)" in page


def test_oracles_have_an_interval_over_their_test_images(made):
    data.save(made.root / "digits.npz", data.prepare("digits"))
    n = len(data.load(made.root / "digits.npz").test_labels)
    right = round(0.8 * n)
    about = made.write("o.json", {"test_accuracy": 100 * right / n})
    given = {"CIFAR-10": {"about": about, "data": str(made.root / "digits.npz")}, "Digits 8x8": about}
    frame, _ = run(made, scale="paper", oracles=given)
    own = frame[frame["metric"] == "test_accuracy"]
    row = made.one(own, dataset="CIFAR-10")
    assert [row["ci_low"], row["ci_high"]] == pytest.approx(made.wilson(right / n, n), rel=1e-5)
    assert (row["paper"], row["n"], row["ci_over"], row["verdict"]) == (80.2, n, "test images", "agrees")
    assert made.one(own, dataset="Digits 8x8")["verdict"] == "no printed number"
    assert made.one(own, dataset="CIFAR-100")["status"] == "not run"


def test_shares_and_clusters_come_from_their_own_records(made):
    path = made.measured("0.json", [[240, 240, 260, 260], [200, 250, 250, 300]])
    balance = {"r": {"dataset": "MNIST", "model": "cnn", "seeds": {"0": path}}}
    frame, _ = run(made, balance=balance, disconnectedness={"MNIST": made.clusters("c.json")})
    assert made.one(frame, metric="disconnectedness_acc", dataset="MNIST")["ours"] == 98
    assert made.one(frame, metric="min_class_proportion_pct", dataset="MNIST")["ours"] == pytest.approx(22)
    assert not frame["metric"].isin(["class_proportion_pct", "chi_square", "gap_pct"]).any()
    assert (frame["status"] == "not run").sum() == 13 - 4
