"""Figure 3: cells of the latent plane for m equidistant modes, against m sectors."""

import math
from pathlib import Path
from typing import Any

import numpy as np

from pushforward.artifacts import write_json
from pushforward.jobs import precision
from pushforward.jobs.efforts import EFFORTS, Effort
from pushforward.jobs.facts import over_seeds, plain, words
from pushforward.jobs.trained import Trained, trainings
from pushforward.report import style
from pushforward.report.figures import plane
from pushforward.report.figures.figure3 import Panel, References, draw
from pushforward.report.intervals import Interval, summarise
from pushforward.theory.boundary import boundary_slope, sector_slope, slab_slope
from pushforward.theory.ellipses import draw_ellipses
from pushforward.theory.partition import in_batches
from pushforward.theory.weighted import boundary_slope_weighted


def run(params: dict[str, Any], deps: dict[str, str], outs: dict[str, str], scratch: Path) -> None:
    """Write the drawing of each run's first training, and what was measured of all of them."""
    effort, seed = EFFORTS[params["scale"]], params["seed"]
    panels, facts = [], {}
    for name in params["runs"]:
        own = [(t, *_measure(t, effort, seed)) for t in trainings(params, name)]
        first, boundary, _ = own[0]
        facts[name] = {
            "modes": first.data.classes,
            "seeds": {str(t.seed): {"step": t.step, **numbers} for t, _, numbers in own},
            "over_seeds": over_seeds([{"ratio_to_sectors": n["ratio_to_sectors"]["mean"]} for _, _, n in own]),
        }
        panels.append(_panel(first, boundary, effort))
    style.save(draw(panels, references([panel.modes for panel in panels])), outs["pdf"])
    write_json(outs["facts"], {"figure": params["figure"], "runs": facts, "caption": _caption(facts)})


def grid_slope(m: int) -> float:
    """Boundary per epsilon of the best product partition of the plane: a slabs times b slabs, a b = m."""
    return min(slab_slope(a) + slab_slope(m // a) for a in range(1, math.isqrt(m) + 1) if m % a == 0)


def references(modes: list[int]) -> References:
    """Boundaries per epsilon of known partitions up to the largest number of modes."""
    all_modes = np.arange(2, max(modes) + 1)
    return References(
        all_modes,
        np.array([sector_slope(int(m)) for m in all_modes]),
        np.array([boundary_slope(int(m)) for m in all_modes]),
        np.array(modes),
        np.array([grid_slope(m) for m in modes]),
    )


def _measure(trained: Trained, effort: Effort, seed: int) -> tuple[Interval, dict[str, Any]]:
    """Boundary per epsilon with its interval, and all numbers."""
    classes = trained.data.classes
    drawn = draw_ellipses(trained.labels, 2, effort.ellipses, trained.stream(seed, "ellipses"))
    boundary = summarise(drawn.crossings() / math.sqrt(2 * math.pi), "samples")
    weights = drawn.weights(classes)
    return boundary, {
        "boundary_per_eps": plain(boundary),
        "ratio_to_sectors": plain(_over(boundary, sector_slope(classes))),
        "ratio_to_best_grid": plain(_over(boundary, grid_slope(classes))),
        "ratio_to_lower_bound": plain(_over(boundary, boundary_slope(classes))),
        "isoperimetric_ratio": plain(_over(boundary, _least(weights))),
        "cells": int(np.count_nonzero(weights)),
        "weights": weights,
        **precision.measure(trained, effort, seed).facts(),
    }


def _least(weights: np.ndarray) -> float:
    """Least boundary per epsilon for the cell measures that were learned; NaN for a single cell."""
    present = weights[weights > 0]
    return boundary_slope_weighted(present) if len(present) > 1 else math.nan


def _over(boundary: Interval, reference: float) -> Interval:
    ends = (boundary.mean / reference, boundary.low / reference, boundary.high / reference)
    return Interval(*ends, boundary.n, boundary.over)


def _panel(trained: Trained, boundary: Interval, effort: Effort) -> Panel:
    n, m = effort.pixels, trained.data.classes
    labels = in_batches(trained.labels, plane.points(plane.ticks(n))).reshape(n, n)
    ratio = _over(boundary, sector_slope(m))
    return Panel(m, labels, f"{ratio.mean:.2f} ± {ratio.half_width:.2f} × sectors", boundary)


def _caption(facts: dict[str, Any]) -> str:
    told = [
        "Cells of the nearest mode in a latent plane for m equidistant modes of R^m; dotted: half of the mass. "
        "Last panel: boundary measure per epsilon as eps goes to 0, with 95 % intervals over random ellipses, beside m "
        "sectors (m / sqrt(2 pi), at any angles), the best product of parallel slabs, and the simplicial cluster of m "
        "cells, which bounds every partition from below but needs m - 1 dimensions; references have equal cells."
    ]
    for name, own in facts.items():
        first = next(iter(own["seeds"].values()))
        told.append(
            f"{name}: {first['cells']} of {own['modes']} cells, "
            f"{words(Interval(**first['ratio_to_sectors']))} times the sectors, "
            f"{words(Interval(**first['ratio_to_best_grid']))} times the best product, "
            f"{words(Interval(**first['ratio_to_lower_bound']))} times the lower bound."
        )
    return " ".join(told)
