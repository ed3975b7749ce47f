"""A job's unfinished work is its own."""

import signal
import sys
import types
from pathlib import Path

import pytest

from pushforward.errors import Interrupted
from pushforward.ledger import run


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Folders of unfinished work that an interrupted job was given, in order; gives also how to start it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PUSHFORWARD_DEVICE", "cpu")
    for name, value in run.pool_sizes(1).items():  # what a job says to its process is taken back
        monkeypatch.setenv(name, value)
    given: list[Path] = []

    def work(params, deps, outs, scratch):
        scratch.mkdir(parents=True, exist_ok=True)
        given.append(scratch)
        raise Interrupted("stopped", signal.SIGTERM)

    doorway = types.ModuleType("doorway")
    doorway.run = work
    monkeypatch.setitem(sys.modules, "doorway", doorway)

    def start(**changes):
        spec = {
            **{"name": "results/x", "module": "doorway", "rule": "odd", "wildcards": {}, "params": {"lr": 1e-4}},
            **{"threads": 1, "deps": {}, "outs": {"x": "results/x"}, "code": {"m": "0"}, **changes},
        }
        with pytest.raises(Interrupted):
            run.run(spec)

    return given, start


@pytest.mark.fault("F07")
def test_other_parameters_or_other_code_never_go_on_from_it(folders):
    given, start = folders
    start()
    start(params={"lr": 2e-4})
    start(code={"m": "1"})
    start()
    first, other, newer, again = given
    assert first == again
    assert len({first, other, newer}) == 3
    assert all(folder.is_dir() for folder in given), "changing back goes on with the old one"
