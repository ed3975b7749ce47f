"""One job: what it may see, what it makes, and the record that it leaves."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pushforward import artifacts
from pushforward.ledger.code import closure
from pushforward.ledger.digests import Digests
from pushforward.ledger.names import TRAININGS

SPECS = Path("work/specs")
RECORDS = Path("results/records")


@dataclass(frozen=True)
class Job:
    """A node of the plan.

    Attributes:
        rule: the Snakemake rule.
        wildcards: what tells this job from others of its rule.
        params: the only parameters that the job can read.
        modules: code that the rule loads by name, beside what its own module imports.
        deps: name -> path of every file that is read.
        outs: name -> path of every file that is written; the first names the job.
        files: package data that is read.
        threads: processor threads; they are part of the result's last bits.
        module: the doorway that does the work; that of the rule's name unless given.
    """

    rule: str
    wildcards: dict[str, str]
    params: dict[str, Any]
    modules: tuple[str, ...]
    deps: dict[str, str]
    outs: dict[str, str]
    files: tuple[str, ...] = ()
    threads: int = 1
    module: str = ""

    @property
    def precious(self) -> bool:
        """Whether it is costly to make: never made again silently when it is missing or altered."""
        return self.rule in TRAININGS

    @property
    def name(self) -> str:
        """Path of the first output."""
        return next(iter(self.outs.values()))

    @property
    def spec_path(self) -> Path:
        """Where the job finds its spec.

        In a folder of its own: Snakemake lists a folder once, and takes a file that comes later for missing.
        """
        return SPECS / self.name / "spec.json"

    @property
    def record_path(self) -> Path:
        """Where the job's record is kept; git tracks it."""
        return record_path(self.name)

    def spec(self) -> dict[str, Any]:
        """Everything that decides the result but the content of `deps`."""
        module = self.module or f"pushforward.jobs.{self.rule}"
        return {
            "name": self.name,
            "module": module,
            "rule": self.rule,
            "wildcards": self.wildcards,
            "params": self.params,
            "threads": self.threads,
            "deps": self.deps,
            "outs": self.outs,
            "code": closure((module, *self.modules), self.files),
        }


def record_path(out: str) -> Path:
    """`results/models/x/s0.safetensors` -> `results/records/models/x/s0.safetensors.json`."""
    return RECORDS / f"{out.removeprefix('results/')}.json"


def seal(spec: dict[str, Any], deps: dict[str, str], facts: dict[str, Any]) -> None:
    """Write the record of a job that ended well.

    Args:
        spec: what the job was given.
        deps: path -> md5 of every input, taken before the work began.
        facts: seconds, device, versions.
    """
    digest = Digests(None)
    outs = {path: digest(path) for path in spec["outs"].values()}
    artifacts.write_json(record_path(spec["name"]), {"spec": spec, "deps": deps, "outs": outs, "facts": facts})
