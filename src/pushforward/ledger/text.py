"""Words and columns for a terminal: aligned, at most a hundred characters wide."""

import itertools
import re
import textwrap
from collections.abc import Iterable, Sequence

from pushforward.ledger.job import Job

WIDTH = 100
GAP = "  "


def columns(rows: Iterable[Sequence[str]], right: Sequence[int] = (), width: int = WIDTH) -> list[str]:
    """Rows of cells as aligned lines; what is too wide is cut in the last column.

    Args:
        rows: all of the same length.
        right: indices of columns that are aligned to the right.
        width: of a line.
    """
    rows = [list(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(size) if i in right else cell.ljust(size)
            for i, (cell, size) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(shortened(GAP.join(cells).rstrip(), width))
    return lines


def shortened(text: str, width: int = WIDTH) -> str:
    """A text cut to a width."""
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"


def wrapped(text: str, width: int = WIDTH) -> list[str]:
    """A text on as many lines as it needs."""
    return textwrap.wrap(text, width, subsequent_indent=GAP)


def listed(names: Sequence[str], width: int) -> str:
    """As many names as fit, and how many more there are."""
    for shown in range(len(names), 0, -1):
        rest = len(names) - shown
        text = ", ".join(names[:shown]) + (f" and {rest} more" if rest else "")
        if len(text) <= width or shown == 1:
            return shortened(text, width)
    return ""


def counted(number: int, word: str) -> str:
    """`1 job`, `2 jobs`."""
    plural = f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"
    return f"{number:,} {word if number == 1 else plural}"


def duration(seconds: float) -> str:
    """Seconds in the unit that a person would use."""
    for limit, unit, word in ((90, 1, "s"), (90 * 60, 60, "min"), (72 * 3600, 3600, "h")):
        if seconds < limit:
            return f"{seconds / unit:.{1 if seconds < 10 * unit else 0}f} {word}"
    days = seconds / 86400
    return f"{days:,.0f} days" if days < 1000 else f"{days / 365.25:,.0f} years"


def at_least(seconds: float, unknown: int, jobs: int) -> str:
    """What jobs take together, of which some are unknown."""
    if unknown == jobs:
        return "?"
    return f"{'> ' if unknown else ''}{duration(seconds)}"


def size(number: float) -> str:
    """Bytes in the unit that a person would use."""
    for unit in ("B", "kB", "MB"):
        if number < 1000:
            return f"{number:.0f} {unit}"
        number /= 1000
    return f"{number:,.1f} GB"


def operations(number: float) -> str:
    """Floating-point operations."""
    for unit in ("MFLOP", "GFLOP", "TFLOP"):
        number /= 1000 if unit != "MFLOP" else 1e6
        if number < 1000:
            return f"{number:.3g} {unit}"
    return f"{number / 1000:,.3g} PFLOP" if number < 1e6 else f"{number / 1000:,.0f} PFLOP"


def called(jobs: Iterable[Job]) -> list[str]:
    """What a person calls jobs of one rule, the seeds of one run together: `digits-cnn-d2 s0-2`."""
    seeds: dict[str, list[int]] = {}
    for job in jobs:
        words = [value for key, value in job.wildcards.items() if key != "seed"]
        own = seeds.setdefault(" ".join(words) or job.name, [])
        if "seed" in job.wildcards:
            own.append(int(job.wildcards["seed"]))
    return [f"{name} {spans(numbers)}" if numbers else name for name, numbers in seeds.items()]


def spans(numbers: Iterable[int]) -> str:
    """`s0-2, s5` for 0, 1, 2, 5."""
    parts = []
    for _, group in itertools.groupby(enumerate(sorted(numbers)), lambda pair: pair[1] - pair[0]):
        run = [number for _, number in group]
        parts.append(f"s{run[0]}-{run[-1]}" if len(run) > 1 else f"s{run[0]}")
    return ", ".join(parts)


def natural(text: str) -> list[tuple[int, str]]:
    """Key by which `d2` comes before `d10`."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", text)]
