"""Balance of classes from counts that are known."""

import math

import numpy as np
import pytest
from scipy.stats import chi2

from pushforward import data
from pushforward.errors import Missing
from pushforward.jobs.summaries import class_balance

COUNTS = [[240, 240, 260, 260], [220, 230, 260, 290], [200, 250, 250, 300]]
T2 = 4.302653  # Student's t for three numbers


def run(made, scale="paper", **more):
    first, other = made.measured("0.json", COUNTS), made.measured("1.json", COUNTS[1:2])
    return summarised(made, scale, {"dataset": "MNIST", "model": "cnn", "seeds": {"0": first, "1": other}, **more})


def summarised(made, scale, own):
    class_balance.run({"scale": scale, "runs": {"mnist-cnn": own}}, {}, made.outs, made.root)
    return made.results()


def test_extremes_are_means_over_snapshots_beside_the_printed_numbers(made):
    frame, page = run(made)
    low = made.one(frame, metric="min_class_proportion_pct", dataset="MNIST")
    assert low["ours"] == pytest.approx(22) and low["n"] == 3 and low["ci_over"] == "snapshots"
    assert low["ci_high"] - low["ours"] == pytest.approx(T2 * 2 / math.sqrt(3), rel=1e-5)
    assert (low["paper"], low["verdict"], low["n_seeds"]) == (9.2, "higher", 2)
    assert low["seed_mean"] == pytest.approx(22)
    high = made.one(frame, metric="max_class_proportion_pct", dataset="MNIST")
    assert high["ours"] == pytest.approx((30 + 29 + 26) / 3) and high["paper"] == 10.9
    assert "22.0 ± 5.0 (&gt; paper 9.2)" in page
    assert low["command"].startswith("snakemake ") and low["command"].endswith("out.csv --cores 2")


def test_ratio_is_in_percent(made):
    frame, _ = run(made)
    ratios = [np.var([20, 25, 25, 30]) / 25, np.var([22, 23, 26, 29]) / 25, np.var([24, 24, 26, 26]) / 25]
    assert ratios[0] == 0.5
    row = made.one(frame, metric="variance_to_mean_ratio", dataset="MNIST")
    assert row["ours"] == pytest.approx(np.mean(ratios)) and row["paper"] == 0.03


def test_the_last_snapshot_has_its_test_and_every_class(made):
    frame, page = run(made)
    chi = made.one(frame, metric="chi_square")
    assert chi["ours"] == pytest.approx(20) and chi["n"] == 1000  # (50^2 + 50^2) / 250
    assert 100 * chi["ours"] / (4 * 1000) == pytest.approx(0.5)  # the note beneath the table
    assert made.one(frame, metric="chi_square_p_value")["ours"] == pytest.approx(chi2.sf(20, 3))
    rare = made.one(frame, variant="mnist-cnn;last snapshot;class=0")
    assert rare["ours"] == 20 and rare["ci_over"] == "samples"
    assert [rare["ci_low"], rare["ci_high"]] == pytest.approx(made.wilson(0.2, 1000), rel=1e-5)
    line = next(text for text in page.splitlines() if text.startswith("| MNIST | cnn | mnist-cnn | 1,000"))
    assert "| 0.500 | 0.075 | 20.0 (3 d.f.) | 0.00017 |" in line  # chance alone: 100 * 3 / (4 * 1000)


def test_what_stands_beside_nothing_is_listed_as_not_run(made):
    frame, page = run(made, scale="demo")
    left = frame[frame["status"] == "not run"]
    assert list(left["paper"]) == [8.3, 11.9, 0.22] and set(left["dataset"]) == {"CIFAR-10"}
    assert set(frame["scale"]) == {"demo"} and "not run (paper 8.3)" in page
    low = made.one(frame, metric="min_class_proportion_pct", dataset="MNIST")
    assert low["verdict"] == "higher (demo scale)"
    assert low["command"].startswith("snakemake --directory demo ")


def test_the_data_themselves_stand_beside_the_generator(made):
    place = made.root / "digits.npz"
    data.save(place, data.prepare("digits"))
    frame, page = run(made, data=str(place))
    counts = np.bincount(data.load(place).train_labels.numpy())
    own = frame[(frame["architecture"] == "training data") & (frame["dataset"] == "MNIST")]
    rarest = made.one(own, metric="min_class_proportion_pct")
    assert rarest["ours"] == pytest.approx(100 * counts.min() / counts.sum())
    assert math.isnan(rarest["ci_low"]) and rarest["verdict"] == "no printed number"
    assert "| Class | mnist-cnn | training data |" in page


def test_one_class_alone_is_degenerate(made):
    path = made.measured("0.json", [[0, 50, 0]])
    frame, page = summarised(made, "paper", {"dataset": "CIFAR-10", "model": "cnn", "seeds": {"0": path}})
    row = made.one(frame, metric="max_class_proportion_pct", run="mnist-cnn")
    assert (row["status"], row["verdict"]) == ("single_class", "degenerate")
    assert "all samples have class 1" in page


def test_no_samples_are_told_not_invented(made):
    path = made.measured("0.json", [[0, 0, 0]])
    frame, page = summarised(made, "paper", {"dataset": "Digits 8x8", "model": "cnn", "seeds": {"0": path}})
    assert frame.loc[frame["run"] == "mnist-cnn", "ours"].isna().all()
    assert "| Digits 8x8 | cnn | mnist-cnn | 0 | n/a | n/a | n/a | n/a |" in page


def test_of_many_classes_the_rarest_and_commonest_are_shown(made):
    path = made.measured("0.json", [list(range(100, 130))])
    frame, page = summarised(made, "paper", {"dataset": "CIFAR-100", "model": "cnn", "seeds": {"0": path}})
    assert len(frame[frame["metric"] == "class_proportion_pct"]) == 30
    table = page.split("CIFAR-100: share")[1]
    shown = [line.split(" | ")[0].removeprefix("| ") for line in table.splitlines() if line.startswith("| ")]
    assert shown[2:] == [str(label) for label in (*range(5), *range(25, 30))]


def test_a_missing_record_is_named(made):
    with pytest.raises(Missing, match=r"no\.json is not here"):
        summarised(made, "paper", {"dataset": "MNIST", "model": "cnn", "seeds": {"0": str(made.root / "no.json")}})
