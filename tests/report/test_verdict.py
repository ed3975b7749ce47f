import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushforward.errors import InputError
from pushforward.report.intervals import Interval, summarise
from pushforward.report.verdict import OUTCOMES, compare, distinct, prediction, rounding

NONE = math.nan


def ours(mean, half=0.5, n=10, over="snapshots"):
    return Interval(mean, mean - half, mean + half, n, over)


@pytest.mark.parametrize(
    ("mean", "half", "paper", "printed_half", "scale", "text"),
    [
        (93.4, 0.5, 93.2, NONE, "paper", "agrees"),
        (93.4, 0.5, 93.2, NONE, "reduced", "near (reduced scale)"),
        (92.0, 0.5, 93.2, NONE, "paper", "lower"),
        (92.0, 0.5, 93.2, NONE, "reduced", "lower (reduced scale)"),
        (94.0, 0.5, 93.2, NONE, "demo", "higher (demo scale)"),
        (92.5, 0.5, 93.2, 0.6, "paper", "agrees"),  # the printed half-width widens what is allowed: hypot(.5, .6)
        (92.5, 0.5, 93.2, NONE, "paper", "lower"),
        (80.0, 20.0, 93.2, NONE, "paper", "inconclusive (wide interval)"),
        (80.0, 20.0, 93.2, NONE, "demo", "inconclusive (wide interval, demo scale)"),
        (110.0, 20.0, 112.3, 22.6, "paper", "agrees"),  # as wide as the printed one
        (88.0, 0.5, NONE, NONE, "demo", "no printed number"),
    ],
)
def test_verdicts(mean, half, paper, printed_half, scale, text):
    found = compare(paper, printed_half, ours(mean, half), scale)
    assert found.text == text
    assert found.outcome in OUTCOMES
    assert math.isnan(found.delta) if math.isnan(paper) else found.delta == pytest.approx(mean - paper)


@pytest.mark.parametrize("mean", [93.2, 10.0])
def test_one_value_says_nothing(mean):
    alone = summarise([mean], "snapshots")
    assert compare(93.2, NONE, alone, "paper").text == "inconclusive (n = 1)"
    assert compare(93.2, NONE, alone, "reduced").text == "inconclusive (n = 1, reduced scale)"


def test_a_number_without_ends_says_nothing():
    assert compare(93.2, NONE, Interval(93.2, NONE, NONE, 0, ""), "paper").text == "inconclusive (no interval)"


@pytest.mark.fault("F33")
def test_not_run_and_degenerate_come_first():
    assert compare(93.2, NONE, Interval(NONE, NONE, NONE, 0, ""), "", "not run").text == "not run"
    assert compare(93.2, NONE, ours(93.2), "paper", "single_class").text == "degenerate"
    assert compare(93.2, NONE, ours(NONE), "paper").text == "degenerate"
    assert compare(93.2, NONE, ours(np.inf), "paper").text == "degenerate"
    assert compare(NONE, NONE, ours(NONE), "demo", "single_class").text == "degenerate"


def test_a_number_without_scale_is_refused():
    with pytest.raises(InputError, match="must name its scale"):
        compare(93.2, NONE, ours(93.2), "")


def test_another_training_may_explain_a_difference():
    apart = summarise([88.0, 90.0, 92.0], "seeds")  # one more training falls within 90 +- 9.9
    assert compare(93.2, NONE, ours(88.0), "paper", seeds=apart).text == "within seed spread"
    assert compare(93.2, NONE, ours(88.0), "paper", seeds=summarise([88.0, 88.1, 87.9], "seeds")).text == "lower"
    assert compare(93.2, NONE, ours(88.0), "paper", seeds=summarise([88.0, 92.0], "seeds")).text == "lower"


def test_prediction_interval_holds_one_more_training_95_times_in_100():
    draws = np.random.default_rng(0).normal(0, 1, (3000, 5))
    held = []
    for row in draws:
        seeds = summarise(row[:4], "seeds")
        held.append(abs(row[4] - seeds.mean) <= prediction(seeds))
    assert np.mean(held) == pytest.approx(0.95, abs=0.015)


def test_prediction_is_about_seeds():
    with pytest.raises(InputError, match="over seeds"):
        prediction(ours(90.0))


@pytest.mark.parametrize(("printed", "half"), [(93.2, 0.05), (65.0, 0.05), (0.98, 0.005), (0.9, 0.05), (447.9, 0.05)])
def test_rounding(printed, half):
    assert rounding(printed) == pytest.approx(half)


def test_distinct_needs_two_intervals():
    assert distinct(ours(90.0), ours(91.0))
    assert not distinct(ours(90.0), ours(90.5))
    assert not distinct(ours(90.0), summarise([10.0], "snapshots"))


@given(
    mean=st.floats(-1e6, 1e6),
    half=st.floats(0, 1e4),
    paper=st.floats(-1e6, 1e6),
    printed_half=st.one_of(st.just(NONE), st.floats(0, 1e4)),
    n=st.integers(0, 20),
    scale=st.sampled_from(["reduced", "demo", "tiny"]),
)
def test_a_smaller_scale_never_agrees_and_is_always_named(mean, half, paper, printed_half, n, scale):
    found = compare(paper, printed_half, ours(mean, half, n), scale)
    assert found.outcome != "agrees"
    assert f"{scale} scale" in found.text
