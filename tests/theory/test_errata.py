import operator

import pytest

from pushforward.theory.errata import errata

SENSE = {"<=": operator.le, ">=": operator.ge}


@pytest.fixture(scope="module")
def records():
    return errata()


def test_every_statement_called_false_is_contradicted(records):
    assert len(records) == 11
    for record in records:
        assert not SENSE[record.sense](record.true, record.printed), record.where


def test_every_corrected_statement_holds(records):
    for record in records:
        if record.verdict == "false" and "jump" not in record.quantity:
            assert SENSE[record.sense](record.true, record.corrected_value + 1e-6 * (record.sense == "<=")), (
                record.where
            )


def test_values_are_those_checked_by_hand(records):
    values = {(r.where, r.quantity): (r.printed, r.true) for r in records}
    assert values["ICML Lemma 3.5", "precision"] == pytest.approx((0.9203, 0.9601), abs=5e-5)
    assert values["ICML Corollary 3.6", "precision"] == pytest.approx((0.9814, 0.9840), abs=5e-5)
    assert values["ICML A.2, third step", "t"] == pytest.approx((1.517, 1.282), abs=5e-4)
    ratio = values["ICML A.2, third step", "phi(t)"]
    assert ratio[1] / ratio[0] == pytest.approx(0.958, abs=5e-4)
    norm = "norm of the Jacobian, in D / eps"
    assert values["v1, proof of Theorem 2", norm] == pytest.approx((8.0, 16.0), rel=1e-3)
    assert values["ICML A.3", norm] == pytest.approx((20.0, 25.0), rel=1e-3)
    jumps = [r.true for r in records if r.quantity.startswith("jump")]
    assert jumps == pytest.approx([0.1299, 0.3], abs=1e-4)
    assert all(r.corrected_value < 1e-8 for r in records if r.quantity.startswith("jump"))
