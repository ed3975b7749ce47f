"""What the Snakefile asks the ledger: inputs of a rule, with times that say fresh or stale."""

import contextlib
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from pushforward import artifacts
from pushforward.errors import Missing, PushforwardError
from pushforward.ledger import forkserver, handover, kept, unlock
from pushforward.ledger.job import Job, record_path
from pushforward.ledger.make import retrain_allowed
from pushforward.ledger.names import PATTERNS
from pushforward.ledger.plan import plan
from pushforward.ledger.state import FORCED, Ledger
from pushforward.specs.load import load
from pushforward.specs.params import Params

STALE, FRESH = 2, 1  # file times in seconds since 1970: all that Snakemake gets to compare


def read_params() -> Params:
    """params.yaml of the working folder; ends the process with one message where it is not as it must be."""
    try:
        return load("params.yaml")
    except PushforwardError as error:
        leave(error)


def leave(error: PushforwardError) -> NoReturn:
    """End Snakemake before any work: one message, our exit code, no traceback."""
    print(f"pushforward: {error}", file=sys.stderr, flush=True)
    sys.stdout.flush()
    os._exit(error.exit_code)


class Bridge:
    """Input functions for the rules.

    Snakemake runs a job when an input is newer than its outputs. The only input whose time counts is the job's spec
    file: the ledger sets it to 2 (stale) or 1 (fresh), and stale outputs to 1. No clock has a say.

    Args:
        params: checked parameters.
        active: False inside the jobs of a cluster, which must not decide again.
        forced: what -F and -R ask for.
    """

    def __init__(self, params: Params, active: bool, forced: Callable[[], tuple[bool, frozenset[str]]]) -> None:
        self.plan = plan(params)
        self.config = params.model_dump(mode="json")
        self.ledger = Ledger(self.plan, forced, retrain_allowed())
        self.active = active

    def begin(self, local: bool) -> None:
        """Say who works in this folder, and start the server that imports once for all jobs.

        For `onstart`, which Snakemake calls when there is something to do.

        Args:
            local: whether jobs run on this machine.
        """
        if self.active:
            unlock.mark()
        if local:
            forkserver.start(log="work/log/forkserver.log")

    def begin_on_node(self, several: bool) -> None:
        """Begin inside a job of a cluster: a server that the environment names is outside of what the job was given.

        Args:
            several: whether this Snakemake runs a group, whose jobs may share one import.
        """
        os.environ.pop(handover.SOCKET, None)
        if several:
            forkserver.start(log=f"work/log/forkserver-{os.getpid()}.log")

    def inputs(self, rule: str) -> Callable[[Any], dict[str, Any]]:
        """The input function of a rule, for Snakemake's `unpack`."""
        return lambda wildcards: self._inputs(rule, dict(wildcards.items()))

    def outputs(self, rule: str) -> dict[str, str]:
        """Output patterns of a rule, its record last."""
        patterns = PATTERNS[rule]
        return {**patterns, "ledger": str(record_path(next(iter(patterns.values()))))}

    def threads(self, rule: str) -> Callable[[Any], int]:
        """Threads of a job."""
        return lambda wildcards: self.plan.job(rule, dict(wildcards.items())).threads

    def _inputs(self, rule: str, wildcards: Mapping[str, str]) -> dict[str, Any]:
        try:
            job = self.plan.job(rule, dict(wildcards))
            state = self.ledger.admit(job) if self.active else None
        except PushforwardError as error:
            leave(error)
        if state is None:
            return {"spec": str(job.spec_path), **job.deps}
        if state.status == "stale" and job.precious and state.reason != FORCED:
            kept.keep(job.spec(), self.ledger.digest)
        self._mark(job, state.status == "stale")
        wanted = {k: p for k, p in job.deps.items() if state.status != "fresh" or self._here(p)}
        return {"spec": str(job.spec_path), **{k: self._edge(p) for k, p in wanted.items()}}

    def _mark(self, job: Job, stale: bool) -> None:
        spec = job.spec()
        written = None
        with contextlib.suppress(Missing):
            written = artifacts.read_json(job.spec_path)
        if written != spec:
            artifacts.write_json(job.spec_path, spec)
        if stale:
            for path in filter(os.path.exists, job.outs.values()):
                os.utime(path, (FRESH, FRESH))
        os.utime(job.spec_path, (STALE, STALE) if stale else (FRESH, FRESH))
        self.ledger.digest.save()

    def _here(self, path: str) -> bool:
        """Whether a fresh job need not do without this input; an upstream job with outputs missing is left alone."""
        above = self.plan.owner(path)
        return os.path.exists(path) and (above is None or self.ledger.state(above).status != "absent")

    def _edge(self, path: str) -> Any:
        """Times count only along edges to files that are about to be made anew."""
        from snakemake.io import ancient

        above = self.plan.owner(path)
        return path if above and self.ledger.state(above).status == "stale" else ancient(path)
