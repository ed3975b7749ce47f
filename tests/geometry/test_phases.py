"""Convolutions of doubled maps against the plain way: double, pad, convolve."""

import pytest
import torch
from torch.nn import functional as F

from pushforward.geometry import phases


@pytest.fixture
def draw():
    generator = torch.Generator().manual_seed(0)
    return lambda *shape: torch.randn(shape, generator=generator, dtype=torch.float64)


def plain(x, weight, bias=None):
    return F.conv2d(F.interpolate(x, scale_factor=2), weight, bias, padding=1)


@pytest.mark.parametrize("size", [(1, 1), (3, 5)])
def test_a_doubled_map_is_convolved_before_it_is_doubled(draw, size):
    x, weight, bias = draw(2, 3, *size), draw(5, 3, 3, 3), draw(5)
    found = phases.convolve_doubled(x, phases.doubled_kernel(weight), bias)
    assert found.shape == (2, 20, size[0] + 1, size[1] + 1)
    torch.testing.assert_close(phases.together(found), plain(x, weight, bias))


def test_what_is_left_over_is_cleared_and_nothing_else(draw):
    x, weight = draw(2, 3, 4, 5), draw(2, 3, 3, 3)
    found = phases.convolve_doubled(x, phases.doubled_kernel(weight))
    cleared = phases.clear(found.clone())
    torch.testing.assert_close(phases.together(cleared), phases.together(found))
    assert int((cleared != 0).sum()) == plain(x, weight).numel()


def test_the_next_convolution_takes_phases(draw):
    x, first, second, bias = draw(2, 3, 4, 5), draw(6, 3, 3, 3), draw(2, 6, 3, 3), draw(2)
    inner = phases.clear(phases.convolve_doubled(x, phases.doubled_kernel(first)))
    found = phases.convolve_phases(inner, phases.phased_kernel(second), bias)
    torch.testing.assert_close(found, F.conv2d(plain(x, first), second, bias, padding=1))


@pytest.mark.parametrize("shared", [True, False])
def test_two_convolutions_collapse_into_one_map_a_place(draw, shared):
    n, k = 2, 7
    x, first, second = draw(1 if shared else n, k, 3, 4, 5), draw(6, 3, 3, 3), draw(2, 6, 3, 3)
    slope = phases.clear(draw(n, 24, 5, 6))
    kernels = phases.doubled_kernel(first), phases.phased_kernel(second)
    matrices = phases.collapse(slope, phases.between_kernel(*kernels), 2)
    found = phases.apply_collapsed(x, matrices)
    inner = plain(x.expand(n, -1, -1, -1, -1).flatten(0, 1), first).unflatten(0, (n, k))
    expected = F.conv2d((inner * phases.together(slope)[:, None]).flatten(0, 1), second, padding=1)
    torch.testing.assert_close(found, expected.unflatten(0, (n, k)))
