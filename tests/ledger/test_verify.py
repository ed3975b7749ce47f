import shutil

import pytest

from pushforward.errors import Corrupt, InputError, Missing
from pushforward.ledger.verify import verify

from .conftest import RUN, WEIGHTS
from .test_pull import object_of


def listing(folder):
    return {path: path.stat().st_mtime_ns for path in sorted(folder.rglob("*"))}


def test_everything_is_as_recorded_and_nothing_is_written(shared):
    before = listing(shared / "results") | listing(shared / "data") | listing(shared / ".dvc/cache")
    lines = verify()
    assert len(lines) == 1
    assert lines[0].endswith("all as recorded.")
    assert "cached objects" in lines[0]
    assert "stored objects" in lines[0]
    assert listing(shared / "results") | listing(shared / "data") | listing(shared / ".dvc/cache") == before
    assert not (shared / "work/digests.json").exists()


@pytest.mark.fault("F10")
@pytest.mark.parametrize("place", ["workspace", "cache", "remote"])
def test_a_flipped_bit_is_found_and_named(shared, flip, place):
    path = shared / WEIGHTS if place == "workspace" else object_of(place, WEIGHTS)
    flip(path)
    with pytest.raises(Corrupt) as caught:
        verify()
    lines = str(caught.value).splitlines()
    assert caught.value.exit_code == 4
    assert len(lines) == 2
    assert lines[0].split(":")[0].endswith(path.name)
    assert lines[1].endswith("1 ALTERED.")


def test_a_target_is_looked_at_alone(shared, flip):
    flip(object_of("cache", WEIGHTS))
    assert verify(["gaussians3-mlp-d3"])[-1].endswith("all as recorded.")
    with pytest.raises(Corrupt):
        verify([RUN])


def test_absent_files_are_counted_and_no_fault(shared):
    (shared / WEIGHTS).unlink()
    assert "1 recorded file not here: all as recorded." in verify()[-1]


@pytest.mark.fault("F46")
def test_a_record_that_cannot_be_read(shared):
    (shared / "results/records/table1.csv.json").write_text("<<<<<<< HEAD")
    with pytest.raises(Corrupt, match=r"table1.csv.json: no record any more; restore it with `git checkout"):
        verify()


def test_a_list_of_a_folder_is_an_object_too(shared, flip):
    flip(next((shared / ".dvc/cache").rglob("*.dir")))
    with pytest.raises(Corrupt, match=r"\.dir: not what its name says"):
        verify()


def test_without_dvc_and_with_an_unknown_target(shared):
    with pytest.raises(InputError, match="Did you mean table1"):
        verify(["tabel1"])
    shutil.rmtree(shared / ".dvc")
    with pytest.raises(InputError, match="no DVC repository"):
        verify()
    (shared / "params.yaml").unlink()
    with pytest.raises(Missing, match=r"params\.yaml is not here"):
        verify(["table1"])
