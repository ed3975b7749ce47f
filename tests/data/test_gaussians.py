import json
import math

import numpy as np
import pytest
import torch
from scipy.stats import chi2

from pushforward import data
from pushforward.data import gaussians
from pushforward.errors import InputError


def test_equidistant():
    arrays = data.prepare("gaussians", modes=100, dim=100, separation=math.sqrt(2), sigma=0.005)
    np.testing.assert_allclose(arrays["centres"], np.eye(100), atol=1e-15)
    np.testing.assert_allclose(arrays["weights"], 0.01)
    few = gaussians.equidistant(4, 10, 3.0)
    distances = np.linalg.norm(few[:, None] - few, axis=2)
    np.testing.assert_allclose(distances, 3.0 * (1 - np.eye(4)), atol=1e-12)


def test_polygon_is_an_equilateral_triangle_of_side_2():
    centres = gaussians.polygon(3, 2.0)
    np.testing.assert_allclose(np.linalg.norm(centres[:, None] - centres, axis=2), 2 * (1 - np.eye(3)), atol=1e-12)
    np.testing.assert_allclose(centres.sum(0), 0, atol=1e-12)
    np.testing.assert_allclose(gaussians.polygon(2, 2.0), [[0, 1], [0, -1]], atol=1e-12)


def test_explicit_with_weights():
    aligned = [[-1, 0], [0, 0.1], [1, 0]]
    arrays = data.prepare(
        "gaussians", layout="explicit", centres=aligned, sigma=0.0, weights=[2, 1, 1], samples=4000, modes=3, dim=2
    )
    np.testing.assert_array_equal(arrays["centres"], aligned)
    np.testing.assert_allclose(arrays["weights"], [0.5, 0.25, 0.25])
    np.testing.assert_array_equal(arrays["train"], np.float32(aligned)[arrays["train_labels"]])  # point masses
    assert abs((arrays["train_labels"] == 0).mean() - 0.5) < 5 * math.sqrt(0.25 / 4000)
    assert json.loads(str(arrays["about"]))["layout"] == "explicit"


def test_points_have_the_law_they_claim():
    arrays = data.prepare("gaussians", modes=5, dim=8, separation=2.0, sigma=0.3, samples=20_000, seed=1)
    offset = (arrays["train"] - arrays["centres"][arrays["train_labels"]]) / 0.3
    assert abs(offset.mean()) < 5 / math.sqrt(offset.size)
    # The squared norm is chi-square with 8 degrees: compare its deciles.
    deciles = chi2(8).ppf(np.arange(1, 10) / 10)
    np.testing.assert_allclose(
        np.searchsorted(np.sort((offset**2).sum(1)), deciles) / 20_000, np.arange(1, 10) / 10, atol=0.02
    )
    counts = np.bincount(arrays["train_labels"], minlength=5)
    assert ((counts - 4000) ** 2 / 4000).sum() < chi2(4).ppf(1 - 1e-6)
    assert not np.array_equal(arrays["train"], arrays["test"])


def test_points_follow_the_seed():
    params = {"modes": 3, "dim": 3, "separation": 1.0, "sigma": 0.1, "samples": 20}
    first, again, other = (data.prepare("gaussians", **params, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first["train"], again["train"])
    assert not np.array_equal(first["train"], other["train"])


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"modes": 101}, "at most dim = 100 fit; got 101"),
        ({"modes": 0}, "modes >= 1"),
        ({"separation": -1.0}, "separation > 0"),
        ({"separation": math.nan}, "separation > 0"),
        ({"sigma": -0.1}, "sigma"),
        ({"sigma": math.inf}, "sigma"),
        ({"samples": 0}, "samples"),
        ({"layout": "grid"}, "layout: expected .* got 'grid'"),
        ({"layout": "polygon"}, r"5 and 100 were given, but the centres are \(5, 2\)"),
        ({"centres": [[0.0]]}, "layout: expected"),
        ({"modes": None}, "layout: expected"),
        ({"dim": None}, "layout: expected"),
        ({"layout": "explicit", "centres": [[0.0]]}, "layout: expected"),
        ({"layout": "explicit", "separation": None}, "layout: expected"),
        ({"layout": "explicit", "separation": None, "centres": [[0.0] * 100]}, "5 and 100 were given"),
        ({"layout": "explicit", "separation": None, "centres": [[0.0], [1.0]]}, "5 and 100 were given"),
        ({"weights": "uniform"}, "weights"),
        ({"weights": [1.0, 2.0]}, "5 positive numbers"),
        ({"weights": [1, 1, 1, 1, 0]}, "5 positive numbers"),
        ({"weights": [1, 1, 1, 1, math.nan]}, "5 positive numbers"),
    ],
)
def test_bad_parameters(params, told):
    good = {"modes": 5, "dim": 100, "separation": 1.0, "sigma": 0.1}
    with pytest.raises(InputError, match=told):
        data.prepare("gaussians", **good | params)


@pytest.mark.parametrize("centres", [[], [[]], [[0.0], [0.0, 1.0]], [[0.0], [math.nan]], [[1.0, 2.0], [1.0, 2.0]]])
def test_bad_centres(centres):
    with pytest.raises(InputError, match="centres"):
        data.prepare("gaussians", layout="explicit", centres=centres, sigma=0.1)


def test_one_corner_is_no_polygon():
    with pytest.raises(InputError, match="modes >= 2"):
        data.prepare("gaussians", layout="polygon", modes=1, separation=1.0, sigma=0.1)


@pytest.mark.parametrize("shift", [0.0, 1e6])
def test_nearest_centre_equals_brute_force(shift):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(5000, 7, generator=generator, dtype=torch.float64) + shift
    centres = torch.randn(9, 7, generator=generator, dtype=torch.float64) + shift
    brute = ((x[:, None] - centres) ** 2).sum(2).argmin(1)
    assert torch.equal(gaussians.nearest_centre(x, centres), brute)


def test_nearest_centre_near_a_border_far_away():
    """In float32, or by expanding the square, this border at 1e4 is lost."""
    centres = torch.tensor([[1e4, 0.0], [1e4 + 1e-2, 0.0]], dtype=torch.float64)
    x = torch.tensor([[1e4 + 5e-3 - 1e-9, 3.0], [1e4 + 5e-3 + 1e-9, -3.0]], dtype=torch.float64)
    assert gaussians.nearest_centre(x, centres).tolist() == [0, 1]


def test_tie_goes_to_the_lowest_number():
    centres = torch.eye(4)
    assert gaussians.nearest_centre(torch.zeros(2, 4), centres).tolist() == [0, 0]


def test_oracle_is_right_where_modes_are_far_apart():
    arrays = data.prepare("gaussians", modes=10, dim=10, separation=1.0, sigma=0.02, samples=500)
    found = gaussians.nearest_centre(torch.from_numpy(arrays["train"]), torch.from_numpy(arrays["centres"]))
    np.testing.assert_array_equal(found, arrays["train_labels"])


def test_share_within():
    centres = torch.tensor([[0.0, 0.0], [10.0, 0.0]])
    x = torch.tensor([[0.0, 1.0], [10.0, -3.0], [5.0, 0.0], [12.0, 0.0]])
    assert [gaussians.share_within(x, centres, r) for r in (0.5, 1.0, 2.0, 3.0, 5.0)] == [0, 0.25, 0.5, 0.75, 1.0]


def test_share_within_three_sigma_of_a_mode():
    arrays = data.prepare("gaussians", modes=100, dim=100, separation=math.sqrt(2), sigma=0.05 * math.sqrt(2) / 10)
    x, centres = torch.from_numpy(arrays["train"]), torch.from_numpy(arrays["centres"])
    radius = arrays["sigma"].item() * 10  # sigma sqrt(D)
    assert gaussians.share_within(x, centres, 3 * radius) == 1.0
    assert gaussians.share_within(x, centres, radius) == pytest.approx(chi2(100).cdf(100), abs=0.025)


@pytest.mark.parametrize("find", [gaussians.nearest_centre, lambda x, c: gaussians.share_within(x, c, 1.0)])
def test_points_that_cannot_be_compared(find):
    x = torch.zeros(3, 2)
    x[1, 0] = math.nan
    with pytest.raises(InputError, match=r"1 of 3 points are not finite \(first: number 1\)"):
        find(x, torch.zeros(2, 2))
    with pytest.raises(InputError, match="expected points"):
        find(torch.zeros(3, 2), torch.zeros(2, 3))


def test_no_points():
    assert gaussians.nearest_centre(torch.zeros(0, 2), torch.zeros(3, 2)).shape == (0,)
    with pytest.raises(InputError, match="no points"):
        gaussians.share_within(torch.zeros(0, 2), torch.zeros(3, 2), 1.0)
