"""The plan: every job that params.yaml asks for, from data to tables and figures, found by the file that it makes."""

from collections.abc import Iterable, Iterator

from pushforward.errors import InputError
from pushforward.ledger.job import Job
from pushforward.ledger.names import NETWORKS, PATTERNS
from pushforward.ledger.rules import making, measuring, reporting, summaries
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
    return Plan([*_made(params), *_measured(params), *_reported(params)])


def _made(params: Params) -> Iterator[Job]:
    """Data, oracles and trainings."""
    yield from (making.generate(params, name, own) for name, own in params.synthetic.items())
    yield from (making.prepare(params, name) for name in params.data)
    yield from (making.oracle(params, name) for name in params.oracles)
    for run in params.runs:
        yield from (making.train(params, run, seed) for seed in params.seeds_of(run))


def _measured(params: Params) -> Iterator[Job]:
    """Numbers, and what they are computed with."""
    scored, checked = measuring.scored(params), measuring.checked(params)
    used = {space for _, space, _ in scored} | {params.summaries.second_opinion.classifier}
    used |= {params.measures.disconnectedness.space} if checked else set()
    yield from (making.weights(network) for network in NETWORKS if network in used)
    pairs = dict.fromkeys((params.runs[run].dataset, space) for run, space, _ in scored)
    yield from (measuring.reference(params, dataset, space) for dataset, space in pairs)
    yield from (measuring.measure(params, run, seed) for run in params.runs for seed in params.seeds_of(run))
    for run, space, sampling in scored:
        yield from (measuring.score(params, run, seed, space, sampling) for seed in params.seeds_of(run))
    yield from (measuring.embed(params, dataset) for dataset in checked)


def _reported(params: Params) -> Iterator[Job]:
    """What a reader asks for."""
    yield from (reporting.sheet(params, run) for run in params.runs)
    yield from (reporting.table(params, name) for name in params.tables)
    yield from (reporting.architecture(params, name) for name in params.architectures)
    yield from (reporting.figure(params, name) for name in params.figures)
    yield from (summaries.summary(params, name) for name, _ in params.summaries)
    if params.theory.runs:
        yield reporting.theory(params)
