"""What the workflow itself costs: the look at what is to be done, a run with nothing to do, and a job beyond its work.

    python benchmarks/bench_workflow.py [--rounds 5] [--cases look idle server alone]

Wall-clock seconds depend on what else the machine does; processor seconds hardly do, and on a quiet machine the two are
alike, since all of this runs on one core.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import interleave

from pushforward import artifacts
from pushforward.ledger import forkserver
from pushforward.ledger.job import record_path
from pushforward.ledger.plan import plan
from pushforward.provenance import environment
from pushforward.specs.load import load

ROOT = Path(__file__).parents[1]
Seconds = tuple[float, float]  # wall clock, processor
# What each is, and how many seconds of wall clock it should stay under on a quiet machine.
CASES = {
    "look": ("snakemake -n results/table3.csv at the paper's scale", 3.0),
    "idle": ("make demo with nothing to do", 10.0),
    "server": ("a job beyond its work, by the fork server", 2.0),
    "alone": ("a job beyond its work, in a process of its own", None),
}
JOB = "data/gaussians3.npz"


def timed(*command: str, folder: Path = ROOT) -> Seconds:
    """Seconds of a command and of the processes that it waits for.

    Raises:
        SystemExit: the command failed; with its name and what it said.
    """
    before, started = os.times(), time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    wall, after = time.perf_counter() - started, os.times()
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}{done.stdout}")
    return wall, after.children_user - before.children_user + after.children_system - before.children_system


def look(rounds: int) -> list[Seconds]:
    """What Snakemake would do for one large table, with every declared run in the plan."""
    return [timed("snakemake", "-n", "results/table3.csv") for _ in range(rounds)]


def idle(rounds: int) -> list[Seconds]:
    """`make demo` again; nothing is measured where there is something to do, so that nothing is trained here."""
    told = subprocess.run(["snakemake", "--directory", "demo", "-n"], cwd=ROOT, capture_output=True, text=True)
    if "Nothing to be done" not in told.stdout + told.stderr:
        print("idle: the demo is not made here, so this was not measured; `make demo` first", file=sys.stderr)
        return []
    return [timed("make", "--no-print-directory", "demo") for _ in range(rounds)]


def server(rounds: int) -> list[Seconds]:
    """As Snakemake's jobs are run: forked off a process that has imported torch."""
    with job_folder() as folder:
        served = forkserver.start(log=str(folder / "server.log"))
        if served is None:
            print("server: no fork server can run here, so this was not measured", file=sys.stderr)
            return []
        try:
            job(folder)  # the first one waits for the imports of the server
            return [job(folder, lambda: processor_of(served.pid)) for _ in range(rounds)]
        finally:
            served.terminate()
            served.wait()
            del os.environ[forkserver.SOCKET]


def alone(rounds: int) -> list[Seconds]:
    """As without Snakemake: imports and all."""
    with job_folder() as folder:
        return [job(folder) for _ in range(rounds)]


def job(folder: Path, elsewhere: Callable[[], float] = lambda: 0.0) -> Seconds:
    """Run the job; wall-clock seconds less those that its record counts as work, which is a few milliseconds here.

    Args:
        folder: see `job_folder`.
        elsewhere: processor seconds up to now of whoever else works for it.
    """
    before = elsewhere()
    wall, processor = timed(sys.executable, "-m", "pushforward", "job", "spec.json", folder=folder)
    work = artifacts.read_json(folder / record_path(JOB))["facts"]["seconds"]
    return wall - work, processor + elsewhere() - before


@contextmanager
def job_folder() -> Iterator[Path]:
    """A folder with the spec of a small job, and nothing else."""
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root) / "demo"
        folder.mkdir()
        shutil.copy(ROOT / "params.yaml", root)
        shutil.copy(ROOT / "tests/workflow/tiny.yaml", folder / "params.yaml")
        spec = plan(load(folder / "params.yaml")).jobs[JOB].spec()
        artifacts.write_json(folder / "spec.json", spec)
        yield folder


def processor_of(pid: int) -> float:
    """Processor seconds of a process and of those children of it that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def row(case: str, seconds: Sequence[Seconds]) -> dict[str, Any]:
    """A line of the table."""
    about, limit = CASES[case]
    wall, processor = zip(*seconds, strict=True)
    return {
        "case": case,
        "what": about,
        "rounds": len(seconds),
        "wall_s": f"{statistics.median(wall):.2f}",
        "wall_min_s": f"{min(wall):.2f}",
        "wall_max_s": f"{max(wall):.2f}",
        "processor_s": f"{statistics.median(processor):.2f}",
        "wanted_under_s": limit or "",
        "load": f"{os.getloadavg()[0]:.1f}",
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        **_machine(environment()),
    }


def _machine(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: facts[name] for name in ("device_name", "python")}


def main(arguments: Sequence[str] | None = None, results: Path = interleave.RESULTS) -> None:
    """Measure, print, and write `bench_workflow.csv`; cases that were not measured keep the line they have there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", nargs="*", choices=list(CASES), default=list(CASES))
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    measured = {case: globals()[case](options.rounds) for case in options.cases}
    rows = [row(case, seconds) for case, seconds in measured.items() if seconds]
    for own in rows:
        wanted = f", wanted under {own['wanted_under_s']} s" if own["wanted_under_s"] else ""
        print(f"{own['what']}: {own['wall_s']} s, processor {own['processor_s']} s{wanted}")
    if rows:
        interleave.write(results / "bench_workflow.csv", rows)


if __name__ == "__main__":
    main()
