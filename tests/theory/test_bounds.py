import math

import numpy as np
import pytest

from pushforward.errors import InputError
from pushforward.theory.boundary import boundary_measure, boundary_slope, isoperimetric_border
from pushforward.theory.bounds import (
    LOWER,
    UPPER,
    lemma_corrected,
    lemma_printed,
    margin,
    needed_constant,
    precision_lower_bound,
    precision_upper_bound,
)
from pushforward.theory.errata import line_precision

MANY = [2, 3, 4, 7, 10, 20, 31, 32, 100, 1000, 1e5, 1e7, 1e9]


def upper(kind, m, lipschitz=10.0, **options):
    return precision_upper_bound(kind, m=m, distance=1.0, lipschitz=lipschitz, **options)


def lower(kind, m, lipschitz=10.0, d=1000, **options):
    return precision_lower_bound(kind, m=m, d=d, distance=1.0, lipschitz=lipschitz, **options)


def test_printed_lemma_fails_by_a_factor_two():
    """G(z) = clip(10 z, -1/2, 1/2): alpha = .9601 for point-like modes, the printed lemma allows .9203."""
    alpha = line_precision(1.0, 10.0, 0.0)
    printed = lemma_printed(lambda eps: boundary_measure(2, eps), distance=1.0, lipschitz=10.0)
    assert alpha == pytest.approx(0.9601, abs=5e-5)
    assert printed == pytest.approx(0.9203, abs=5e-5)
    for radius in np.linspace(0, 0.499, 20):
        assert line_precision(1.0, 10.0, radius) > printed
        corrected = lemma_corrected(lambda eps: boundary_measure(2, eps), distance=1.0, lipschitz=10.0, radius=radius)
        assert corrected == pytest.approx(line_precision(1.0, 10.0, radius), abs=1e-6)
    assert math.isclose(lemma_corrected(lambda eps: eps, distance=1.0, lipschitz=10.0), 1 - 0.05)


def test_line_precision_is_that_of_the_clipped_line():
    z = np.random.default_rng(0).standard_normal(400_000)
    x = np.clip(10 * z, -0.5, 0.5)
    hit = np.mean(np.abs(np.abs(x) - 0.5) <= 0.3)
    assert hit == pytest.approx(line_precision(1.0, 10.0, 0.3), abs=4 * math.sqrt(0.016 / 400_000))


@pytest.mark.parametrize("m", MANY)
def test_corollary_holds_for_point_like_modes_with_slack(m):
    for share in (1e-4, 0.1, 0.3, 0.6, 0.9, 1.0):
        eps = share / math.sqrt(math.log(m))
        printed = eps * math.sqrt(math.log(m)) * math.exp(-1.5)
        assert m * float(isoperimetric_border(1 / m, eps)) / printed > 3.3
        assert boundary_measure(m, eps) / printed >= 3.3
        assert boundary_measure(m, eps / 2) / printed >= 2.0


def test_corollary_fails_for_large_radii():
    bound = upper("paper_cor36", 2, radius=0.3).value
    assert bound == pytest.approx(0.9814, abs=5e-5)
    assert line_precision(1.0, 10.0, 0.3) == pytest.approx(0.9840, abs=5e-5)
    assert upper("isoperimetric", 2, radius=0.3).value == pytest.approx(0.9840, abs=5e-5)
    for m, limit in {2: 0.267, 3: 0.305, 10: 0.344, 100: 0.365, 1000: 0.372}.items():
        found = 0.5 - math.sqrt(math.log(m)) * math.exp(-1.5) / boundary_slope(m)
        assert found == pytest.approx(limit, abs=5e-4)
        eps = 1e-5
        assert boundary_measure(m, (0.5 - limit - 0.005) * eps) < eps * math.sqrt(math.log(m)) * math.exp(-1.5)
        assert boundary_measure(m, (0.5 - limit + 0.005) * eps) > eps * math.sqrt(math.log(m)) * math.exp(-1.5)


def test_last_step_before_the_corollary_fails_for_two_modes_only():
    for m in MANY:
        worst = np.inf
        for share in np.geomspace(1e-4, 1, 30):
            eps = share / math.sqrt(math.log(m))
            claimed = share * math.exp(-share - eps**2 / 2)
            worst = min(worst, m * float(isoperimetric_border(1 / m, eps)) / claimed)
        assert (worst < 1) == (m == 2)
        if m == 2:
            assert worst == pytest.approx(0.958, abs=1e-3)


def test_unbalanced_form_holds_with_slack():
    rng, least_printed, least_sum = np.random.default_rng(0), np.inf, np.inf
    for _ in range(3000):
        w = rng.dirichlet(np.full(rng.integers(2, 30), rng.uniform(0.3, 5)))
        w = np.maximum(w, 1e-6) / np.maximum(w, 1e-6).sum()
        log = math.sqrt(-math.log(w.min()))
        eps = rng.uniform(1e-3, 1) / log
        printed = len(w) * eps * w.min() * log * math.exp(-1.5)
        least_printed = min(least_printed, len(w) * float(isoperimetric_border(w.min(), eps)) / printed)
        least_sum = min(least_sum, float(isoperimetric_border(w, eps).sum()) / printed)
        bound = precision_upper_bound("paper_unbalanced", m=len(w), distance=eps, lipschitz=1.0, weights=w)
        assert bound.value == pytest.approx(1 - printed)
    assert least_printed > 3.3
    assert least_sum >= least_printed


def test_isoperimetric_bound_is_looser_than_the_cluster():
    assert upper("isoperimetric", 10, lipschitz=1.0).value == pytest.approx(0.3741, abs=5e-5)
    assert upper("simplicial_exact", 10, lipschitz=1.0).value == pytest.approx(0.2847, abs=5e-5)
    for m in (2, 3, 10, 100):
        for lipschitz in (1.0, 5.0, 50.0):
            best = upper("simplicial_exact", m, lipschitz).value
            assert upper("isoperimetric", m, lipschitz).value >= best - 1e-12


def test_weights_reach_the_weighted_formulas():
    equal = [0.25] * 4
    for kind in ("isoperimetric", "simplicial_exact", "paper_unbalanced"):
        assert upper(kind, 4, weights=equal).value == pytest.approx(upper(kind, 4).value, abs=1e-10)
    assert upper("paper_unbalanced", 4).value == pytest.approx(upper("paper_cor36", 4).value)
    uneven = upper("simplicial_exact", 4, weights=(0.5, 0.3, 0.15, 0.05), lipschitz=5.0).value
    assert uneven == pytest.approx(1 - 0.11710, abs=5e-6)


def test_asymptotic_form():
    assert upper("asymptotic", 100).value == pytest.approx(math.exp(-0.01 / 8 - 0.1 * math.sqrt(math.log(100) / 2)))
    # m borders of half-spaces of measure 1/m and width D / (2 L) tend to it.
    for m, tolerance in ((10**4, 0.06), (10**9, 0.03)):
        assert upper("asymptotic", m).value == pytest.approx(upper("isoperimetric", m).value, abs=tolerance)


def test_sharp_bound_against_the_printed_ones():
    for m in (2, 3, 10, 50, 100):
        for lipschitz in (100.0, 1000.0):
            sharp = lower("sharp", m, lipschitz).value
            assert sharp >= lower("sharp_closed", m, lipschitz).value
            for kind in ("paper_statement", "paper_proof", "v1"):
                assert sharp > lower(kind, m, lipschitz).value
            assert sharp <= upper("simplicial_exact", m, lipschitz).value + 1e-12
            assert sharp <= upper("isoperimetric", m, lipschitz).value + 1e-12
    for m, value in {3: 0.9409, 10: 0.8954, 50: 0.8513}.items():
        assert lower("sharp", m).value == pytest.approx(value, abs=1e-4)
    for m, value in {3: 0.9643, 10: 0.9362, 50: 0.9083}.items():
        assert upper("simplicial_exact", m, radius=0.2).value == pytest.approx(value, abs=1e-4)


def test_statement_and_proof_differ_by_two_root_pi():
    stated, proved = (1 - lower(kind, 5, 100.0).value for kind in ("paper_statement", "paper_proof"))
    assert proved / stated == pytest.approx(2 * math.sqrt(math.pi))
    assert 1 - lower("v1", 5, 100.0).value == pytest.approx(proved / 2)


@pytest.mark.parametrize(
    ("m", "constant"),
    [(2, 0.612), (3, 0.526), (10, 0.452), (100, 0.548), (1000, 0.803), (3000, 0.991), (1e4, 1.26), (1e6, 3.45),
     (1e8, 10.1), (1e10, 30.9), (1e12, 96.9)],
)  # fmt: skip
def test_no_constant_is_enough(m, constant):
    assert needed_constant(m) == pytest.approx(constant, rel=5e-3)
    enough = 1.001 * needed_constant(m)
    for eps in (1e-5, 0.01, 0.1, 0.5):
        assert boundary_measure(m, eps) <= eps * math.sqrt(math.pi * math.log(enough * m))
    assert boundary_measure(m, 1e-5) > 1e-5 * math.sqrt(math.pi * math.log(0.99 * needed_constant(m) * m))


def test_conditions_that_fail_give_no_number():
    assert upper("paper_cor36", 100, lipschitz=1.0).status == "out_of_range"
    assert math.isnan(upper("paper_unbalanced", 100, lipschitz=1.0).value)
    assert "m = 5 > d + 1 = 4" in lower("sharp", 5, d=3).reason
    assert math.isnan(lower("paper_statement", 100, lipschitz=10.0).value)
    assert lower("v1", 2, constant=0.5).status == "out_of_range"


def test_margin_of_general_modes():
    centres = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 3.0]])
    assert margin(centres) == pytest.approx(1.0)
    assert margin(centres, [0.1, 0.2, 1.2]) == pytest.approx(0.3)


def test_impossible_problems_are_refused():
    for options in ({"radius": 0.5}, {"lipschitz": 0.0}, {"m": 1}):
        with pytest.raises(InputError, match="radius 0 <= r < D / 2"):
            precision_upper_bound("isoperimetric", **{"m": 3, "distance": 1.0, "lipschitz": 1.0, **options})
    with pytest.raises(InputError, match=", ".join(UPPER)):
        upper("best", 3)
    with pytest.raises(InputError, match=", ".join(LOWER)):
        lower("best", 3)
    with pytest.raises(InputError, match="3 weights"):
        upper("isoperimetric", 3, weights=[0.5, 0.5])
