import pandas as pd
import pytest

from pushforward.report import theory
from pushforward.theory.errata import Erratum

ERRATUM = Erratum("Lemma", "a <= b", "m = 2", "precision", "<=", 0.92034, 0.96013, "a <= c", 0.96013)


def row(**given):
    facts = {"run": "triangle", "seed": 0, "m": 3, "d": 2, "distance_least": 2.0, "slope_q50": 1.0, "slope_max": 4.0}
    verdict = {"side": "upper", "bound": "isoperimetric", "value": 0.9, "holds": "yes", "applies": "yes", "reason": ""}
    return {**facts, **verdict, "within": "mode", "radius": 0.1, "alpha": 0.8, **given}


def line(page, start):
    return next(text for text in page.splitlines() if text.startswith(start))


def test_statement_counterexample_and_correction_stand_side_by_side():
    page = theory.markdown([ERRATUM], pd.DataFrame())
    assert line(page, "| 1 |") == "| 1 | Lemma | a <= b | precision | <= 0.9203 | 0.9601 | <= 0.9601 | false |"
    assert "1. **Lemma.** m = 2. Holds instead: a <= c." in page
    assert "No such run is declared" in page and page.endswith("\n")


def test_verdicts_are_counted_and_reasons_told_without_their_numbers():
    rows = [
        row(bound=bound, within=within, seed=seed, holds=holds, value=value, reason=reason)
        for bound in theory.SHOWN
        for within in ("mode", "quarter")
        for seed, (holds, value, reason) in enumerate(
            [("yes", 0.9, ""), ("no", 0.7, "1/m = 0.33"), ("", float("nan"), "1/m = 0.25")]
        )
    ]
    page = theory.markdown([ERRATUM], pd.DataFrame(rows))
    assert line(page, "| upper | ICML").endswith("| 1 of 2 (of 3) | 1 of 2 (of 3) | 1/m = … (4) |")


def test_runs_have_means_over_their_trainings():
    rows = [
        row(bound=bound, within=within, seed=seed, alpha=alpha + shift, value=alpha + (bound == "sharp"))
        for bound in theory.SHOWN
        for within, shift in (("mode", 0.0), ("quarter", 0.1))
        for seed, alpha in enumerate((0.6, 0.8))
    ]
    cells = line(theory.markdown([ERRATUM], pd.DataFrame(rows)), "| triangle |").split(" | ")
    assert cells[:5] == ["| triangle", "3", "2", "2", "0.050"]
    assert float(cells[5].split(" ± ")[0]) == pytest.approx(0.7) and float(cells[6].split(" ± ")[0]) == pytest.approx(
        0.8
    )
    assert cells[9] == "0.700 ± 1.271" and cells[12].startswith("1.70 ± ")
