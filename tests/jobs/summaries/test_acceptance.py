"""Acceptance of gates: formulas, printed thresholds, and what cannot be reached."""

import math

import pandas as pd
import pytest
from scipy.stats import norm

from pushforward.jobs.summaries import acceptance

UNIT10 = {"dim": 64, "latent": {"law": "simplicial", "components": 10, "score": "cosine", "norm": "unit"}}
ROOT100 = {"dim": 128, "latent": {"law": "simplicial", "components": 100, "score": "cosine", "norm": "sqrt_d"}}
TWO = {"dim": 3, "latent": {"law": "simplicial", "components": 2, "score": "cosine", "norm": "unit"}}


def run(made, gates, draws=2**14, scores=None):
    params = {"scale": "demo", "seed": 0, "gates": gates, "scores": scores or {}, "draws": draws}
    acceptance.run(params, {}, made.outs, made.root)
    return pd.read_csv(made.root / "out.csv", keep_default_na=False, na_values=[""]), made.page


@pytest.mark.parametrize(
    ("gate", "rates"),
    [(UNIT10, {0.135: 3.8, 0.14: 1.3, 0.1445: 0.44}), (ROOT100, {0.08: 38.5, 0.15: 4.0, 0.20: 1.05})],
)
def test_rates_at_the_printed_thresholds(made, gate, rates):
    frame, _ = run(made, {"g": {**gate, "taus": list(rates)}}, draws=2**16)
    own = frame[(frame["rule"] == "cosine") & (frame["given_as"] == "tau")].set_index("tau")
    assert (own["status"] == "ok").all() and (own["draws"] == 2**16).all()
    for tau, percent in rates.items():
        last_digit = 10.0 ** -len(str(percent).split(".")[1]) / 2
        reference = 100 * math.sqrt(percent / 100 * (1 - percent / 100) / 400_000)  # it was measured itself
        error = math.hypot(own["standard_error_pct"][tau], reference)
        assert abs(own["acceptance_pct"][tau] - percent) < last_digit + 4 * error


def test_standard_error_is_that_of_a_share(made):
    frame, _ = run(made, {"g": {**UNIT10, "taus": [0.135]}})
    row = made.one(frame, rule="cosine", given_as="tau")
    share = row["acceptance_pct"] / 100
    assert row["standard_error_pct"] == pytest.approx(100 * math.sqrt(share * (1 - share) / 2**14), rel=1e-6)


def test_all_three_definitions_stand_side_by_side(made):
    frame, page_text = run(made, {"g": {**UNIT10, "taus": [0.135]}})
    given = frame[frame["given_as"] == "tau"].set_index("rule")
    assert list(given.index) == ["dot", "neg_distance", "cosine"]
    assert list(given["name"].fillna("")) == ["", "", "g"]
    exact = 100 * (1 - norm.cdf(0.135) ** 10)
    assert given["exact_pct"]["dot"] == pytest.approx(exact)
    assert abs(given["acceptance_pct"]["dot"] - exact) < 4 * given["standard_error_pct"]["dot"]
    assert abs(given["acceptance_pct"]["neg_distance"] - 4.0) < 0.05 + 4 * given["standard_error_pct"]["neg_distance"]
    assert given["exact_pct"][["neg_distance", "cosine"]].isna().all()
    assert f"| 10 | 64 | 1 | 0.135 | {exact:.4g} |" in page_text


def test_gates_of_one_setting_share_their_latents_and_appear_once(made):
    other = {**UNIT10, "latent": {**UNIT10["latent"], "score": "neg_distance"}}
    frame, _ = run(made, {"a": {**UNIT10, "taus": [0.135]}, "b": {**other, "taus": [0.135, 0.14]}})
    given = frame[frame["given_as"] == "tau"]
    assert len(given) == 6 and not given.duplicated(["rule", "tau"]).any()
    assert set(given.loc[given["rule"] == "neg_distance", "name"]) == {"b"}


def test_an_unreachable_threshold_is_a_row_with_the_largest_reachable_one(made):
    gate = {**ROOT100, "latent": {**ROOT100["latent"], "norm": "unit"}, "taus": [0.08]}
    frame, page_text = run(made, {"g": gate})
    row = made.one(frame, rule="cosine", given_as="tau")
    # along u_1 - (mean of the others) the cosines are a and -a / 99 with a = sqrt(99 / 100)
    highest = 1 / (1 + 99 * math.exp(-math.sqrt(100 / 99)))
    assert (row["status"], row["acceptance_pct"]) == ("unreachable", 0)
    assert row["largest_reachable"] == pytest.approx(highest) and row["largest_met"] < highest
    assert f"no latent exceeds {highest:.4g}" in row["reason"]
    assert "| 100 | 128 | 1 | 0.08 | 100 | unreachable | unreachable |" in page_text
    assert not (frame["given_as"] == "acceptance").any()


def test_a_threshold_that_nobody_met_is_no_rate_of_zero(made):
    frame, page_text = run(made, {"g": {**UNIT10, "taus": [0.24]}})
    row = made.one(frame, rule="cosine", given_as="tau")
    assert row["status"] == "not met" and "of 16384 latents none exceeded" in row["reason"]
    assert row["largest_reachable"] == pytest.approx(0.24175, abs=1e-5) and "| not met |" in page_text


def test_equal_acceptance_names_the_margin_of_the_theory(made):
    # Two classes: |<z, u_1 - u_2>| / sqrt(2) is half a normal, so a margin keeps P(|g| > margin).
    frame, page_text = run(made, {"g": {**TWO, "taus": [0.6], "acceptances": [0.25]}})
    rate = made.one(frame, rule="cosine", given_as="tau")["acceptance_pct"]
    equal = frame[frame["given_as"] == "acceptance"]
    margins = equal[equal["rule"] == "gap"].set_index("acceptance_pct")
    assert margins["tau"].to_dict() == pytest.approx({s: norm.isf(s / 200) for s in (25.0, rate)}, rel=1e-6)
    assert (margins["exact_pct"] == margins.index).all()
    again = equal[(equal["rule"] == "cosine") & (equal["acceptance_pct"] == rate)]["tau"].item()
    assert again == pytest.approx(0.6, abs=1e-3)
    dot = equal[(equal["rule"] == "dot") & (equal["acceptance_pct"] == 25)].iloc[0]
    assert abs(dot["exact_pct"] - 25) < 4 * dot["standard_error_pct"]
    assert "theory: margin ε" in page_text


def test_a_margin_given_as_such_is_exact(made):
    latent = {**TWO["latent"], "score": "gap", "margin": 0.7}
    frame, _ = run(made, {"g": {"dim": 3, "latent": latent, "taus": []}})
    row = made.one(frame, given_as="margin")
    assert row["acceptance_pct"] == pytest.approx(200 * norm.sf(0.7)) and row["standard_error_pct"] == 0


def test_other_gates_are_listed(made):
    gate = {"dim": 64, "latent": {"law": "linear", "components": 10}, "taus": [0.23, 0.4]}
    frame, page_text = run(made, {"lin": gate})
    own = frame.set_index("tau")["acceptance_pct"]
    assert 27 < own[0.23] < 36 and 0.6 < own[0.4] < 1.4
    assert "| linear | 10 | 64 | – | 0.23 |" in page_text


def test_laws_of_runs_are_told_as_they_were_used(made):
    law = {"law": "simplicial", "dim": 8, "components": 4, "score": "cosine", "norm": "unit", "tau": 0.36}
    rate = {"rate": 0.04, "error": 0.001, "draws": 5000}
    files = {
        "gated": made.scored("a.json", [(1, 1)], law, rate),
        "plain": made.scored("b.json", [(1, 1)]),
        "renamed": made.scored("c.json", [(1, 1)], law, {"rate": 0.5, "standard_error": 0.01, "draws": 50}),
    }
    gate = {"dim": 64, "latent": {"law": "linear", "components": 10}, "taus": [0.23]}
    frame, page_text = run(made, {"lin": gate}, scores=files)
    frame = frame[frame["source"] == "run"]
    own = frame.set_index("name")
    assert own["acceptance_pct"].to_dict() == pytest.approx({"gated": 4, "plain": 100, "renamed": 50})
    assert own["standard_error_pct"].to_dict() == pytest.approx({"gated": 0.1, "plain": 0, "renamed": 1})
    assert own["tau"]["gated"] == 0.36 and own["sampling"]["gated"] == "trained"
    assert own["exact_pct"]["plain"] == 100 and math.isnan(own["exact_pct"]["gated"])
    assert "| r | 0 | trained | simplicial, cosine | 0.36 | 4.00 ± 0.10 |" in page_text
    assert "| r | 0 | trained | gaussian | – | 100 |" in page_text
