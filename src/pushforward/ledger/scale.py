"""One scale as the commands see it: its parameters, its plan, and where its jobs stand."""

import functools
import os
from collections.abc import Sequence
from pathlib import Path

from pushforward.errors import PushforwardError
from pushforward.ledger.estimate import Estimator
from pushforward.ledger.job import Job
from pushforward.ledger.make import retrain_allowed
from pushforward.ledger.names import PATTERNS
from pushforward.ledger.plan import Plan, plan
from pushforward.ledger.state import Ledger, State
from pushforward.ledger.targets import needed
from pushforward.specs.load import load
from pushforward.specs.params import Params

STATES = ("refused", "stale", "absent", "fresh")  # worst first


class Scale:
    """The scale of the working folder.

    Args:
        params: its parameters.
        everything: its plan.
    """

    def __init__(self, params: Params, everything: Plan) -> None:
        self.params, self.plan = params, everything
        self.ledger = Ledger(everything, retrain=retrain_allowed())
        self.refusals: dict[str, str] = {}

    @classmethod
    def open(cls) -> "Scale":
        """Read params.yaml.

        Raises:
            Missing: there is none here.
            InputError: it is not as it must be.
        """
        params = load()
        return cls(params, plan(params))

    @functools.cached_property
    def estimator(self) -> Estimator:
        """Estimates of jobs."""
        return Estimator(self.plan)

    def standing(self, job: Job) -> tuple[str, str]:
        """State of a job as a person should know it, one of `STATES`, and why."""
        try:
            state = self.ledger.state(job)
        except PushforwardError as error:
            return "refused", str(error)
        return ("refused" if state.status == "altered" else state.status), state.reason

    def needed(self, jobs: Sequence[Job]) -> list[Job]:
        """What would have to be made; jobs that are refused are noted in `refusals` and left out."""
        return needed(self.plan, jobs, self._admit)

    def _admit(self, job: Job) -> State:
        try:
            return self.ledger.admit(job)
        except PushforwardError as error:
            self.refusals[job.name] = str(error)
            return State("fresh", "refused")

    def save(self) -> None:
        """Keep digests and counts for the next call."""
        self.ledger.digest.save()
        if "estimator" in self.__dict__:
            self.estimator.counts.save()


def walking(jobs: Sequence[Job]) -> dict[str, list[Job]]:
    """Jobs by rule, in the order of the walk."""
    found = {rule: [job for job in jobs if job.rule == rule] for rule in PATTERNS}
    return {rule: own for rule, own in found.items() if own}


def device() -> str:
    """Where jobs would run here, found without torch: "cpu" or "cuda"."""
    wanted = os.environ.get("PUSHFORWARD_DEVICE", "auto").split(":")[0]
    if wanted != "auto":
        return wanted
    return "cuda" if Path("/proc/driver/nvidia/gpus").exists() else "cpu"
