"""Figure 7: the generators that reach the bound, evaluated on a grid and on a sample."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pushforward import rng
from pushforward.artifacts import write_json
from pushforward.geometry.jacobian import local_lipschitz
from pushforward.jobs.efforts import EFFORTS
from pushforward.jobs.facts import plain, share, words
from pushforward.report import style
from pushforward.report.figures import plane
from pushforward.report.figures.figure7 import Construction, draw
from pushforward.report.intervals import Interval
from pushforward.theory.boundary import boundary_measure
from pushforward.theory.optimal import SimplicialGenerator, optimal_generator
from pushforward.theory.simplex import simplex_directions

EPS, DISTANCE, RADIUS = 0.5, 1.0, 0.1
PICTURED = 4000  # points drawn of the sample
STEP = 1e-6  # a larger change over 1e-12 of a segment is a jump
# Lipschitz constants for three modes: as printed, and the largest slope there is where that is known.
STATED = {"v1": 3**0.5 * DISTANCE / EPS, "icml": 2 * 3**0.5 * DISTANCE / EPS, "sparsemax": math.nan}
DERIVED = {"v1": 3 / 4 * DISTANCE / EPS, "icml": math.inf, "sparsemax": DISTANCE / (2 * EPS)}
TITLES = {"v1": "First version, eq. 8", "icml": "ICML, eq. 8", "sparsemax": "Projection on the simplex"}


def run(params: dict[str, Any], deps: dict[str, str], outs: dict[str, str], scratch: Path) -> None:
    """Write the drawing and what was measured."""
    effort = EFFORTS[params["scale"]]
    centres = triangle()
    axis = plane.ticks(effort.pixels)
    drawn, facts = [], {}
    for kind in TITLES:
        options = {"radius": RADIUS} if kind == "icml" else {}
        generator = optimal_generator(kind, centres, 2, EPS, rotation=upright(), **options)
        construction, facts[kind] = _evaluate(kind, generator, axis, effort.samples, params["seed"])
        drawn.append(construction)
    style.save(draw(drawn, centres.numpy(), axis, EPS), outs["pdf"])
    write_json(
        outs["facts"],
        {
            "figure": params["figure"],
            "eps": EPS,
            "distance": DISTANCE,
            "radius_icml": RADIUS,
            "alpha_exact": 1 - boundary_measure(3, EPS),
            "generators": facts,
            "caption": _caption(facts),
        },
    )


def triangle() -> Tensor:
    """Modes (3, 2) at distance 1 from each other, the first one straight up."""
    angle = torch.pi / 2 + 2 * torch.pi * torch.arange(3, dtype=torch.float64) / 3
    return DISTANCE / 3**0.5 * torch.stack([angle.cos(), angle.sin()], dim=1)


def upright() -> np.ndarray:
    """The rotation (2, 2) that turns each cell towards its mode."""
    wanted = torch.nn.functional.normalize(triangle(), dim=1).numpy()
    return (np.linalg.pinv(simplex_directions(3, 2)) @ wanted).T


def barycentric(x: Tensor) -> np.ndarray:
    """Coordinates (n, 3) of data (n, 2) in the triangle of the modes; they sum to 1."""
    modes = torch.cat([triangle(), torch.ones(3, 1, dtype=torch.float64)], dim=1)
    return torch.linalg.solve(modes.T, torch.cat([x, x.new_ones(len(x), 1)], dim=1).T).T.numpy()


def largest_jump(generate: Callable[[Tensor], Tensor], starts: Tensor, ends: Tensor) -> float:
    """Largest step of G (n, d) -> (n, D) over segments shrunk to 1e-12 of their length, each around its largest change.

    Args:
        generate: the generator.
        starts: of the segments, (n, d).
        ends: of the segments, (n, d).
    """
    for _ in range(40):
        middles = (starts + ends) / 2
        before, between, after = generate(starts), generate(middles), generate(ends)
        first = ((between - before).norm(dim=1) >= (after - between).norm(dim=1))[:, None]
        starts, ends = torch.where(first, starts, middles), torch.where(first, middles, ends)
    return float((generate(ends) - generate(starts)).norm(dim=1).max())


def _evaluate(
    kind: str, generator: SimplicialGenerator, axis: np.ndarray, samples: int, seed: int
) -> tuple[Construction, dict[str, Any]]:
    grid, n = torch.from_numpy(plane.points(axis)), len(axis)
    z = torch.randn(samples, 2, generator=rng.generator(seed, "figure7"), dtype=torch.float64)
    images, radius = generator(z), RADIUS if kind == "icml" else 0.0
    reached = share((torch.cdist(images, triangle()).amin(dim=1) <= radius + 1e-9).numpy())
    # The steepest places lie around the centre, so half of the latents are drawn there.
    slope = float(local_lipschitz(generator, torch.cat([z, EPS * z])).value.max())
    jump = largest_jump(generator, z[0::2], z[1::2])
    weights = barycentric(generator(grid))
    mixing = weights > 1e-9 if radius == 0 else generator.inner_distances(grid).numpy() > 0
    construction = Construction(
        title=TITLES[kind],
        note=_note(slope, jump),
        weights=weights.reshape(n, n, 3),
        active=mixing.sum(axis=1).reshape(n, n),
        images=images[:PICTURED].numpy(),
        image_weights=barycentric(images[:PICTURED]),
        radius=radius,
        share=reached.mean,
    )
    facts = {"alpha": plain(reached), "largest_slope_met": slope, "largest_jump_met": jump, "latents": 2 * samples}
    return construction, facts | {"slope_stated": STATED[kind], "slope_derived": DERIVED[kind]}


def _note(slope: float, jump: float) -> str:
    """What was measured of a generator's continuity, with the slope in units of distance over eps."""
    text = f"largest slope {slope * EPS / DISTANCE:.2f} $D/\\varepsilon$"
    return text if jump < STEP else f"{text}, and jumps"


def _caption(facts: dict[str, Any]) -> str:
    jump = facts["icml"]["largest_jump_met"]
    slopes = ", ".join(f"{facts[kind]['largest_slope_met'] * EPS / DISTANCE:.3f}" for kind in TITLES)
    return (
        f"Generators that reach the bound for three modes X_i at distance D, d = 2, eps = {EPS}. Above, the latent "
        "plane: each is constant inside the cells (ICML: in each half of a cell) and interpolates in strips of width "
        "2 eps. Below, the image of Gaussian latents, in the triangle of the modes. All three map the share "
        f"{1 - boundary_measure(3, EPS):.4f} into the modes (measured: "
        f"{', '.join(words(Interval(**facts[kind]['alpha']), 3) for kind in TITLES)}). Largest slopes met, "
        f"in D / eps: {slopes}. The printed generator (radius {RADIUS / DISTANCE:g} D) also jumps, by up to "
        f"{jump / DISTANCE:.3f} D."
    )
