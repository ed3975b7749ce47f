"""Make targets in order, in one process: what Snakemake does side by side, without Snakemake."""

import logging
import os

from pushforward.ledger import run as runner
from pushforward.ledger.job import Job
from pushforward.ledger.plan import Plan, plan
from pushforward.ledger.state import Ledger
from pushforward.ledger.targets import find_all, needed
from pushforward.specs.load import load

log = logging.getLogger(__name__)


def retrain_allowed() -> bool:
    """Whether the person allows precious files to be made a second time."""
    return os.environ.get("PUSHFORWARD_RETRAIN", "0") not in ("", "0")


def make(targets: list[str]) -> None:
    """Bring targets up to date.

    Args:
        targets: files, ids of runs, or whatever else `targets.find` knows.

    Raises:
        InputError: there is no such target.
        Corrupt, Missing: a precious file was altered or is gone; it is not made again silently.
    """
    everything = plan(load())
    for job in find_all(everything, targets):
        _bring_up_to_date(everything, job)


def _bring_up_to_date(everything: Plan, job: Job) -> None:
    ledger = Ledger(everything, retrain=retrain_allowed())  # anew for every job: the one before changed files
    wanted = needed(everything, [job], ledger.admit)
    for node in wanted:
        log.info("%s: %s", node.name, ledger.state(node).reason)
    for node in wanted:
        runner.run(node.spec())
    if not wanted:
        log.info("%s: nothing to do", job.name)
