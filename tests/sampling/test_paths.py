import math

import numpy as np
import pytest
import torch

from pushforward.probes import convexity
from pushforward.sampling.paths import PATHS, linear, spherical

WEIGHTS = torch.linspace(0, 1, 5, dtype=torch.float64)


@pytest.mark.parametrize("path", PATHS.values())
def test_a_path_starts_and_ends_at_its_ends(path):
    first, second = torch.randn(2, 6, 3, generator=torch.Generator().manual_seed(0))
    points = path(first, second, WEIGHTS)
    assert points.shape == (6, 5, 3) and points.dtype == first.dtype
    assert torch.allclose(points[:, 0], first, atol=1e-6) and torch.allclose(points[:, -1], second, atol=1e-6)


def test_the_great_circle_keeps_the_norm_that_the_line_loses():
    first, second = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 2.0]])
    middle = torch.tensor([0.5], dtype=torch.float64)
    assert torch.allclose(linear(first, second, middle), torch.tensor([[[1.0, 1.0]]]))
    assert torch.allclose(spherical(first, second, middle), torch.full((1, 1, 2), math.sqrt(2)))
    assert spherical(first, 3 * second, middle).norm() == pytest.approx(4)  # half way between norms 2 and 6


def test_equal_and_opposite_directions_have_the_straight_line():
    first = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 0.0]])
    second = torch.tensor([[3.0, 0.0], [-1.0, 0.0], [0.0, 2.0]])
    points = spherical(first, second, torch.tensor([0.5], dtype=torch.float64))
    assert torch.allclose(points[:2, 0], torch.tensor([[2.0, 0.0], [0.0, 0.0]]))
    assert torch.isfinite(points).all()


@pytest.mark.parametrize("name", PATHS)
def test_figure_4_and_the_probe_of_convexity_walk_the_same_paths(name):
    a, b = np.random.default_rng(1).standard_normal((2, 4, 7))
    theirs = convexity.PATHS[name](a, b)  # lambda counts from the second end
    ours = PATHS[name](torch.from_numpy(b), torch.from_numpy(a), torch.tensor(convexity.LAMBDAS, dtype=torch.float64))
    assert np.allclose(theirs, ours.numpy(), atol=1e-12)
