import math

import numpy as np
import pytest

from pushforward.jobs.facts import over_seeds, share, words
from pushforward.report.intervals import summarise


def test_a_share_has_wilsons_interval():
    own = share(np.array([True] * 8 + [False] * 2))
    assert (own.mean, own.n, own.over) == (0.8, 10, "samples")
    assert (own.low, own.high) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    never = share(np.zeros(100, dtype=bool))
    assert never.low == 0 and 0.03 < never.high < 0.04


def test_words_tell_what_is_missing():
    assert words(summarise([1.0, 1.1, 1.2], "seeds")) == "1.10 [0.85, 1.35]"
    assert words(summarise([1.0], "seeds"), 1) == "1.0"
    assert words(summarise([1.0, math.nan], "seeds"), 1) == "1.0 (undefined for 1)"
    assert words(summarise([math.nan], "seeds")) == "n/a"


def test_numbers_over_trainings():
    found = over_seeds([{"ratio": 1.0, "angle": 120.0}, {"ratio": 2.0, "angle": math.nan}])
    assert found["ratio"]["mean"] == 1.5 and found["ratio"]["over"] == "seeds"
    assert found["angle"]["n"] == 1 and found["angle"]["undefined"] == 1
