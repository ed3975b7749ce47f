"""What this scale makes: tables, figures, summaries and runs, with their state and what they still cost."""

import fnmatch
import re
from collections.abc import Sequence
from pathlib import Path

from pushforward.errors import InputError
from pushforward.ledger import text
from pushforward.ledger.job import Job
from pushforward.ledger.names import TRAININGS
from pushforward.ledger.scale import STATES, Scale, device, walking

FILES = {"table": "table", "figure": "figure", "theory": "theory", "summary": "summary"}
HEAD = ("target", "state", "to make", "", "what is missing")
FEW = 20  # runs that are told one by one


def listing(pattern: str = "", every: bool = False) -> list[str]:
    """One line a target: state, jobs to make, what they cost on this machine's device, what is missing.

    Args:
        pattern: shell pattern of what to show; all of it if empty.
        every: whether each run gets its line, however many there are.

    Raises:
        InputError: nothing has such a name.
    """
    here = Scale.open()
    files = [job for rule in FILES for job in sorted(here.plan.of(rule), key=lambda job: text.natural(job.name))]
    runs = sorted({job.wildcards["run"] for job in here.plan.of("train")}, key=text.natural)
    head = _head(here, runs)
    if pattern:
        files = [job for job in files if fnmatch.fnmatch(job.name, pattern) or fnmatch.fnmatch(_stem(job), pattern)]
        runs = [run for run in runs if fnmatch.fnmatch(run, pattern)]
        if not files and not runs:
            raise InputError(f"{pattern}: nothing of this name. `pushforward list` without it shows all.")
    told_singly = every or bool(pattern) or len(runs) <= FEW
    families = {run: [run] for run in runs} if told_singly else gathered(runs)
    rows = [_row(here, job.name, [job]) for job in files]
    rows += [_row(here, name, _jobs_of(here, own)) for name, own in families.items()]
    here.save()
    titles = (*HEAD[:3], f"on {device()}", HEAD[4])
    lines = text.columns([titles, *rows], right=(2, 3))
    return [head, "", *lines[: 1 + len(files)], *([""] if files and runs else []), *lines[1 + len(files) :]]


def gathered(runs: Sequence[str]) -> dict[str, list[str]]:
    """Runs that differ by the latent dimension only, together: `mnist-cnn-d{2,4,16}`."""
    families: dict[tuple[str, str], dict[str, str]] = {}
    for run in runs:
        found = re.fullmatch(r"(.*-d)(\d+)(.*)", run)
        before, dimension, after = found.groups() if found else (run, "", "")
        families.setdefault((before, after), {})[dimension] = run
    return {f"{before}{_braces(list(own))}{after}": list(own.values()) for (before, after), own in families.items()}


def _braces(dimensions: Sequence[str]) -> str:
    if len(dimensions) == 1:
        return dimensions[0]
    return f"{{{','.join(dimensions if len(dimensions) < 4 else (dimensions[0], '…', dimensions[-1]))}}}"


def _head(here: Scale, runs: Sequence[str]) -> str:
    parts = [text.counted(len(own), word) for rule, word in FILES.items() if (own := here.plan.of(rule))]
    trainings = text.counted(len(here.plan.of("train")), "training")
    return f"scale {here.params.scale}: {', '.join(parts)}; {text.counted(len(runs), 'run')} ({trainings})"


def _stem(job: Job) -> str:
    return Path(job.name).stem


def _jobs_of(here: Scale, runs: Sequence[str]) -> list[Job]:
    """All that belongs to runs: trainings, numbers, sheets of samples."""
    return [job for job in here.plan.jobs.values() if job.wildcards.get("run") in runs]


def _row(here: Scale, name: str, jobs: Sequence[Job]) -> tuple[str, ...]:
    states = [here.standing(job) for job in jobs]
    worst, reason = min(states, key=lambda state: STATES.index(state[0]))
    here.refusals.clear()
    missing = here.needed(jobs)
    counts = sorted(walking(missing).items(), key=lambda item: item[0] not in TRAININGS)  # the costly ones first
    told = ", ".join(f"{len(own)} {rule}" for rule, own in counts)
    held_up = walking([job for job in here.plan.jobs.values() if job.name in here.refusals])
    if told and held_up:
        told = f"{told}; held up by {', '.join(f'{len(own)} {rule}' for rule, own in held_up.items())}"
    seconds, unknown = here.estimator.seconds(missing, device())
    cost = text.at_least(seconds, unknown, len(missing)) if missing else ""
    return name, worst, str(len(missing) or ""), cost, reason if worst == "refused" else told or reason
