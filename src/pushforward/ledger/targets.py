"""What a person may ask for, and the jobs behind it."""

import difflib
from collections.abc import Callable, Sequence

from pushforward.errors import InputError
from pushforward.ledger.job import Job
from pushforward.ledger.plan import Plan
from pushforward.ledger.state import State

# A run's id stands for the numbers of its trainings.
OF_A_RUN = ("measure", "score")


def find(everything: Plan, name: str) -> list[Job]:
    """The jobs that a name stands for: a file or folder, a run, `train-RUN`, or what a table or data set is called.

    Raises:
        InputError: nothing has this name; the message says what comes near.
    """
    name = name.removeprefix("./").rstrip("/")
    if job := everything.owner(name):
        return [job]
    if name == "all":
        return ends(everything)
    if inside := [job for job in everything.jobs.values() if any(p.startswith(f"{name}/") for p in job.outs.values())]:
        return inside
    index = names(everything)
    if name not in index:
        near = difflib.get_close_matches(name, [*index, *everything.jobs], 3, cutoff=0.6)
        hint = f" Did you mean {', '.join(near[:-1])}{' or ' if near[1:] else ''}{near[-1]}?" if near else ""
        raise InputError(f"{name}: no file that this scale makes, nor a run of it.{hint} `pushforward list` shows all.")
    return index[name]


def find_all(everything: Plan, wanted: Sequence[str]) -> list[Job]:
    """The jobs behind several names, each once; all ends where no name is given."""
    jobs = [job for name in wanted for job in find(everything, name)] if wanted else ends(everything)
    return list({job.name: job for job in jobs}.values())


def names(everything: Plan) -> dict[str, list[Job]]:
    """Short names, each with its jobs."""
    index: dict[str, list[Job]] = {}
    for job in everything.jobs.values():
        run = job.wildcards.get("run")
        if run:
            index.setdefault(f"{job.rule}-{run}", []).append(job)
            if job.rule in OF_A_RUN:
                index.setdefault(run, []).append(job)
    for job in everything.jobs.values():
        if "run" not in job.wildcards:
            short = next(iter(job.wildcards.values()), job.rule)
            index.setdefault(short, [job])
    return index


def ends(everything: Plan) -> list[Job]:
    """Jobs on which no other job rests."""
    inner = {
        above.name for job in everything.jobs.values() for p in job.deps.values() if (above := everything.owner(p))
    }
    return [job for job in everything.jobs.values() if job.name not in inner]


def with_upstream(everything: Plan, jobs: Sequence[Job]) -> list[Job]:
    """Jobs and all that they rest on, deepest first, each once."""
    found: dict[str, Job] = {}
    for job in jobs:
        if job.name not in found:
            found |= {above.name: above for above in everything.upstream(job)} | {job.name: job}
    return list(found.values())


def needed(everything: Plan, jobs: Sequence[Job], admit: Callable[[Job], State]) -> list[Job]:
    """What has to be made to bring jobs up to date, deepest first.

    Args:
        everything: the plan.
        jobs: those wanted.
        admit: gives the state of a job; what it raises ends the search.
    """
    found: dict[str, Job] = {}

    def want(job: Job) -> None:
        if job.name in found or admit(job).status == "fresh":
            return
        for path in job.deps.values():
            if above := everything.owner(path):
                want(above)
        found[job.name] = job

    for job in jobs:
        want(job)
    return list(found.values())
