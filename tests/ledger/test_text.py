import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushforward.ledger import text
from pushforward.ledger.job import Job


def test_columns_are_aligned_and_cut():
    rows = [("a", "1", "short"), ("long name", "12", "x" * 200)]
    lines = text.columns(rows, right=(1,))
    assert lines[0] == "a           1  short"
    assert lines[1].startswith("long name  12  xxx")
    assert len(lines[1]) == text.WIDTH
    assert lines[1].endswith("…")


@given(st.lists(st.tuples(st.text(max_size=60), st.text(max_size=60)), max_size=5))
def test_no_line_is_too_wide(rows):
    assert all(len(line) <= text.WIDTH for line in text.columns(rows))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0.0 s"),
        (9.96, "10.0 s"),
        (45, "45 s"),
        (90, "1.5 min"),
        (5400, "1.5 h"),
        (4e5, "5 days"),
        (1e9, "32 years"),
    ],
)
def test_durations(seconds, words):
    assert text.duration(seconds) == words


def test_what_is_partly_known_is_a_lower_bound():
    assert text.at_least(60, 0, 3) == "60 s"
    assert text.at_least(60, 1, 3) == "> 60 s"
    assert text.at_least(0, 3, 3) == "?"


@pytest.mark.parametrize(("number", "words"), [(12, "12 B"), (1234, "1 kB"), (5e7, "50 MB"), (1.7e12, "1,700.0 GB")])
def test_sizes(number, words):
    assert text.size(number) == words


@pytest.mark.parametrize(
    ("number", "words"), [(5e8, "500 MFLOP"), (1.14e9, "1.14 GFLOP"), (8.9e12, "8.9 TFLOP"), (5.6e18, "5,600 PFLOP")]
)
def test_operations(number, words):
    assert text.operations(number) == words


def test_seeds_of_a_run_stand_together():
    jobs = [Job("train", {"run": run, "seed": str(seed)}, {}, (), {}, {"w": "x"}) for run in "ab" for seed in (0, 1, 3)]
    assert text.called(jobs) == ["a s0-1, s3", "b s0-1, s3"]


def test_lists_say_how_many_more_there_are():
    assert text.listed(["alpha", "beta", "gamma"], 30) == "alpha, beta, gamma"
    assert text.listed(["alpha", "beta", "gamma"], 14) == "alpha and 2 more"[:13] + "…"
    assert text.listed(["alpha", "beta", "gamma"], 17) == "alpha and 2 more"
    assert text.listed([], 10) == ""


def test_numbers_sort_as_numbers():
    assert sorted(["d10", "d2", "d"], key=text.natural) == ["d", "d2", "d10"]


def test_plurals():
    assert [text.counted(1, "summary"), text.counted(2, "summary"), text.counted(1234, "job")] == [
        "1 summary", "2 summaries", "1,234 jobs",
    ]  # fmt: skip
