import math

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from pushforward.errors import InputError
from pushforward.report.intervals import Interval, summarise
from pushforward.report.printed import lookup
from pushforward.report.tidy import COLUMNS, from_csv, row, tidy, to_csv

FACTS = {"dataset": "MNIST", "architecture": "CNN", "latent_dim": 64}


def measured(**changes):
    return row("logreg_acc", ours=Interval(88.0, 87.5, 88.5, 10, "snapshots"), scale="demo", **FACTS) | changes


def test_columns_and_types_are_always_the_same():
    for frame in (tidy([]), tidy([{"dataset": "MNIST", "metric": "fid"}]), tidy([measured()])):
        assert list(frame.columns) == list(COLUMNS)
        assert str(frame["latent_dim"].dtype) == "Int64"
        assert frame["ours"].dtype == np.float64
        assert not frame["reason"].isna().any()


def test_a_row_brings_paper_ours_corrected_and_seeds_together():
    paper = lookup("ICML Table 6", "CIFAR-10", "ResNet", "precision", width=32)
    seeds = summarise([60.0, 61.0, 62.0], "seeds")
    both = Interval(60.0, 59.5, 60.5, 10, "snapshots"), Interval(70.0, 69.0, 71.0, 10, "snapshots")
    frame = tidy([row("precision", paper, *both, seeds, dataset="CIFAR-10", scale="paper", features="inception")])
    first = frame.iloc[0]
    assert (first["paper"], first["paper_half_width"], first["paper_source"]) == (63.2, 0.6, "ICML Table 6")
    assert (first["ours"], first["n"], first["ci_over"]) == (60.0, 10, "snapshots")
    assert (first["corrected"], first["corrected_ci_low"], first["seed_mean"], first["n_seeds"]) == (
        70.0,
        69.0,
        61.0,
        3,
    )
    assert first["delta"] == pytest.approx(-3.2)
    assert (first["direction"], first["verdict"]) == ("up", "within seed spread")


def test_not_run_is_said_and_empty_in_csv():
    paper = lookup("ICML Table 1", "MNIST", "CNN", "logreg_acc")
    frame = tidy([row("logreg_acc", paper, **FACTS)])
    assert (frame.loc[0, "verdict"], frame.loc[0, "status"]) == ("not run", "not run")
    assert math.isnan(frame.loc[0, "ours"]) and math.isnan(frame.loc[0, "delta"])
    cells = dict(zip(COLUMNS, to_csv(frame).splitlines()[1].split(","), strict=True))
    assert (cells["paper"], cells["ours"], cells["n"], cells["verdict"]) == ("90.4", "", "", "not run")


def test_csv_comes_back_as_it_went():
    rows = [
        measured(paper=90.4, reason='a "quoted", comma\nand line', seconds=1234567.891),
        measured(metric="fid", ours=123456789.5, ci_low=np.nan, ci_high=np.nan, n=1),
        {"dataset": "NA", "metric": "precision"},
    ]
    frame = tidy(rows)
    again = from_csv(to_csv(frame))
    assert_frame_equal(again, frame)
    assert to_csv(again) == to_csv(frame)
    assert again.loc[0, "reason"] == 'a "quoted", comma and line'


def test_json_null_is_missing():
    frame = tidy([measured(ours=None, ci_low=None, ci_high=None, n=None, status="single_class", reason=None)])
    assert frame.loc[0, "verdict"] == "degenerate"
    assert frame.loc[0, "n"] is pd.NA


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"our": 3.0}, r"row 1 \(MNIST, logreg_acc\): unknown column 'our'; did you mean 'ours'"),
        ({"verdict": "agrees"}, "computed from the row"),
        ({"dataset": ""}, "no dataset"),
        ({"ours": "many"}, "ours: expected a number; got 'many'"),
        ({"latent_dim": 6.5}, "latent_dim: expected a whole number"),
        ({"n": np.inf}, "n: expected a whole number"),
        ({"status": "not run"}, "'not run' beside a number"),
        ({"scale": None}, "must name its scale"),
    ],
)
def test_a_wrong_row_is_named(changes, message):
    with pytest.raises(InputError, match=message):
        tidy([measured(**changes)])


def test_two_rows_about_the_same_number_are_refused():
    with pytest.raises(InputError, match=r"two rows about the same number: MNIST, CNN, 64"):
        tidy([measured(), measured()])
    assert len(tidy([measured(variant="a"), measured(variant="b")])) == 2


def test_a_file_that_is_no_table_is_refused():
    with pytest.raises(InputError, match=r"columns of a result table .* got step, loss"):
        from_csv("step,loss\n1,2\n")
