"""Figure 9: precision against the number of modes and the latent dimension, with bounds at the measured slopes."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pushforward.artifacts import write_json
from pushforward.jobs import precision
from pushforward.jobs.efforts import EFFORTS
from pushforward.jobs.facts import plain
from pushforward.jobs.precision import Precision
from pushforward.jobs.trained import trainings
from pushforward.report import style
from pushforward.report.figures.figure9 import Point, draw
from pushforward.report.intervals import summarise

FAR = 0.05  # precision below which modes count as not learned


def run(params: dict[str, Any], deps: dict[str, str], outs: dict[str, str], scratch: Path) -> None:
    """Write the drawing, and what was measured of every training."""
    effort, seed = EFFORTS[params["scale"]], params["seed"]
    points, facts, steps = [], {}, set()
    for name, own in params["runs"].items():
        own_trainings = trainings(params, name)
        measured = {t.seed: precision.measure(t, effort, seed) for t in own_trainings}
        steps |= {t.step for t in own_trainings}
        point = _point(list(measured.values()), own["latent_dim"])
        points.append(point)
        facts[name] = {
            "modes": point.modes,
            "latent_dim": point.latent_dim,
            "attainable": point.attainable,
            "seeds": {str(s): {**p.facts(), **_bounds(p)} for s, p in measured.items()},
            "over_seeds": {key: plain(getattr(point, key)) for key in ("quarter", "mode", "printed", "cluster")},
        }
    style.save(draw(points), outs["pdf"])
    write_json(outs["facts"], {"figure": params["figure"], "runs": facts, "caption": _caption(points, steps)})


def _point(measured: Sequence[Precision], d: int) -> Point:
    def over(values: list[float]) -> Any:
        return summarise(values, "seeds")

    return Point(
        modes=len(measured[0].weights),
        latent_dim=d,
        quarter=over([own.quarter.alpha.mean for own in measured]),
        mode=over([own.mode.alpha.mean for own in measured]),
        printed=over([_bounds(own)["printed"] for own in measured]),
        cluster=over([_bounds(own)["cluster"] for own in measured]),
    )


def _bounds(own: Precision) -> dict[str, float]:
    """Upper bounds for equal cells at the largest slope met; NaN where their conditions are not met."""
    kinds = {"printed": "paper_cor36", "cluster": "simplicial_exact"}
    return {name: precision.upper_bound(kind, own, own.quarter.radius).value for name, kind in kinds.items()}


def _caption(points: Sequence[Point], steps: set[int]) -> str:
    above = [p for p in points if p.quarter.mean > p.printed.mean]
    undefined = [p for p in points if math.isnan(p.printed.mean)]
    trainings = "/".join(str(n) for n in sorted({p.quarter.n for p in points}))
    length = "/".join(f"{n:,}" for n in sorted(steps))
    far = sorted({p.modes for p in points if p.quarter.mean < FAR})
    untaught = (
        f" With {' and '.join(map(str, far))} modes hardly any sample comes near one: not learned." if far else ""
    )
    return (
        "Share of generated points closer than a quarter of the distance D between modes to one of m equidistant modes "
        "(black), and within the ball that holds 99 % of a mode (grey), for latent dimensions d; mean and 95 % "
        f"Student-t interval over {trainings} trainings of {length} steps. Dashed: ICML Corollary 3.6 as printed. "
        "Solid: exact precision within D / 4 that the simplicial cluster of m equal cells allows; open circles where "
        "there is none, m > d + 1. Both take the largest singular value of the Jacobian that was met, on Gaussian "
        "latents and on the walls, for the Lipschitz constant, which is at least that. Runs above the printed bound: "
        f"{len(above)} of {len(points)}; where it is not defined: {len(undefined)}.{untaught}"
    )
