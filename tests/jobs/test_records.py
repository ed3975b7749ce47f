import json
import math

import pytest

from pushforward.errors import Corrupt, Missing
from pushforward.jobs import records


def cell(value, status="ok"):
    return {"value": value, "status": status, "reason": "" if status == "ok" else f"because {status}"}


def entry(step, value, number=0, status="ok"):
    return {"step": step, "set": number, "printed": {"precision": cell(value, status)}, "corrected": {}}


def write(path, entries, key="samples"):
    path.write_text(json.dumps({"run": "run", key: entries}))
    return str(path)


def test_snapshots_are_one_axis_and_trainings_another(tmp_path):
    files = {
        "3": write(tmp_path / "a", [entry(1, 60.0), entry(2, 64.0)]),
        "0": write(tmp_path / "b", [entry(1, 70.0), entry(2, 74.0)]),
    }
    own = records.scores(files).reading("precision", "printed")
    assert (own.first.mean, own.first.over, own.first.n) == (62, "snapshots", 2)  # the seed that is given first
    assert (own.trainings.mean, own.trainings.over, own.trainings.n) == (67, "seeds", 2)
    assert own.means == {3: 62, 0: 72} and own.measured.others == (72,)
    assert own.facts()["first_training"]["over"] == "snapshots" and own.facts()["trainings"]["over"] == "seeds"


def test_sample_sets_of_one_snapshot_are_the_axis_only_if_there_is_one_snapshot(tmp_path):
    one = write(tmp_path / "one", [entry(5, 60.0, 0), entry(5, 62.0, 1), entry(5, 64.0, 2)])
    two = write(tmp_path / "two", [entry(5, 60.0, 0), entry(5, 64.0, 1), entry(9, 70.0, 0), entry(9, 72.0, 1)])
    own = records.scores({"0": one}).reading("precision", "printed").first
    assert (own.mean, own.n, own.over) == (62, 3, "sample sets")
    own = records.scores({"0": two}).reading("precision", "printed")
    assert own.values == {0: [62, 71]} and own.first.over == "snapshots"


def test_probes_are_always_over_snapshots(tmp_path):
    file = write(tmp_path / "m", [entry(5, 60.0)], "snapshots")
    assert records.measures({"0": file}).reading("precision", "printed").over == "snapshots"


@pytest.mark.fault("F33")
def test_undefined_numbers_keep_their_reason(tmp_path):
    files = {
        "0": write(tmp_path / "a", [entry(1, None, status="single_class"), entry(2, 64.0)]),
        "1": write(tmp_path / "b", [entry(1, None, 0, "constant"), entry(1, 10.0, 1), entry(2, 20.0, 0)]),
    }
    own = records.scores(files).reading("precision", "printed")
    assert (own.status, own.reason) == ("single_class", "because single_class")
    assert (own.first.mean, own.first.n, own.first.undefined) == (64, 1, 1)
    assert own.values[1] == [10, 20] and not own.measured.sound
    nothing = records.scores({"0": write(tmp_path / "c", [entry(1, None, status="constant")])})
    assert math.isnan(nothing.reading("precision", "printed").first.mean)


def test_what_is_not_there_is_named(tmp_path):
    own = records.scores({"0": write(tmp_path / "a", [entry(1, 60.0)])})
    with pytest.raises(Corrupt, match="expected recall under the protocol 'printed'"):
        own.reading("recall", "printed")
    with pytest.raises(Corrupt, match="'precision' is not there"):
        own.reading("precision", "corrected")
    with pytest.raises(Corrupt, match="holds no samples"):
        records.scores({"0": write(tmp_path / "b", [])}).reading("precision", "printed")
    with pytest.raises(Missing, match="none"):
        records.scores({"0": str(tmp_path / "none")})
