from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pushforward.errors import InputError
from pushforward.metrics.distances import Columns, Frame, Ladder, below, pair_distances


def exact_g(x, y, scale):
    """-d^2/2 of the float64 distance that counts as the truth, in rational arithmetic."""
    d = pair_distances(x[None], np.zeros(1, int), y[None], np.zeros(1, int))[0]
    return -((Fraction(float(d)) * Fraction(scale)) ** 2) / 2


def bounds(rows, columns, dtype):
    frame = Frame.around(rows, columns)
    laid = Columns(columns, np.arange(len(columns)), frame, dtype)
    block = laid.block(rows)
    every = torch.ones_like(block.peaks, dtype=torch.bool)
    (groups,) = laid.groups(block, every)
    shape = (len(rows), laid.width)
    return frame, groups.lower.view(shape), groups.upper.view(shape), block


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    D=st.sampled_from([1, 3, 40, 700]),
    spread=st.sampled_from([0.0, 3.0, 30.0]),
    offset=st.sampled_from([0.0, 1.0, 1e6]),
    dtype=st.sampled_from([torch.float32, torch.float64]),
    twins=st.booleans(),
)
def test_bounds_hold(seed, D, spread, offset, dtype, twins):
    g = np.random.default_rng(seed)
    rows = g.normal(size=(4, D)) * 10 ** (spread * g.normal(size=(4, 1))) + offset
    columns = g.normal(size=(5, D)) * 10 ** (spread * g.normal(size=(5, 1))) + offset
    if twins:  # cancellation at its worst
        columns[:4] = rows * (1 + 1e-7 * g.normal(size=(4, 1)))
        columns[0] = rows[0]
    frame, lower, upper, block = bounds(rows, columns, dtype)
    for i, x in enumerate(rows):
        for j, y in enumerate(columns):
            g_ij = exact_g(x, y, frame.scale)
            assert Fraction(float(lower[i, j])) <= g_ij <= Fraction(float(upper[i, j]))
        assert Fraction(float(block.assured[i].max())) <= max(exact_g(x, y, frame.scale) for y in columns)
    assert (upper[:, 5:] < -4).all()  # what fills the last group is near nothing


@pytest.mark.parametrize(("dtype", "D", "width"), [(torch.float32, 100, 6e-5), (torch.float64, 100, 4e-13)])
def test_bounds_are_narrow(dtype, D, width):
    g = np.random.default_rng(0)
    _, lower, upper, _ = bounds(g.normal(size=(50, D)), g.normal(size=(64, D)), dtype)
    assert ((upper - lower) / upper.abs()).max() < width


@settings(max_examples=100, deadline=None)
@given(st.floats(-8, 8))
def test_below_is_below_and_next(value):
    rounded = below(torch.tensor([value], dtype=torch.float64), torch.float32).item()
    assert rounded <= value
    assert np.nextafter(np.nextafter(np.float32(rounded), np.float32(9)), np.float32(9)) >= value


def test_pair_distances_are_those_of_a_full_matrix():
    g = np.random.default_rng(0)
    a, b = g.normal(size=(40, 333)).astype(np.float32), g.normal(size=(50, 333))
    i, j = g.integers(40, size=3000), g.integers(50, size=3000)
    full = np.sqrt(((a.astype(float)[:, None] - b[None]) ** 2).sum(-1))
    np.testing.assert_array_equal(pair_distances(a, i, b, j), full[i, j])


def test_double_precision_is_built_when_first_needed():
    x = np.random.default_rng(0).normal(size=(10, 3))
    ladder = Ladder(x, np.arange(10), Frame.around(x))
    single, double = ladder
    assert (single.dtype, double.dtype) == (torch.float32, torch.float64)
    assert next(iter(ladder)) is single


def test_overflow_is_an_error():
    x = np.ones((10, 3))
    x[3, 1] = -1e200
    with pytest.raises(InputError, match=r"1e\+200.*scale them down"):
        Frame.around(x)
