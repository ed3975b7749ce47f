"""What jobs would cost: operations and memory counted from the networks, seconds from records of jobs like them."""

import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field

from pushforward.errors import PushforwardError
from pushforward.ledger import text
from pushforward.ledger.counts import Counts, network
from pushforward.ledger.extent import Extent, Lookup, extent, given
from pushforward.ledger.job import Job
from pushforward.ledger.names import TRAININGS
from pushforward.ledger.past import Done, architectures, recorded
from pushforward.ledger.plan import Plan

DEVICES = ("cpu", "cuda")
OWN = "its own record"


@dataclass(frozen=True)
class Estimate:
    """Cost of one job, or of several one after the other.

    Attributes:
        seconds: by device; no entry where nothing is known.
        basis: what the seconds rest on, by device: words, and of what they tell.
        operations: counted; 0 for a job that is no training.
        bytes: that a training holds at once; 0 for another job.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    basis: dict[str, tuple[str, str]] = field(default_factory=dict)
    operations: float = 0.0
    bytes: int = 0


class Estimator:
    """Estimates jobs of a plan; remembers what it counts.

    Args:
        everything: the plan.
    """

    def __init__(self, everything: Plan) -> None:
        self.everything = everything
        self.counts = Counts()
        self.scales = recorded()
        self.done = [done for scale in self.scales for done in scale]
        self.problems: dict[str, str] = {}  # trainings that cannot be counted, and why
        self._rates: dict[tuple[str, str], list[tuple[float, Done]]] | None = None

    def __call__(self, job: Job) -> Estimate:
        """Estimate of one job."""
        return self._training(job) if job.rule in TRAININGS else self._other(job)

    def seconds(self, jobs: Iterable[Job], device: str) -> tuple[float, int]:
        """Seconds of jobs one after the other on a device, and of how many of them nothing is known."""
        found = [self(job).seconds.get(device) for job in jobs]
        known = [seconds for seconds in found if seconds is not None]
        return sum(known), len(found) - len(known)

    def _training(self, job: Job) -> Estimate:
        spec = {"rule": job.rule, "params": job.params, "deps": job.deps}
        size = extent(given(self.everything), job.deps["data"])
        if size is None:
            return Estimate()
        try:
            operations, held = self.counts(spec, size)
        except PushforwardError as error:
            self.problems[job.name] = str(error)
            return Estimate()
        seconds, basis = {}, {}
        for device in DEVICES:
            rate, why = self._rate(job, device)
            if rate:
                seconds[device], basis[device] = operations / rate, (why, network(spec))
        return Estimate(seconds, basis, operations, held)

    def _rate(self, job: Job, device: str) -> tuple[float, str]:
        """Operations a second of a training, and what says so; 0 where nothing does."""
        kind = network({"rule": job.rule, "params": job.params})
        rates = self.rates.get((kind, device), [])
        own = [rate for rate, done in rates if done.here and done.spec["name"] == job.name]
        if own:
            return own[0], OWN
        if rates:
            middle = statistics.median(rate for rate, _ in rates)
            names = " / ".join(sorted({done.device_name for _, done in rates}))
            many = f"{len(rates)} recorded training{'s' if len(rates) > 1 else ''}"
            return middle, f"{_rate_in_words(middle)} in {many} on {names}"
        if device == "cpu":
            speed = self.counts.speed(job.threads)
            return speed, f"none recorded, so {_rate_in_words(speed)} of this machine's matrix product"
        return 0.0, ""

    @property
    def rates(self) -> dict[tuple[str, str], list[tuple[float, Done]]]:
        """Operations a second of recorded trainings, by network and device."""
        if self._rates is None:
            self._rates = {}
            for scale in self.scales:
                owners = {path: done.spec for done in scale for path in done.spec["outs"].values()}
                for done in scale:
                    size = self._recorded_extent(owners.get, done)
                    if size is not None and done.seconds > 0:
                        rate = self.counts(done.spec, size)[0] / done.seconds
                        kind = network(done.spec)
                        self._rates.setdefault((kind, done.device), []).append((rate, done))
        return self._rates

    def _recorded_extent(self, lookup: Lookup, done: Done) -> Extent | None:
        return extent(lookup, done.spec["deps"]["data"]) if done.spec["rule"] in TRAININGS else None

    def _other(self, job: Job) -> Estimate:
        """Seconds of the recorded jobs that are most like this one, on each device."""
        seconds, basis = {}, {}
        same = [done for done in self.done if done.spec["rule"] == job.rule]
        for device in DEVICES:
            on = [done for done in same if done.device == device]
            for like, words in self._likeness(job, on):
                if like:
                    seconds[device] = statistics.median(done.seconds for done in like)
                    basis[device] = words.format(n=text.counted(len(like), "record")), job.rule
                    break
        return Estimate(seconds, basis)

    def _likeness(self, job: Job, done: list[Done]) -> Iterable[tuple[list[Done], str]]:
        here = [each for each in done if each.here]
        yield [each for each in here if each.spec["name"] == job.name], OWN
        if done:
            models = architectures(job.spec())
            yield [each for each in here if each.models == models], "{n} of this rule with the same networks"
        yield here, "{n} of this rule"
        yield done, "{n} of this rule at another scale, so roughly"


def _rate_in_words(rate: float) -> str:
    return f"{text.operations(rate)}/s"
