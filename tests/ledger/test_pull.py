import shutil

import pytest

from pushforward.errors import Corrupt, InputError, Missing
from pushforward.ledger import store
from pushforward.ledger.plan import plan
from pushforward.ledger.pull import pull
from pushforward.ledger.status import status
from pushforward.ledger.store import opened
from pushforward.specs.load import load

from .conftest import RUN, WEIGHTS


def object_of(kind, path):
    """The object with a file's content, in the cache or on the remote."""
    with opened() as kept:
        digest = store.members(kept, kept.keeper(path))[path]
        return {"cache": kept.cache, "remote": kept.remote}[kind] / digest[:2] / digest[2:]


def forget(*what):
    """Remove files of the workspace, and the cache."""
    for path in what:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.rmtree(".dvc/cache")


@pytest.mark.fault("F23")
def test_a_clone_pulls_all_it_needs_and_nothing_is_to_be_made(shared):
    content = (shared / WEIGHTS).read_bytes()
    forget(shared / "results/models", shared / "data", shared / "results/oracles/digits.safetensors")
    lines = pull()
    assert lines[-1].endswith("7 fetched; all as recorded.")
    assert (shared / WEIGHTS).read_bytes() == content
    assert f"{len(plan(load()).jobs)} fresh" in status()[0]
    assert "0 fetched" in pull()[-1]


def test_a_target_pulls_only_what_it_rests_on(shared):
    forget(shared / "results/models", shared / "data")
    pull([RUN])
    assert (shared / WEIGHTS).exists()
    assert (shared / "data/digits.npz").exists()
    assert not (shared / "data/gaussians3.npz").exists()
    assert not (shared / "results/models/gaussians3-mlp-d3").exists()


def test_an_altered_file_is_replaced_by_the_recorded_one(shared, flip):
    content = (shared / WEIGHTS).read_bytes()
    flip(WEIGHTS)
    assert "1 fetched" in pull()[-1]
    assert (shared / WEIGHTS).read_bytes() == content


@pytest.mark.fault("F14")
def test_what_the_remote_does_not_have_is_named_with_stage_and_command(shared):
    object_of("remote", WEIGHTS).unlink()
    forget(shared / "results/models", shared / "data")
    with pytest.raises(Missing) as caught:
        pull()
    message = str(caught.value)
    assert caught.value.exit_code == 7
    assert f"{WEIGHTS} (stage train@{RUN})" in message
    assert "is not on remote 'shop'" in message
    assert f"`PUSHFORWARD_RETRAIN=1 snakemake train-{RUN}`" in message
    assert message.endswith("1 not to be had as recorded.")
    assert (shared / "results/models/gaussians3-mlp-d3/s0.safetensors").exists()  # the rest came
    lines = pull(lenient=True)
    assert lines[0].startswith(WEIGHTS)


def test_a_folder_s_list_that_is_gone(shared):
    with opened() as kept:
        name = kept.keeper(WEIGHTS).digest
        (kept.remote / name[:2] / name[2:]).unlink()
    forget(shared / "results/models")
    with pytest.raises(Missing, match=rf"results/models/{RUN} \(stage train@{RUN}\): {name} is not on remote"):
        pull()


def test_a_remote_that_is_gone(shared):
    with opened() as kept:
        shutil.rmtree(kept.remote.parent.parent)
    forget(shared / "data")
    with pytest.raises(Missing, match="is not on remote 'shop'"):
        pull(["digits"])


def test_a_flipped_bit_on_the_remote(shared, flip):
    flip(object_of("remote", WEIGHTS))
    forget(shared / "results/models")
    with pytest.raises(Corrupt, match=f"{WEIGHTS}.*altered on remote 'shop'") as caught:
        pull()
    assert caught.value.exit_code == 4
    assert not (shared / WEIGHTS).exists()


@pytest.mark.fault("F10")
def test_a_flipped_bit_in_the_cache(shared, flip):
    """DVC would check it out without a word."""
    place = object_of("cache", WEIGHTS)
    flip(place)
    (shared / WEIGHTS).unlink()
    with pytest.raises(Corrupt, match=r"was altered\. Delete that file, and pull again"):
        pull()
    assert not (shared / WEIGHTS).exists()
    place.chmod(0o644)
    place.unlink()
    pull()
    assert (shared / WEIGHTS).exists()


def test_what_travels_in_git_is_not_dvc_s(shared, flip):
    (shared / "results/table1.csv").unlink()
    with pytest.raises(Missing, match=r"travels in git: `git checkout -- results/table1\.csv`"):
        pull()
    shutil.copy(shared / "results/table1.md", shared / "results/table1.csv")
    with pytest.raises(Corrupt, match=r"results/table1\.csv is altered"):
        pull()


def test_what_was_recorded_but_never_pushed(shared):
    from pushforward import artifacts

    path = shared / f"results/records/models/{RUN}/s0.safetensors.json"
    record = artifacts.read_json(path)
    record["outs"][WEIGHTS] = "0" * 32
    artifacts.write_json(path, record)
    with pytest.raises(Missing, match="was recorded, but nobody shared it by `dvc repro` and push"):
        pull()


def test_what_is_cheap_and_was_never_pushed_is_left_to_be_made_again(shared):
    (shared / "data/digits.npz").unlink()
    lock = shared / "dvc.lock"
    lock.write_text(lock.read_text().replace("path: data/digits.npz", "path: data/other.npz"))
    *_, note, name, told = pull()
    assert note == "1 file that nobody shared, made again when wanted:" and name.strip() == "data/digits.npz"
    assert ", 1 left; all as recorded." in told
    assert not (shared / "data/digits.npz").exists()
    (shared / "data/digits.npz").write_text("something else")  # an altered file is told as one
    with pytest.raises(Missing, match=r"data/digits\.npz .* was recorded, but nobody shared it"):
        pull()


def test_what_was_never_made_is_counted(shared):
    shutil.rmtree(shared / "results/records/samples")
    assert pull()[0].startswith("2 jobs of these left no record yet")


@pytest.mark.fault("F46")
def test_a_folder_without_dvc_and_a_lock_that_cannot_be_read(shared):
    (shared / "dvc.lock").write_text("<<<<<<< HEAD\n")
    with pytest.raises(Corrupt, match=r"dvc\.lock.*git checkout"):
        pull()
    shutil.rmtree(shared / ".dvc")
    with pytest.raises(InputError, match="no DVC repository: clone"):
        pull()


def test_an_unknown_target(shared):
    with pytest.raises(InputError, match="Did you mean table1"):
        pull(["tabel1"])


@pytest.mark.fault("F47")
def test_passwords_in_addresses_are_not_told():
    assert store.redacted("fails: https://me:secret@host/x") == "fails: https://***@host/x"
