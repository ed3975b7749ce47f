import numpy as np
import pytest

from pushforward.errors import InputError
from pushforward.report.intervals import bootstrap, both_axes, summarise


@pytest.mark.parametrize(("n", "factor"), [(10, 0.715), (4, 1.591)])
def test_half_width_of_the_papers_sample_sizes(n, factor):
    values = np.random.default_rng(0).normal(70, 2, n)
    interval = summarise(values, "snapshots")
    assert interval.half_width == pytest.approx(factor * values.std(ddof=1), rel=1e-3)
    assert interval.mean == pytest.approx(values.mean())
    assert (interval.n, interval.over, interval.undefined) == (n, "snapshots", 0)


def test_the_interval_holds_the_mean_95_times_in_100():
    draws = np.random.default_rng(1).normal(5, 3, (2000, 4))
    held = [i.low <= 5 <= i.high for i in (summarise(row, "sample sets") for row in draws)]
    assert np.mean(held) == pytest.approx(0.95, abs=0.015)


def test_one_value_has_no_interval():
    interval = summarise([81.5], "seeds")
    assert (interval.mean, interval.n) == (81.5, 1)
    assert np.isnan([interval.low, interval.high, interval.half_width]).all()


def test_undefined_values_are_counted_not_averaged():
    interval = summarise([80.0, np.nan, 90.0], "snapshots")
    assert (interval.mean, interval.n, interval.undefined) == (85.0, 2, 1)
    nothing = summarise([np.nan, np.nan], "snapshots")
    assert np.isnan(nothing.mean) and (nothing.n, nothing.undefined) == (0, 2)


@pytest.mark.parametrize(
    ("values", "over", "message"),
    [
        ([], "seeds", "along one axis"),
        ([[1.0, 2.0], [3.0, 4.0]], "seeds", "axis by axis"),
        ([1.0, np.inf], "seeds", "infinite"),
        ([1.0, 2.0], "runs", "runs over one of snapshots, seeds"),
    ],
)
def test_axes_are_not_mixed_and_values_are_finite(values, over, message):
    with pytest.raises(InputError, match=message):
        summarise(values, over)


def test_both_axes_stay_apart():
    within, across = both_axes({7: [70.0, 71.0, 72.0], 1: [80.0, 81.0, 82.0], 2: [90.0, 91.0, 92.0]}, "snapshots")
    assert (within.mean, within.n, within.over) == (71.0, 3, "snapshots")  # the first declared seed, not the best
    assert (across.mean, across.n, across.over) == (81.0, 3, "seeds")
    assert across.half_width == pytest.approx(4.302653 * 10 / np.sqrt(3), rel=1e-5)
    assert within.half_width == pytest.approx(4.302653 * 1 / np.sqrt(3), rel=1e-5)


@pytest.mark.parametrize(("values", "over"), [({}, "snapshots"), ({0: [1.0]}, "seeds")])
def test_both_axes_need_two_axes(values, over):
    with pytest.raises(InputError, match="per seed"):
        both_axes(values, over)


def test_bootstrap_of_a_mean_agrees_with_student_for_many_values():
    values = np.random.default_rng(2).normal(0, 1, 400)
    ours = bootstrap(np.mean, values, over="samples", generator=np.random.default_rng(3))
    assert ours.mean == pytest.approx(values.mean())
    assert ours.half_width == pytest.approx(summarise(values, "samples").half_width, rel=0.1)


def test_bootstrap_keeps_pairs_together_and_repeats():
    x = np.arange(12.0)

    def correlation(a, b):
        return np.corrcoef(a, b)[0, 1]

    first, second = (bootstrap(correlation, x, 3 * x, over="samples", generator=np.random.default_rng(4)) for _ in "ab")
    assert first == second
    assert (first.low, first.high) == (pytest.approx(1.0), pytest.approx(1.0))


def test_bootstrap_of_a_statistic_that_fails_gives_no_ends():
    interval = bootstrap(lambda a: np.nan, [1.0, 2.0, 3.0], over="samples", generator=np.random.default_rng(0))
    assert np.isnan([interval.low, interval.high]).all()


@pytest.mark.parametrize("samples", [([1.0, 2.0], [1.0]), ([1.0, np.nan], [1.0, 2.0])])
def test_bootstrap_refuses_samples_that_are_not_pairs(samples):
    with pytest.raises(InputError, match="finite samples of one length"):
        bootstrap(np.mean, *samples, over="samples", generator=np.random.default_rng(0))
