"""Make targets in order, in one process: what Snakemake does side by side, without Snakemake."""

import logging
import os

from pushforward.errors import InputError
from pushforward.ledger import run as runner
from pushforward.ledger.job import Job
from pushforward.ledger.plan import Plan, plan
from pushforward.ledger.state import Ledger
from pushforward.specs.load import load

log = logging.getLogger(__name__)


def retrain_allowed() -> bool:
    """Whether the person allows precious files to be made a second time."""
    return os.environ.get("PUSHFORWARD_RETRAIN", "0") not in ("", "0")


def make(targets: list[str]) -> None:
    """Bring targets up to date: files, or ids of runs.

    Raises:
        InputError: there is no such target.
        Corrupt, Missing: a precious file was altered or is gone; it is not made again silently.
    """
    everything = plan(load())
    for target in targets:
        for job in _jobs(everything, target):
            # States are read anew for every target: the one before may have changed files.
            _bring_up_to_date(Ledger(everything, retrain=retrain_allowed()), everything, job)


def _jobs(everything: Plan, target: str) -> list[Job]:
    if job := everything.owner(target):
        return [job]
    found = everything.of("measure", run=target)
    if not found:
        raise InputError(f"{target}: neither a file that this scale makes nor a run. `pushforward list` shows both.")
    return found


def _bring_up_to_date(ledger: Ledger, everything: Plan, job: Job) -> None:
    needed: dict[str, Job] = {}

    def want(node: Job) -> None:
        state = ledger.admit(node)
        if state.status == "fresh" or node.name in needed:
            return
        for path in node.deps.values():
            above = everything.owner(path)
            if above and (not os.path.exists(path) or ledger.state(above).status != "fresh"):
                want(above)
        needed[node.name] = node
        log.info("%s: %s", node.name, state.reason)

    want(job)
    for node in needed.values():
        runner.run(node.spec())
    if not needed:
        log.info("%s: nothing to do", job.name)


def overview() -> list[str]:
    """One line a target: state, name, reason."""
    everything = plan(load())
    ledger = Ledger(everything)
    lines = []
    for rule in ("table", "sheet", "measure"):
        for job in everything.of(rule):
            state = ledger.state(job)
            lines.append(f"{state.status:8} {job.name:50} {state.reason}")
    return lines
