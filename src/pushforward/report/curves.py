"""Training curves from the CSV that every training writes: losses, critic's distance, gradient norms, a panel each."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pushforward.errors import InputError, Missing
from pushforward.report import style

STEP = "step"
PANELS = {"loss": "loss", "distance": "critic: real − fake", "gradient": "gradient norm"}  # part of a name -> its axis
POINTS = 400  # points at most on a curve, each the mean of its stretch


def read(path: str | Path) -> pd.DataFrame:
    """Read a training log: a column `step`, and columns whose names contain `loss`, `distance` or `gradient`.

    Raises:
        Missing: no such file.
        InputError: not such a log, or one without rows.
    """
    if not Path(path).exists():
        raise Missing(f"{path} is not here. A training writes it while it runs.")
    try:
        log = pd.read_csv(path)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: expected a CSV of losses; {error}.") from None
    if STEP not in log or log.empty or not any(_named(log, kind) for kind in PANELS):
        raise InputError(
            f"{path}: expected rows with {STEP!r} and losses; got {len(log)} rows of {', '.join(log.columns)}."
        )
    return log


@style.use()
def curves(log: pd.DataFrame, title: str = "", width: float = style.SINGLE) -> Figure:
    """Losses, distance and gradient norms against the step, thinned to the mean of each stretch with its range shaded.

    Args:
        log: from `read`.
        title: above the upper panel.
        width: inches.
    """
    panels = [(kind, _named(log, kind)) for kind in PANELS if _named(log, kind)]
    drawing = style.figure(width, 0.3 + 1.15 * len(panels))
    grid = drawing.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    colours: dict[str, str] = {}
    for axes, (kind, names) in zip(grid, panels, strict=True):
        new = [name.split("_")[0] for name in names if name.split("_")[0] not in colours]
        colours |= dict(zip(new, style.CLASSES[len(colours) :], strict=False))
        for name in names:
            label = name.split("_")[0]
            _curve(axes, log[STEP].to_numpy(), log[name].to_numpy(dtype=np.float64), label, colours[label])
        axes.set_ylabel(PANELS[kind])
        if kind == "gradient" and all((log[name].dropna() > 0).all() for name in names):
            axes.set_yscale("log")
        if new and len(names) > 1:
            axes.legend(ncols=len(names))
    grid[0].set_title(title)
    grid[-1].set_xlabel("generator step")
    return drawing


def _named(log: pd.DataFrame, kind: str) -> list[str]:
    return [name for name in log.columns if kind in name]


def _curve(axes: Axes, steps: np.ndarray, values: np.ndarray, label: str, colour: str) -> None:
    """Mean of each stretch of steps as a line, minimum to maximum as a band: a spike stays visible."""
    known = np.isfinite(values)
    stretches = np.array_split(np.flatnonzero(known), min(POINTS, max(int(known.sum()), 1)))
    middle = [steps[own].mean() for own in stretches if len(own)]
    axes.plot(middle, [values[own].mean() for own in stretches if len(own)], label=label, color=colour)
    low, high = ([function(values[own]) for own in stretches if len(own)] for function in (np.min, np.max))
    axes.fill_between(middle, low, high, color=colour, alpha=0.2, linewidth=0)
