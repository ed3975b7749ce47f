import math

import numpy as np
import pytest
from scipy import stats

from pushforward.errors import InputError
from pushforward.report.correlation import fisher, pearson, spearman
from pushforward.report.printed import printed

NAN = math.nan


def of_table_6(dataset, metric):
    table = printed()
    own = table[(table["source"] == "ICML Table 6") & (table["dataset"] == dataset) & (table["metric"] == metric)]
    return own["value"].tolist()


@pytest.mark.parametrize(
    ("dataset", "pair", "r"),
    [
        ("CIFAR-10", ("precision", "logreg_acc"), 0.986),
        ("CIFAR-10", ("density", "convex_acc"), 0.993),
        ("CIFAR-100", ("precision", "logreg_acc"), 0.943),
        ("CIFAR-100", ("precision", "convex_acc"), 0.9505),
    ],
)
def test_the_printed_means_of_table_6(dataset, pair, r):
    found = pearson(*(of_table_6(dataset, metric) for metric in pair))
    assert found.interval.mean == pytest.approx(r, abs=5e-4)
    assert (found.interval.n, found.interval.over, found.status) == (5, "runs", "ok")


def test_pearson_and_its_interval_are_scipys():
    x, y = np.random.default_rng(0).standard_normal((2, 12))
    y += 2 * x
    theirs, ours = stats.pearsonr(x, y), pearson(x, y).interval
    ends = theirs.confidence_interval()
    assert (ours.mean, ours.low, ours.high) == pytest.approx((theirs.statistic, ends.low, ends.high), abs=1e-12)


def test_five_points_tell_little():
    low, high = fisher(0.94, 5)
    assert low == pytest.approx(math.tanh(math.atanh(0.94) - 1.959964 / math.sqrt(2)), abs=1e-6)
    assert low < 0.4 and high > 0.99


@pytest.mark.parametrize(
    ("x", "y", "status"),
    [
        ([], [], "few_points"),
        ([1, 2], [3, 4], "few_points"),
        ([1, 2, 3, NAN], [3, NAN, 4, 4], "few_points"),
        ([1, 2, 3], [5, 5, 5], "constant"),
        ([0, 0, 0], [1, 2, 3], "constant"),
    ],
)
def test_no_number_where_there_is_none(x, y, status):
    found = pearson(x, y)
    assert found.status == status and found.reason
    assert np.isnan([found.interval.mean, found.interval.low, found.interval.high]).all()


def test_no_interval_from_three_points_or_from_a_line():
    three, line = pearson([1, 2, 3], [1, 3, 2]), pearson([1, 2, 3, 4], [2, 4, 6, 8])
    assert three.interval.mean == pytest.approx(0.5) and line.interval.mean == pytest.approx(1)
    assert math.isnan(three.interval.low) and math.isnan(line.interval.low)
    assert "three" in three.reason and "line" in line.reason


def test_undefined_pairs_are_left_out_and_counted():
    found = pearson([1, 2, 3, 4, NAN], [1, 2, 4, 3, 9]).interval
    assert (found.n, found.undefined) == (4, 1) and found.mean == pytest.approx(0.8)


def test_pairs_have_two_ends():
    with pytest.raises(InputError, match="4 and 3"):
        pearson([1, 2, 3, 4], [1, 2, 3])
    with pytest.raises(InputError, match="3 numbers"):
        spearman([1, 2, 3], [[1.0]], "snapshots", np.random.default_rng(0))


def test_a_clear_order_has_a_narrow_interval_and_a_doubtful_one_a_wide():
    stream = np.random.default_rng(0)
    noise = stream.standard_normal((5, 10))
    clear = spearman([2, 4, 8, 16, 32], list(noise + 100 * np.arange(5)[:, None]), "snapshots", stream).interval
    doubtful = spearman([2, 4, 8, 16, 32], list(noise), "snapshots", stream).interval
    assert (clear.mean, clear.low, clear.high, clear.n, clear.over) == (1, 1, 1, 5, "snapshots")
    assert doubtful.high - doubtful.low > 0.5
    expected = stats.spearmanr([2, 4, 8, 16, 32], noise.mean(axis=1)).statistic
    assert doubtful.mean == pytest.approx(expected)


def test_rank_correlation_of_odd_groups():
    stream = np.random.default_rng(0)
    found = spearman([1, 2, 3, 4], [[1.0], [2.0, NAN], [NAN], [0.5]], "sample sets", stream)
    assert found.interval.mean == pytest.approx(-0.5) and math.isnan(found.interval.low)
    assert (found.interval.n, found.interval.undefined) == (3, 1)
    assert spearman([1, 2, 3], [[1.0], [1.0], [1.0]], "snapshots", stream).status == "constant"
    assert spearman([1, 2], [[1.0], [2.0]], "snapshots", stream).status == "few_points"
