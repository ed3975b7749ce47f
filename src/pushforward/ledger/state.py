"""Which jobs are fresh: their record agrees with their spec and with the content of their files."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from pushforward import artifacts
from pushforward.errors import Corrupt, Missing
from pushforward.ledger.digests import Digests
from pushforward.ledger.job import Job
from pushforward.ledger.plan import Plan

Status = Literal["fresh", "stale", "absent", "altered"]
FORCED = "forced"


@dataclass(frozen=True)
class State:
    """Where a job stands, and why.

    fresh: all outputs are here and as recorded. stale: it must run. absent: recorded, nothing changed, but an output is
    not here. altered: a precious output is here, but is not the file that was recorded.
    """

    status: Status
    reason: str = ""


class Ledger:
    """Answers for the jobs of a plan in the current folder.

    Args:
        plan: all jobs.
        forced: gives whether all jobs are forced, and the names of forced rules and files.
        retrain: whether a precious output that is missing or altered may be made again.
    """

    def __init__(
        self,
        plan: Plan,
        forced: Callable[[], tuple[bool, frozenset[str]]] = lambda: (False, frozenset()),
        retrain: bool = False,
    ) -> None:
        self.plan, self.forced, self.retrain = plan, forced, retrain
        self.digest = Digests()
        self._states: dict[str, State] = {}
        self._records: dict[str, dict[str, Any] | None] = {}

    def state(self, job: Job) -> State:
        """State of a job; those upstream are looked at first."""
        if job.name not in self._states:
            self._states[job.name] = self._decide(job)
        return self._states[job.name]

    def record(self, job: Job) -> dict[str, Any] | None:
        """The job's record, None where there is none.

        Raises:
            Corrupt: the record is there but cannot be read (a merge conflict, say).
        """
        if job.name not in self._records:
            try:
                self._records[job.name] = artifacts.read_json(job.record_path)
            except Missing:
                self._records[job.name] = None
            except Corrupt as error:
                raise Corrupt(
                    f"{error} Restore it with `git checkout -- {job.record_path}`, or delete it to run again."
                ) from None
        return self._records[job.name]

    def _decide(self, job: Job) -> State:
        everything, names = self.forced()
        if everything or job.rule in names or names & set(job.outs.values()):
            return State("stale", FORCED)
        record = self.record(job)
        if record is None:
            return State("stale", "not made yet")
        if why := difference(record["spec"], job.spec()):
            return State("stale", why)
        for path in job.deps.values():
            if why := self._changed(path, record["deps"].get(path)):
                return State("stale", why)
        return self._outputs(job, record["outs"])

    def _changed(self, path: str, recorded: str | None) -> str:
        """Why an input is not what the job was made from; empty if it is."""
        upstream = self.plan.owner(path)
        if upstream and (state := self.state(upstream)).status == "stale":
            return f"{path} is to be made anew ({state.reason})"
        if os.path.exists(path):
            now: str | None = self.digest(path)
        elif upstream:
            known = self.record(upstream)
            now = known["outs"].get(path) if known else None
        else:
            return f"{path} is missing"
        return "" if now == recorded else f"the content of {path} changed"

    def _outputs(self, job: Job, recorded: dict[str, str]) -> State:
        here = {path: os.path.exists(path) for path in job.outs.values()}
        for path in (p for p in here if here[p] and self.digest(p) != recorded.get(p)):
            return State(
                "altered" if job.precious and not self.retrain else "stale", f"{path} is not the file that was recorded"
            )
        missing = [path for path in here if not here[path]]
        return State("absent", f"{missing[0]} is recorded, but not here") if missing else State("fresh")

    def admit(self, job: Job) -> State:
        """State of a job that is wanted here; refuses to make a costly file a second time.

        Raises:
            Corrupt: a precious output is not the file that was recorded.
            Missing: a precious output was made once and is not here.
        """
        state = self.state(job)
        advice = "Restore it with `make pull`, if it was shared; PUSHFORWARD_RETRAIN=1 allows to train it again."
        if state.status == "altered":
            raise Corrupt(f"{state.reason}. {advice}")
        if state.status == "absent" and job.precious and not self.retrain:
            raise Missing(f"{state.reason}. {advice}")
        return state


def difference(then: Any, now: Any, path: str = "") -> str:
    """First difference between a recorded spec and the present one, in words; empty if there is none."""
    if isinstance(then, dict) and isinstance(now, dict):
        for key in sorted(then.keys() | now.keys()):
            inner = f"{path}.{key}" if path else str(key)
            if why := difference(then.get(key), now.get(key), inner):
                return why
        return ""
    if then == now:
        return ""
    if path.startswith("code."):
        return f"the code of {path.removeprefix('code.')} changed"
    return f"{path}: {then!r} -> {now!r}"
