import csv
import time
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"
BENCH = """
import sys
sys.path.insert(0, {folder!r})
import interleave, numpy as np
from pathlib import Path

def quick(n): return float(np.ones(n // 1000).sum() * 1000)
def slow(n): return float(np.ones(n).sum())

if __name__ == "__main__":
    interleave.main(__file__, {{"one": lambda: 4_000_000, "two": lambda: 8_000_000}},
                    {{"ours": quick, "peer": slow}}, np.testing.assert_allclose, results=Path({out!r}))
"""


@pytest.fixture
def interleave(load_bench):
    return load_bench("interleave")


def test_contenders_take_turns(interleave):
    calls = []
    contenders = {"a": lambda x: calls.append("a"), "b": lambda x: calls.append("b") or time.sleep(0.02)}
    seconds = interleave.take_turns(contenders, None, 3, lambda one, other: calls.append("compared"))
    assert calls == ["a", "b", "compared", *"ababab"]
    assert len(seconds["a"]) == 3 and min(wall for wall, _ in seconds["b"]) >= 0.02


def test_disagreement_ends_it(interleave):
    with pytest.raises(AssertionError):
        interleave.take_turns({"a": lambda x: 1.0, "b": lambda x: 2.0}, None, 1, np.testing.assert_allclose)


def test_memory_is_that_of_the_call(interleave):
    made = interleave.extra_memory(lambda: np.ones(4_000_000), lambda x: float((x + x).sum()))
    assert made == pytest.approx(30.5, abs=8)  # MiB of the sum, not of the inputs


def test_table(interleave, tmp_path, monkeypatch):
    script = tmp_path / "bench_sum.py"
    script.write_text(BENCH.format(folder=str(FOLDER), out=str(tmp_path)))
    monkeypatch.setattr(interleave, "_memory_apart", lambda file, case, name: {"ours": 2.0, "peer": 30.0}[name])
    contenders = {"ours": lambda n: n, "peer": lambda n: time.sleep(0.001) or n}
    for arguments in (["--rounds", "2"], ["--cases", "two", "--rounds", "1"]):
        interleave.main(
            str(script),
            {"one": lambda: 1.0, "two": lambda: 2.0},
            contenders,
            np.testing.assert_allclose,
            results=tmp_path,
            arguments=arguments,
        )
    with open(tmp_path / "bench_sum.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["case"], row["contender"], row["rounds"]) for row in rows] == [
        ("one", "ours", "2"),
        ("one", "peer", "2"),
        ("two", "ours", "1"),
        ("two", "peer", "1"),
    ]
    assert rows[0]["times_ours"] == "1.00" and float(rows[1]["times_ours"]) > 1
    assert rows[1]["extra_over_ours"] == "15.00" and rows[0]["torch"] and rows[0]["device_name"]


def test_memory_comes_from_a_process_of_its_own(interleave, tmp_path):
    script = tmp_path / "bench_sum.py"
    script.write_text(BENCH.format(folder=str(FOLDER), out=str(tmp_path)))
    assert interleave._memory_apart(str(script), "two", "peer") == pytest.approx(61, abs=10)
