import os

import pytest

from pushforward.ledger import forkserver
from pushforward.ledger.handover import SOCKET
from pushforward.ledger.snakemake import Bridge
from pushforward.ledger.unlock import MARK
from pushforward.specs.load import load


@pytest.mark.parametrize(("active", "local"), [(True, True), (True, False), (False, False)])
def test_a_run_begins_with_a_mark_and_a_server_where_jobs_run(small, monkeypatch, active, local):
    started = []
    monkeypatch.setattr(forkserver, "start", lambda **given: started.append(given))
    bridge = Bridge(load(), active, lambda: (False, frozenset()))
    assert started == []  # nothing for `snakemake -n`
    bridge.begin(local)
    assert MARK.exists() is active
    assert bool(started) is local


@pytest.mark.parametrize("several", [True, False])
def test_a_job_of_a_cluster_leaves_the_server_of_who_submitted_it_alone(small, monkeypatch, several):
    """On the same machine it would be reached, and work outside of what the job was given."""
    seen = []
    monkeypatch.setattr(forkserver, "start", lambda **given: seen.append(os.environ.get(SOCKET)))
    monkeypatch.setenv(SOCKET, "elsewhere")
    Bridge(load(), False, lambda: (False, frozenset())).begin_on_node(several)
    assert SOCKET not in os.environ
    assert seen == [None] * several
    assert not MARK.exists()
