import numpy as np
import pytest

from pushforward.errors import Resource
from pushforward.metrics.neighbours import kth_distances, repeated, sweep


@pytest.mark.parametrize("k", [1, 5, 37])
def test_kth_distances(k):
    x = np.random.default_rng(0).normal(size=(700, 12)).astype(np.float32)
    full = np.sqrt(((x.astype(float)[:, None] - x.astype(float)) ** 2).sum(-1))
    np.testing.assert_array_equal(kth_distances(x, k), np.sort(full, axis=1)[:, k])


def test_repeated_rows():
    g = np.random.default_rng(0)
    x = np.repeat(g.normal(size=(4, 3)), [1, 2, 3, 7], axis=0)
    np.testing.assert_array_equal(repeated(x, 2), np.repeat([False, False, True, True], [1, 2, 3, 7]))
    same_norm = np.eye(6) * np.array([1, 1, 1, -1, -1, 1])
    assert not repeated(same_norm, 1).any()
    assert repeated(np.array([[0.0, 1.0], [-0.0, 1.0]]), 1).all()


def test_sweep_covers_every_row_once():
    seen = []
    sweep(seen.append, np.arange(103), 1, threads=2, block=10)
    assert sorted(np.concatenate(seen)) == list(range(103)) and len(seen) == 11


@pytest.mark.fault("F27")
def test_a_block_is_halved_where_memory_is_short(caplog):
    seen = []

    def hungry(rows):
        if len(rows) > 3:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")
        seen.append(rows)

    sweep(hungry, np.arange(100), 1, threads=2, block=40)
    assert sorted(np.concatenate(seen)) == list(range(100)) and "halved" in caplog.text


@pytest.mark.fault("F27")
def test_errors_of_a_worker_are_raised():
    def starve(rows):
        raise MemoryError

    def fail(rows):
        raise RuntimeError("other")

    with pytest.raises(Resource, match="fewer threads"):
        sweep(starve, np.arange(5), 1, threads=2, block=2)
    with pytest.raises(RuntimeError, match="other"):
        sweep(fail, np.arange(5), 1, threads=2, block=2)
