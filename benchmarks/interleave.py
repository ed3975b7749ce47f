"""Time ours against its peers, taking turns in one process, and measure each one's memory in a process of its own.

Other work on the machine then slows all contenders alike, and the ratio of medians stays meaningful. A benchmark is a
module with cases (name -> function that makes the inputs) and contenders (name -> function of the inputs), ours first:

    if __name__ == "__main__":
        interleave.main(__file__, cases, contenders, agree)
"""

import argparse
import csv
import gc
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pushforward.artifacts import atomic_path
from pushforward.provenance import environment

PACKAGES = ("prdc", "torch-fidelity")
RESULTS = Path(__file__).parent / "results"
Case = Callable[[], Any]
Contender = Callable[[Any], Any]


def main(
    file: str,
    cases: Mapping[str, Case],
    contenders: Mapping[str, Contender],
    agree: Callable[[Any, Any], None],
    results: Path = RESULTS,
    arguments: Sequence[str] | None = None,
) -> None:
    """Run the benchmark in `file` and write `results/<its name>.csv`.

    Args:
        file: the calling module's `__file__`; run again for every measurement of memory.
        cases: name -> function that makes the inputs.
        contenders: name -> function of the inputs, ours first.
        agree: raises where a peer's result is not ours.
        results: folder of the table.
        arguments: in place of those of the command line.
    """
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("--cases", nargs="*", choices=list(cases), default=list(cases))
    parser.add_argument("--rounds", type=int, default=3, help="timed calls of every contender")
    parser.add_argument("--memory-of", nargs=2, metavar=("CASE", "CONTENDER"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.memory_of:
        case, name = options.memory_of
        sys.stdout.write(f"{extra_memory(cases[case], contenders[name]):.1f}\n")
        return
    rows = []
    for case in options.cases:
        inputs = cases[case]()
        seconds = take_turns(contenders, inputs, options.rounds, agree)
        del inputs
        memory = {name: _memory_apart(file, case, name) for name in contenders}
        rows += [_row(case, name, seconds, memory) for name in contenders]
        for row in rows[-len(contenders) :]:
            sys.stdout.write(
                f"{case}: {row['contender']} {row['wall_s']} s, {row['extra_mib']} MiB, x{row['times_ours']}\n"
            )
    write(results / f"{Path(file).stem}.csv", rows)


def take_turns(
    contenders: Mapping[str, Contender], inputs: Any, rounds: int, agree: Callable[[Any, Any], None]
) -> dict[str, list[tuple[float, float]]]:
    """Wall-clock and processor seconds of every call, after one untimed round that compares the results."""
    ours, *peers = (call(inputs) for call in contenders.values())
    for peer in peers:
        agree(ours, peer)
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, call in contenders.items():
            wall, processor = time.perf_counter(), time.process_time()
            call(inputs)
            seconds[name].append((time.perf_counter() - wall, time.process_time() - processor))
    return seconds


def extra_memory(case: Case, contender: Contender) -> float:
    """Peak resident memory of one call over that before it, with the inputs in memory; MiB."""
    inputs = case()
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # from here on the peak counts anew
    before = _status("VmRSS")
    contender(inputs)
    return (_status("VmHWM") - before) / 1024


def write(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows as CSV; rows of other cases that stand there already are kept."""
    kept: list[dict[str, str]] = []
    if path.exists():
        with open(path, newline="") as file:
            kept = [row for row in csv.DictReader(file) if row["case"] not in {new["case"] for new in rows}]
    with atomic_path(path) as temporary, open(temporary, "w", newline="") as file:
        table = csv.DictWriter(file, fieldnames=list(rows[0]), extrasaction="ignore", restval="", lineterminator="\n")
        table.writeheader()
        table.writerows([*kept, *rows])


def _row(
    case: str, name: str, seconds: Mapping[str, Sequence[tuple[float, float]]], memory: Mapping[str, float]
) -> dict[str, Any]:
    wall, processor = (statistics.median(each) for each in zip(*seconds[name], strict=True))
    ours = next(iter(seconds))
    reference = statistics.median(wall for wall, _ in seconds[ours])
    facts = {key: value for key, value in environment().items() if key != "device"}
    peers = {package: _version(package) for package in PACKAGES}
    return {
        "case": case,
        "contender": name,
        "rounds": len(seconds[name]),
        "wall_s": f"{wall:.3f}",
        "wall_min_s": f"{min(wall for wall, _ in seconds[name]):.3f}",
        "processor_s": f"{processor:.3f}",
        "times_ours": f"{wall / reference:.2f}",
        "extra_mib": f"{memory[name]:.0f}",
        "extra_over_ours": f"{memory[name] / max(memory[ours], 0.1):.2f}",
        "load": f"{os.getloadavg()[0]:.1f}",
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "system": platform.system(),
        **facts,
        **peers,
    }


def _memory_apart(file: str, case: str, name: str) -> float:
    command = [sys.executable, file, "--memory-of", case, name]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def _status(field: str) -> int:
    """A line of /proc/self/status in KiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1])


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
