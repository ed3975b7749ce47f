"""One style for all figures: colours every reader can tell apart, sizes at which they are printed, repeatable files."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from pushforward.artifacts import atomic_path
from pushforward.errors import InputError

SINGLE, DOUBLE = 3.25, 6.75
"""Column widths of the venue's pages, in inches."""

BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK, YELLOW = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#000000",
    "#F0E442",
)
"""Okabe and Ito, Color Universal Design (2008)."""

CLASSES = (BLUE, ORANGE, GREEN, PURPLE, VERMILLION, SKY, YELLOW, "#222200", "#8800FF", "#660055", "#221199", "#99BB66")
"""Up to twelve classes; the last five were chosen to stay apart from the rest under simulated colour blindness."""

UNSURE = "#9A9A9A"
"""Points whose class the oracle is not sure of."""

METADATA = {
    ".pdf": {"Creator": "pushforward", "Producer": None, "CreationDate": None},
    ".png": {"Software": "pushforward"},
}


@contextmanager
def use() -> Iterator[None]:
    """The project's style inside a `with` block or, as a decorator, inside a drawing function."""
    with (
        as_file(files("pushforward.report").joinpath("pushforward.mplstyle")) as path,
        mpl.rc_context(fname=path),
    ):
        yield


def figure(width: float = SINGLE, height: float | None = None) -> Figure:
    """An empty figure of one column's (`SINGLE`) or the page's (`DOUBLE`) width; 3:2.2 unless a height is given.

    Made without pyplot: no window, no backend, nothing global.
    """
    return Figure(figsize=(width, width / 1.36 if height is None else height), layout="constrained")


def colours(n: int) -> tuple[str, ...]:
    """Colours of n classes.

    Raises:
        InputError: more than twelve classes cannot be told apart by colour.
    """
    if not 1 <= n <= len(CLASSES):
        raise InputError(
            f"colours tell 1 to {len(CLASSES)} classes apart; got {n}. Draw some of the classes, or label them."
        )
    return CLASSES[:n]


def save(drawing: Figure, path: str | Path) -> tuple[Path, Path]:
    """Write a figure as PDF (vector) and PNG beside each other; the same figure gives the same bytes.

    Args:
        drawing: the figure.
        path: where to, with or without suffix: `results/figure2` or `results/figure2.pdf`.

    Returns:
        The paths of the PDF and of the PNG.
    """
    written = []
    for suffix, metadata in METADATA.items():
        target = Path(path).with_suffix(suffix) if Path(path).suffix in METADATA else Path(f"{path}{suffix}")
        with use(), atomic_path(target) as temporary:
            drawing.savefig(temporary, format=suffix[1:], metadata=metadata)
        written.append(target)
    return written[0], written[1]
