"""What it would cost to make targets, told before anything starts."""

from collections.abc import Sequence

from pushforward.ledger import text
from pushforward.ledger.estimate import DEVICES, Estimate
from pushforward.ledger.job import Job
from pushforward.ledger.scale import Scale, walking
from pushforward.ledger.targets import find_all, with_upstream

HEAD = ("kind", "jobs", "operations", "memory", *DEVICES)
NOTE = (
    "Times are of one job after the other; `>`: of some jobs nothing is known. Memory is that of one training: data, "
    "weights, gradients, Adam's moments and activations in float32; the libraries want 0.5 GB beside it on a CPU."
)


def costs(wanted: Sequence[str], anew: bool = False) -> list[str]:
    """A table of time and memory by kind of job, and what it rests on.

    Args:
        wanted: targets; everything if empty.
        anew: as if nothing had been made.

    Raises:
        InputError: there is no such target.
    """
    here = Scale.open()
    jobs = find_all(here.plan, wanted)
    whole = with_upstream(here.plan, jobs)
    missing = whole if anew else here.needed(jobs)
    estimates = {job.name: here.estimator(job) for job in missing}
    here.save()
    name = ", ".join(wanted) or "everything"
    head = f"{name}, scale {here.params.scale}: {len(missing)} of {text.counted(len(whole), 'job')} to be made"
    if not missing:
        return [*_refused(here), f"{head}."]
    rows = [_row(rule, own, estimates) for rule, own in walking(missing).items()]
    table = text.columns([HEAD, *rows, _row("total", missing, estimates)], right=range(1, len(HEAD)))
    return [*_refused(here), head, "", *table, "", *_basis(here, missing, estimates), "", *text.wrapped(NOTE)]


def _row(name: str, jobs: Sequence[Job], estimates: dict[str, Estimate]) -> tuple[str, ...]:
    found = [estimates[job.name] for job in jobs]
    operations, held = sum(each.operations for each in found), max(each.bytes for each in found)
    times = []
    for device in DEVICES:
        known = [each.seconds[device] for each in found if device in each.seconds]
        times.append(text.at_least(sum(known), len(found) - len(known), len(found)))
    counted = (text.operations(operations) if operations else "", text.size(held) if held else "")
    return name, str(len(jobs)), *counted, *times


def _basis(here: Scale, jobs: Sequence[Job], estimates: dict[str, Estimate]) -> list[str]:
    """What the times rest on, each thing once; and of which jobs nothing is known."""
    rows = []
    for device in DEVICES:
        told: dict[str, dict[str, None]] = {}
        for job in jobs:
            if device in (own := estimates[job.name].basis):
                told.setdefault(own[device][0], {})[own[device][1]] = None
        words = [f"{text.listed(list(kinds), 70)}: {why}" for why, kinds in told.items()]
        if unknown := walking([job for job in jobs if device not in estimates[job.name].seconds]):
            words.append(f"{text.listed(list(unknown), 70)}: none recorded")
        rows += [(device if each is words[0] else "", each) for each in words]
    problems = [f"{name} cannot be counted: {why}" for name, why in here.estimator.problems.items()]
    return [*text.columns(rows), *(line for each in problems for line in text.wrapped(each))]


def _refused(here: Scale) -> list[str]:
    return [f"refused: {why}" for why in dict.fromkeys(here.refusals.values())]
