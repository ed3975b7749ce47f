import math

import pytest

from pushforward.report.labels import METRICS, metric, number, plus_minus, printed_number
from pushforward.report.printed import printed


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (88.125, "88.1"),
        (2.934, "2.93"),
        (0.9812, "0.981"),
        (0.0, "0.0"),
        (-12.34, "-12.3"),
        (12345678.0, "1.23e+07"),
        (0.00001234, "1.23e-05"),
        (math.nan, "n/a"),
        (math.inf, "n/a"),
    ],
)
def test_number(value, text):
    assert number(value) == text


def test_a_half_width_has_the_decimals_of_its_mean():
    assert plus_minus(88.125, 0.4567) == "88.1 ± 0.5"
    assert plus_minus(0.981, 0.0123) == "0.981 ± 0.012"
    assert plus_minus(88.125, math.nan) == "88.1 ± n/a"
    assert plus_minus(math.nan, 0.5) == "n/a"


def test_printed_numbers_keep_their_digits():
    assert printed_number(65.0, math.nan) == "65.0"
    assert printed_number(0.98, 0.1) == "0.98 ± 0.1"


def test_every_printed_metric_has_a_label_and_any_other_its_name():
    assert set(printed()["metric"]) <= set(METRICS)
    assert (metric("fid").direction, metric("share_of_cells").label) == ("down", "share of cells")
