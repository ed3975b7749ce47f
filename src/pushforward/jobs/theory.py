"""The theory's table: alpha, slopes and every bound for each toy training, and the paper's statements that fail."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pushforward.artifacts import write_bytes
from pushforward.jobs import precision
from pushforward.jobs.efforts import EFFORTS
from pushforward.jobs.precision import QUANTILES, Precision, Verdict, Within
from pushforward.jobs.trained import Trained, trainings
from pushforward.report import theory
from pushforward.theory.errata import errata

COLUMNS = (
    "run", "seed", "dataset", "step", "m", "d", "D_data", "distance_least", "distance_most", "within", "radius",
    "alpha", "alpha_low", "alpha_high", "samples", "cell_least", "cell_most",
    "slope_mean", *(f"slope_q{round(100 * q)}" for q in QUANTILES), "slope_max_gaussian", "slope_max_walls",
    "slope_max", "slopes", "side", "bound", "value", "holds", "applies", "reason",
)  # fmt: skip


def run(params: dict[str, Any], deps: dict[str, str], outs: dict[str, str], scratch: Path) -> None:
    """Write the CSV, one row per training, radius of the modes and bound, and the page."""
    effort, seed = EFFORTS[params["scale"]], params["seed"]
    rows = [
        row
        for name in params["runs"]
        for trained in trainings(params, name)
        for row in _rows(trained, precision.measure(trained, effort, seed))
    ]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    write_bytes(outs["csv"], frame.to_csv(index=False, lineterminator="\n", float_format="%.6g").encode())
    write_bytes(outs["markdown"], theory.markdown(errata(), frame).encode())


def _rows(trained: Trained, own: Precision) -> Iterator[dict[str, Any]]:
    facts = _facts(trained, own)
    for name, within in (("mode", own.mode), ("quarter", own.quarter)):
        for verdict in precision.verdicts(own, within, trained.d):
            yield facts | _precision(name, within) | _verdict(verdict)


def _precision(name: str, within: Within) -> dict[str, Any]:
    return {
        "within": name,
        "radius": within.radius,
        "alpha": within.alpha.mean,
        "alpha_low": within.alpha.low,
        "alpha_high": within.alpha.high,
        "samples": within.alpha.n,
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "side": verdict.side,
        "bound": verdict.bound.kind,
        "value": verdict.bound.value,
        "holds": {None: "", True: "yes", False: "no"}[verdict.holds],
        "applies": "yes" if verdict.applies else "no",
        "reason": verdict.reason,
    }


def _facts(trained: Trained, own: Precision) -> dict[str, Any]:
    quantiles = np.quantile(own.slopes, QUANTILES)
    return {
        "run": trained.run,
        "seed": trained.seed,
        "dataset": trained.data.name,
        "step": trained.step,
        "m": len(own.weights),
        "d": trained.d,
        "D_data": trained.data.shape[0],
        "distance_least": own.nearest,
        "distance_most": own.farthest,
        "cell_least": float(own.weights.min()),
        "cell_most": float(own.weights.max()),
        "slope_mean": float(own.slopes.mean()),
        **{f"slope_q{round(100 * q)}": float(v) for q, v in zip(QUANTILES, quantiles, strict=True)},
        "slope_max_gaussian": float(own.slopes.max()),
        "slope_max_walls": float(own.wall_slopes.max()) if len(own.wall_slopes) else np.nan,
        "slope_max": own.lipschitz,
        "slopes": len(own.slopes) + len(own.wall_slopes),
    }
