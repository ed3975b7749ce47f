import math

import pytest

from pushforward.report.collapse import OUTCOMES, Ends, difference, outcome, sentence
from pushforward.report.intervals import Interval


def own(mean, half=1.0, over="snapshots"):
    return Interval(mean, mean - half, mean + half, 10, over)


FLAT, LOST = Ends(own(80.0), own(75.0)), Ends(own(2.0), own(94.0))


@pytest.mark.parametrize(
    ("precision", "recall", "expected"),
    [
        (FLAT, LOST, "recall"),
        (LOST, FLAT, "precision"),
        (LOST, LOST, "both"),
        (FLAT, FLAT, "neither"),
        (Ends(own(40.0), own(75.0)), FLAT, "neither"),  # lower, but not by half
        (Ends(own(2.0, 60.0), own(94.0, 80.0)), FLAT, "neither"),  # by half, but within the intervals
        (Ends(own(2.0, math.nan), own(94.0)), FLAT, "undecided"),
        (FLAT, Ends(own(math.nan, math.nan), own(94.0)), "undecided"),
        (Ends(own(2.0, over="sample sets"), own(94.0)), FLAT, "undecided"),
    ],
)
def test_what_collapses(precision, recall, expected):
    assert outcome(precision, recall) == expected and expected in OUTCOMES


def test_a_difference_has_the_half_width_of_a_difference():
    found = difference(own(10.0, 3.0), own(4.0, 4.0))
    assert (found.mean, found.low, found.high, found.over) == (6, 1, 11, "snapshots")


def test_axes_are_not_mixed():
    assert math.isnan(difference(own(10.0), own(4.0, over="seeds")).low)


def test_the_sentence_is_made_of_the_numbers():
    told = "precision 80.0 ± 1.0 against 75.0 ± 1.0, recall 2.00 ± 1.00 against 94.0 ± 1.0: recall collapses"
    assert sentence(FLAT, LOST) == told
    assert sentence(FLAT, FLAT).endswith("neither collapses")
    unknown = Ends(own(80.0, math.nan), own(75.0))
    assert sentence(unknown, LOST).startswith("precision 80.0 against 75.0 ± 1.0,")
    assert sentence(unknown, LOST).endswith("undecided without intervals")
