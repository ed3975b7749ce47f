"""Shares of a batch, and what processes say to each other."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushforward.errors import InputError
from pushforward.training import processes
from pushforward.training.processes import share

Ranks = Callable[..., tuple[list[int], list[str]]]


@given(st.integers(1, 300), st.integers(1, 9))
def test_shares_cover_a_batch_once_and_weigh_one(total: int, size: int) -> None:
    shares = [share(total, rank, size) for rank in range(size)]
    working = [own for own in shares if own.weight]
    rows = [row for own in working for row in range(total)[own.rows]]
    assert rows == list(range(total))
    assert sum(own.weight for own in shares) == pytest.approx(1)
    assert all(own.weight == own.size / total for own in working)
    assert max(own.size for own in working) - min(own.size for own in working) <= 1
    assert all(own.size == 1 for own in shares if not own.weight)  # computes, and does not count


def test_processes_settle_tell_gather_and_average(tmp_path: Path, ranks: Ranks) -> None:
    codes, logs = ranks("meet", tmp_path)
    assert codes == [0, 0], logs


def test_a_process_that_does_not_come_is_not_waited_for_for_ever(tmp_path: Path, ranks: Ranks) -> None:
    codes, logs = ranks("late", tmp_path)
    assert codes[0] == 1
    assert "process 0 of 2: another process of this training ended or does not answer" in logs[0]


def test_without_torchrun_there_is_no_world(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RANK", raising=False)
    with pytest.raises(InputError, match="torchrun --nproc-per-node 2 -m pushforward job SPEC"):
        processes.world()
