"""Figure 2: what generators of the plane learn from three equidistant and from three nearly aligned modes."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.spatial.distance import pdist

from pushforward.artifacts import write_json
from pushforward.geometry.jacobian import jacobian_norms
from pushforward.jobs import partitions, precision
from pushforward.jobs.efforts import EFFORTS, Effort
from pushforward.jobs.facts import over_seeds, words
from pushforward.jobs.partitions import Partition
from pushforward.jobs.precision import Precision
from pushforward.jobs.trained import Trained, trainings
from pushforward.report import style
from pushforward.report.figures import plane
from pushforward.report.figures.figure2 import Row, draw
from pushforward.report.intervals import Interval
from pushforward.theory.partition import in_batches, simplicial_labels

PICTURED = 3000  # generated points drawn
ALIGNED = 0.2  # share of the length of the modes' figure that is its breadth
TARGETS = 300  # points of the mixture drawn


def run(params: dict[str, Any], deps: dict[str, str], outs: dict[str, str], scratch: Path) -> None:
    """Write the drawing of each run's first training, and what was measured of all of them."""
    effort, seed = EFFORTS[params["scale"]], params["seed"]
    rows, facts = [], {}
    for name in params["runs"]:
        own = [
            (t, partitions.measure(t, effort, seed), precision.measure(t, effort, seed))
            for t in trainings(params, name)
        ]
        summary = over_seeds([_numbers(c, p) for _, c, p in own])
        facts[name] = {
            "seeds": {str(t.seed): {"step": t.step, **c.facts(), **p.facts()} for t, c, p in own},
            "over_seeds": summary,
        }
        rows.append(_row(*own[0], effort))
    style.save(draw(rows), outs["pdf"])
    write_json(outs["facts"], {"figure": params["figure"], "runs": facts, "caption": _caption(facts)})


def _numbers(cells: Partition, own: Precision) -> dict[str, float]:
    alphas = {"alpha_mode": own.mode.alpha.mean, "alpha_quarter": own.quarter.alpha.mean}
    return {**alphas, "largest_slope": own.lipschitz, **cells.numbers()}


def _row(trained: Trained, cells: Partition, own: Precision, effort: Effort) -> Row:
    grid = plane.points(plane.ticks(effort.pixels))
    n, data = effort.pixels, trained.data
    z = trained.stream(0, "pictured").standard_normal((PICTURED, 2))
    assert data.centres is not None, "measured as a mixture before"
    return Row(
        title=arrangement(data.centres.numpy()),
        data_note=f"α = {own.mode.alpha.mean:.3f} within r = {own.mode.radius:.2f}",
        cells_note=_ratio(cells),
        centres=data.centres.numpy(),
        targets=data.test[:TARGETS].numpy(),
        samples=trained.generate(z).numpy(),
        classes=in_batches(trained.labels, z),
        labels=in_batches(trained.labels, grid).reshape(n, n),
        guide=_guide(cells, grid, n),
        norms=_norms(trained, effort.pixels // 2),
    )


def arrangement(centres: np.ndarray) -> str:
    """What to call the modes with these centres (m, D): equidistant, nearly aligned, or neither."""
    apart = pdist(centres)
    first, second = np.linalg.svd(centres - centres.mean(axis=0), compute_uv=False)[:2]
    if np.ptp(apart) <= 1e-6 * apart.max():
        return "equidistant modes"
    return "nearly aligned modes" if second <= ALIGNED * first else "modes"


def _ratio(cells: Partition) -> str:
    own = cells.ratio
    if own.status != "ok":
        return f"walls: n/a, {own.status.replace('_', ' ')}"
    return f"walls: {own.ratio:.2f} [{own.low:.2f}, {own.high:.2f}] × optimal"


def _guide(cells: Partition, grid: np.ndarray, n: int) -> np.ndarray | None:
    """The reference that agrees best, on the grid: the simplicial cluster or parallel slabs."""
    cluster, parallel = cells.cluster, cells.parallel
    if np.isfinite(cluster.share) and cluster.share >= parallel.share.mean:
        return cluster.present[simplicial_labels(cluster.directions, cluster.offsets)(grid)].reshape(n, n)
    return parallel.labels(grid).reshape(n, n) if np.isfinite(parallel.share.mean) else None


def _norms(trained: Trained, n: int) -> np.ndarray:
    grid = torch.as_tensor(plane.points(plane.ticks(n)), dtype=torch.float32)
    found = [jacobian_norms(trained.generator, part).value for part in grid.split(2**14)]
    return torch.cat(found).reshape(n, n).numpy()


def _caption(facts: dict[str, Any]) -> str:
    told = [
        "Targets (black) and generated points, cells of the nearest mode in the latent plane (dashed: the reference "
        "they agree with best; dotted: half of the Gaussian mass), Frobenius norm of the Jacobian; first training."
    ]
    for name, own in facts.items():
        over = {key: Interval(**value) for key, value in own["over_seeds"].items()}
        told.append(
            f"{name}, trainings: {len(own['seeds'])}; boundary {words(over['isoperimetric_ratio'])} times the "
            f"optimum; angles between walls from {words(over['smallest_angle_degrees'], 1)} to "
            f"{words(over['largest_angle_degrees'], 1)} degrees; agreement with the best simplicial cluster "
            f"{words(over['cluster_agreement'], 3)}, with the best parallel slabs {words(over['slab_agreement'], 3)}; "
            f"the two main walls meet at {words(over['slab_angle_degrees'], 1)} degrees."
        )
    return " ".join(told)
