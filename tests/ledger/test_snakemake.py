import pytest

from pushforward.ledger import forkserver
from pushforward.ledger.snakemake import Bridge
from pushforward.ledger.unlock import MARK
from pushforward.specs.load import load


@pytest.mark.parametrize(("active", "local"), [(True, True), (True, False), (False, True)])
def test_a_run_begins_with_a_mark_and_a_server_where_jobs_run(small, monkeypatch, active, local):
    started = []
    monkeypatch.setattr(forkserver, "start", lambda **given: started.append(given))
    bridge = Bridge(load(), active, lambda: (False, frozenset()))
    assert started == []  # nothing for `snakemake -n`
    bridge.begin(local)
    assert MARK.exists() is active
    assert bool(started) is local
