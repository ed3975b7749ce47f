"""Where the jobs of a scale stand, gathered so that a person can read it."""

import re
from collections.abc import Sequence

from pushforward.ledger import text
from pushforward.ledger.job import Job
from pushforward.ledger.scale import STATES, Scale, walking
from pushforward.ledger.targets import find_all, with_upstream

MEANING = {
    "refused": "not made until a person decides",
    "stale": "will be made anew",
    "absent": "recorded, but not here: `pushforward pull`, or made again where that is cheap",
    "fresh": "as recorded",
}
LINES = 16  # of a state, unless everything is asked for


def status(wanted: Sequence[str] = (), every: bool = False) -> list[str]:
    """How many jobs are refused, stale, absent and fresh; which, and why.

    Args:
        wanted: targets, to see only them and what they rest on; all jobs if empty.
        every: whether every line is shown, however many there are.

    Raises:
        InputError: there is no such target.
    """
    here = Scale.open()
    jobs = with_upstream(here.plan, find_all(here.plan, wanted)) if wanted else list(here.plan.jobs.values())
    standing = {job.name: here.standing(job) for job in jobs}
    here.save()
    found = {state: [job for job in jobs if standing[job.name][0] == state] for state in STATES}
    of = f" of {', '.join(wanted)}" if wanted else ""
    counts = ", ".join(f"{len(found[state])} {state}" for state in reversed(STATES))
    lines = [f"scale {here.params.scale}: {text.counted(len(jobs), 'job')}{of}: {counts}"]
    for state in (state for state in STATES if found[state]):
        reasons = {job.name: standing[job.name][1] for job in found[state]}
        told = _gathered(here, found[state], reasons)
        shown = told if every or len(told) <= LINES else told[: LINES - 1]
        rest = [f"  and {len(told) - len(shown)} lines more: `--all`"] if len(shown) < len(told) else []
        lines += ["", f"{state}: {MEANING[state]}", *shown, *rest]
    return lines


def _gathered(here: Scale, jobs: Sequence[Job], reasons: dict[str, str]) -> list[str]:
    """One line a rule and reason: how many jobs, which, why."""
    rows: list[tuple[str, list[str], str]] = []
    for rule, own in walking(jobs).items():
        groups: dict[str, list[Job]] = {}
        for job in own:
            groups.setdefault(_brief(here, job, reasons[job.name]), []).append(job)
        for reason, alike in groups.items():
            rows.append((f"  {rule:10}{len(alike):4}", text.called(alike), reason))
    place = text.WIDTH - max(len(reason) for _, _, reason in rows) - max(len(rule) for rule, _, _ in rows) - 4
    return text.columns((rule, text.listed(names, max(place, 32)), reason) for rule, names, reason in rows)


def _brief(here: Scale, job: Job, reason: str) -> str:
    """A reason that says the same of all jobs that share it: rules instead of files."""
    if found := re.match(r"(\S+) is to be made anew|the content of (\S+) changed", reason):
        above = here.plan.owner(found[1] or found[2])
        return f"{'after its' if found[1] else 'files changed of its'} {above.rule}" if above else reason
    if reason.endswith("is recorded, but not here"):
        return ""
    return re.sub(rf"\S*{re.escape(job.name)}\b", "it", reason)
