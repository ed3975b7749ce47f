"""The plan: every job that params.yaml asks for, from data to tables and figures, found by the file that it makes."""

from collections.abc import Iterable, Iterator

from pushforward.errors import InputError
from pushforward.ledger import rules
from pushforward.ledger.job import Job
from pushforward.ledger.names import PATTERNS
from pushforward.specs.params import Params


class Plan:
    """All jobs of one scale, found by the file that they make."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        self.jobs: dict[str, Job] = {job.name: job for job in jobs}
        self._owners = {path: job for job in self.jobs.values() for path in job.outs.values()}

    def owner(self, path: str) -> Job | None:
        """The job that makes a file; None for a file that no job makes."""
        return self._owners.get(path)

    def of(self, rule: str, **wildcards: str) -> list[Job]:
        """Jobs of a rule whose wildcards agree with those given."""
        return [j for j in self.jobs.values() if j.rule == rule and wildcards.items() <= j.wildcards.items()]

    def job(self, rule: str, wildcards: dict[str, str]) -> Job:
        """The job of a rule with these wildcards.

        Raises:
            InputError: params.yaml declares no such job.
        """
        first = next(iter(PATTERNS[rule].values()))
        path = first.format(**wildcards)
        if path not in self.jobs:
            raise InputError(
                f"{path}: params.yaml declares nothing of this name. `pushforward list` shows what there is."
            )
        return self.jobs[path]

    def upstream(self, job: Job) -> Iterator[Job]:
        """Everything that a job rests on, deepest first, without the job."""
        seen: set[str] = set()

        def walk(node: Job) -> Iterator[Job]:
            for path in node.deps.values():
                if (above := self.owner(path)) and above.name not in seen:
                    seen.add(above.name)
                    yield from walk(above)
                    yield above

        yield from walk(job)


def plan(params: Params) -> Plan:
    """All jobs that the parameters declare."""
    jobs = [rules.prepare(params, name) for name in params.datasets if params.datasets[name].kind != "synthetic"]
    jobs += [rules.oracle(params, name) for name in params.oracles]
    jobs += [rules.reference(params, name) for name in params.datasets]
    for run in params.runs:
        seeds = params.seeds_of(run)
        jobs += [job for seed in seeds for job in (rules.train(params, run, seed), rules.measure(params, run, seed))]
        jobs.append(rules.sheet(params, run))
    jobs += [rules.table(params, name) for name in params.tables]
    jobs += [rules.figure(params, name) for name in params.figures]
    if params.theory.runs:
        jobs.append(rules.theory(params))
    return Plan(jobs)
