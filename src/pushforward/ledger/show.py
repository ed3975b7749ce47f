"""All that is known of one target: what it is made from, by which command, and why it would be made again."""

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

from pushforward.ledger import text
from pushforward.ledger.estimate import DEVICES
from pushforward.ledger.job import Job
from pushforward.ledger.scale import Scale, walking
from pushforward.ledger.targets import find

LINES = 30  # of parameters
FEW = 10  # files that are told one by one


def show(target: str) -> list[str]:
    """Describe a target; of a run its first training, and how many jobs more there are.

    Raises:
        InputError: there is no such target.
    """
    here = Scale.open()
    jobs = [*here.plan.of("train", run=target), *find(here.plan, target)]
    lines = describe(here, jobs[0])
    if len(jobs) > 1:
        lines += ["", f"{target} stands for {text.counted(len(jobs), 'job')}, of which this is the first:"]
        rows = [(f"  {rule}", str(len(own)), text.listed(text.called(own), 80)) for rule, own in walking(jobs).items()]
        lines += text.columns(rows, right=(1,))
    here.save()
    return lines


def spec(target: str) -> str:
    """The whole spec of a target, as JSON: parameters, files, and the digests of its code."""
    return json.dumps([job.spec() for job in find(Scale.open().plan, target)], indent=1)


def describe(here: Scale, job: Job) -> list[str]:
    """Everything about one job."""
    state, reason = here.standing(job)
    names = [f"seed {value}" if name == "seed" else value for name, value in job.wildcards.items()]
    what = f"{job.rule}: {', '.join(names)}" if names else job.rule
    facts = [
        ("what", f"{what}; scale {here.params.scale}"),
        ("state", f"{state}: {reason}" if reason else state),
        ("command", f"{command(here.params.scale, job.name)}"),
        ("or", f"python -m pushforward {_place(here.params.scale)}make {job.name}"),
        *_past(here, job),
        *_cost(here, job),
    ]
    lines = [job.name, *text.columns([(f"  {name}", value) for name, value in facts], width=160)]
    lines += ["inputs", *_files(here, job, job.deps)] if job.deps else ["inputs: none"]
    lines += ["outputs", *_files(here, job, job.outs), "parameters", *_parameters(job.params)]
    modules = [name.removeprefix("pushforward.") for name in job.spec()["code"]]
    return [*lines, f"code: {len(modules)} modules and files", f"  {text.listed(modules, text.WIDTH - 2)}"]


def command(scale: str, target: str) -> str:
    """How Snakemake is asked for a target, from the project's root."""
    return f"snakemake {_place(scale)}{target} --cores 2"


def _place(scale: str) -> str:
    return "" if scale == "paper" else f"--directory {scale} "


def _past(here: Scale, job: Job) -> Iterator[tuple[str, str]]:
    record = here.ledger.record(job)
    if record:
        facts = record["facts"]
        yield "made", f"in {text.duration(facts['seconds'])} on {facts['device']}, {facts['device_name']}"


def _cost(here: Scale, job: Job) -> Iterator[tuple[str, str]]:
    found = here.estimator(job)
    for device in DEVICES:
        if device in found.seconds:
            basis = f"{found.basis[device][0]}; with all that it needs: `pushforward cost`"
            yield "costs", f"by itself about {text.duration(found.seconds[device])} on {device} ({basis})"
    if found.operations:
        yield "", f"{text.operations(found.operations)}, {text.size(found.bytes)} of memory"


def _files(here: Scale, job: Job, files: Mapping[str, str]) -> list[str]:
    """Each file with size and state; many of them by the rule that makes them."""
    if len(files) <= FEW:
        return text.columns(
            (f"  {path}", text.size(os.path.getsize(path)) if os.path.exists(path) else "-", _state(here, job, path))
            for path in dict.fromkeys(files.values())
        )
    counts: dict[tuple[str, str], int] = {}
    for path in files.values():
        above = here.plan.owner(path)
        key = (above.rule if above else "file", here.standing(above)[0] if above else "")
        counts[key] = counts.get(key, 0) + 1
    return text.columns([(f"  {text.counted(n, 'file')} of {rule}", state) for (rule, state), n in counts.items()])


def _state(here: Scale, job: Job, path: str) -> str:
    above = here.plan.owner(path)
    if above is None:
        return ""
    if above.name != job.name:
        return f"{above.rule}: {here.standing(above)[0]}"
    record = here.ledger.record(job)
    if not os.path.exists(path):
        return "recorded, not here" if record else "not made yet"
    if record is None:
        return "not recorded"
    return "as recorded" if here.ledger.digest(path) == record["outs"].get(path) else "not the file that was recorded"


def _parameters(params: Mapping[str, Any]) -> list[str]:
    rows = [(f"  {name}", value) for name, value in _flat(params)]
    rest = [f"  and {len(rows) - LINES} more: `show --spec`"] if len(rows) > LINES else []
    return [*text.columns(rows[:LINES]), *rest]


def _flat(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """`a.b` and its value for each; what holds many things is only counted."""
    for key, own in value.items():
        name = f"{prefix}{key}"
        if isinstance(own, Mapping) and len(json.dumps(own)) < 2000 and own:
            yield from _flat(own, f"{name}.")
        elif isinstance(own, Mapping | list) and len(json.dumps(own)) > text.WIDTH:
            yield name, text.counted(len(own), "entry")
        else:
            yield name, json.dumps(own, ensure_ascii=False)
