"""A costly result survives that its inputs are made anew."""

import os
from pathlib import Path

import pytest

from pushforward.artifacts import write_json
from pushforward.ledger import kept
from pushforward.ledger.digests import Digests
from pushforward.ledger.job import record_path

NAME = "results/models/x/s0.safetensors"
SPEC = {"name": NAME, "rule": "train", "params": {"lr": 1}, "outs": {"weights": NAME, "log": "results/logs/x.csv"}}
DEPS = {"data/d.npz": "a" * 32}


@pytest.fixture
def made(tmp_path, monkeypatch):
    """The outputs and the record of a job."""
    monkeypatch.chdir(tmp_path)
    for path in SPEC["outs"].values():
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(path)
    outs = {path: Digests(None)(path) for path in SPEC["outs"].values()}
    write_json(record_path(NAME), {"spec": SPEC, "deps": DEPS, "outs": outs, "facts": {}})


def delete():
    """What Snakemake does before it runs a job."""
    for path in (*SPEC["outs"].values(), record_path(NAME)):
        os.unlink(path)


def test_it_is_put_back_for_inputs_of_the_same_content(made):
    kept.keep(SPEC, Digests(None))
    delete()
    assert kept.take_back(SPEC, DEPS, Digests(None))
    assert Path(NAME).read_text() == NAME and record_path(NAME).exists()
    assert not list(kept.KEPT.glob("*"))


def test_it_stays_where_nothing_deleted_it(made):
    assert kept.take_back(SPEC, DEPS, Digests(None))


@pytest.mark.parametrize("what", ["deps", "spec", "bytes"])
def test_nothing_comes_back_for_anything_else(made, what):
    if what == "bytes":
        with open(NAME, "a") as file:
            file.write("!")
    kept.keep(SPEC, Digests(None))
    delete()
    spec = {**SPEC, "params": {"lr": 2}} if what == "spec" else SPEC
    deps = {"data/d.npz": "b" * 32} if what == "deps" else DEPS
    assert not kept.take_back(spec, deps, Digests(None))
    assert not os.path.exists(NAME)


def test_what_was_altered_after_it_was_kept_is_found_out(made):
    kept.keep(SPEC, Digests(None))
    delete()
    for path in kept.KEPT.glob("*/0"):
        path.write_text("other")
    assert not kept.take_back(SPEC, DEPS, Digests(None))
