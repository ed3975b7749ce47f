"""Figure 1: the latent sphere of a generator of three classes beside the optimal partition of the same space."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from scipy.ndimage import distance_transform_edt
from scipy.optimize import brentq

from pushforward.artifacts import write_json
from pushforward.errors import InputError
from pushforward.jobs.efforts import EFFORTS, Effort
from pushforward.jobs.facts import over_seeds, plain, share, words
from pushforward.jobs.trained import BATCH, Trained, trainings
from pushforward.report import style
from pushforward.report.figures.figure1 import Example, Surface, draw
from pushforward.report.figures.sphere import View
from pushforward.report.intervals import Interval
from pushforward.theory.agreement import Agreement, best_rotation_agreement
from pushforward.theory.isoperimetry import IsoperimetricRatio, isoperimetric_ratio
from pushforward.theory.simplex import cell_index, propeller, wall_gap
from pushforward.theory.weighted import boundary_measure_weighted

CONFIDENCES = (0.9, 0.7)  # below the first a latent is drawn as in doubt
RADIUS = math.sqrt(3)  # of the sphere, the typical norm of a latent for d = 3
TILT = math.radians(35)  # between the line of sight and the line where the optimal cells meet
TURN = math.radians(25)  # around that line, from the middle of a wall
EXACT_PIXELS = 900  # along the diameter, where a pixel costs no image
SMALLEST = 0.04  # share of the diameter that a cell must have around an image put into it


@dataclass(frozen=True)
class Doubt:
    """Latents that the oracle is not sure of, and the boundary of the optimal cells that has the same measure.

    Attributes:
        shares: confidence -> share of Gaussian latents below it.
        on_sphere: share of the sphere below the first confidence.
        eps: half-width of that boundary.
        overlap: share of the latents in doubt that lie in it.
    """

    shares: dict[float, Interval]
    on_sphere: Interval
    eps: float
    overlap: Interval


def run(params: dict[str, Any], deps: dict[str, str], outs: dict[str, str], scratch: Path) -> None:
    """Write the drawing of the first training, and what was measured of all of them."""
    effort, seed = EFFORTS[params["scale"]], params["seed"]
    (name,) = params["runs"]
    own = [(t, *_measure(t, effort, seed)) for t in trainings(params, name)]
    facts = {
        "figure": params["figure"],
        "run": name,
        "seeds": {str(t.seed): {"step": t.step, **_facts(a, d, r)} for t, a, d, r in own},
        "over_seeds": over_seeds([_numbers(a, d, r) for _, a, d, r in own]),
        "caption": _caption(*own[0]),
    }
    style.save(_drawing(*own[0], effort), outs["pdf"])
    write_json(outs["facts"], facts)


def equal_measure_width(weights: np.ndarray, measure: float) -> float:
    """Half-width at which the boundary of the optimal cells of these weights has this Gaussian measure."""
    if measure <= 0:
        return 0.0
    return float(brentq(lambda eps: boundary_measure_weighted(weights, eps) - measure, 0.0, 20.0))


def _measure(trained: Trained, effort: Effort, seed: int) -> tuple[Agreement, Doubt, IsoperimetricRatio]:
    if trained.d != 3 or trained.data.classes != 3:
        raise InputError(
            f"figure 1 shows three classes in a latent space of dimension 3; {trained.run} has "
            f"{trained.data.classes} classes and d = {trained.d}."
        )
    n = effort.samples // 2
    agreement = best_rotation_agreement(trained.labels, d=3, n=n, generator=trained.stream(seed, "rotation"))
    ratio = isoperimetric_ratio(
        trained.labels,
        d=3,
        classes=3,
        ellipses=max(40, effort.ellipses // 5),
        points=128,
        generator=trained.stream(seed, "isoperimetry"),
    )
    return agreement, _doubt(trained, agreement, n, seed), ratio


def _doubt(trained: Trained, agreement: Agreement, n: int, seed: int) -> Doubt:
    z = trained.stream(seed, "doubt").standard_normal((n, 3))
    labels, confidence = _seen(trained, z)
    unsure = confidence < CONFIDENCES[0]
    _, on_sphere = _seen(trained, RADIUS * z / np.linalg.norm(z, axis=1, keepdims=True))
    eps, overlap = math.nan, Interval(math.nan, math.nan, math.nan, 0, "samples")
    if agreement.status == "ok":
        weights = np.bincount(labels, minlength=3) / n
        eps = equal_measure_width(weights[weights > 0], float(unsure.mean()))
        if unsure.any():
            overlap = share(wall_gap(z[unsure], agreement.directions, agreement.offsets) < eps)
    return Doubt({c: share(confidence < c) for c in CONFIDENCES}, share(on_sphere < CONFIDENCES[0]), eps, overlap)


def _seen(trained: Trained, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Class (n,) and confidence (n,) that the oracle gives to the images of latents (n, 3)."""
    found = [trained.labeller.classify(trained.generate(part)) for part in np.split(z, range(BATCH, len(z), BATCH))]
    labels, confidences = zip(*found, strict=True)
    return np.concatenate([part.numpy() for part in labels]), np.concatenate([part.numpy() for part in confidences])


def _drawing(trained: Trained, agreement: Agreement, doubt: Doubt, ratio: IsoperimetricRatio, effort: Effort) -> Figure:
    known = len(agreement.present) == 3
    directions = agreement.directions if known else propeller(3).directions
    front = _front(directions)
    titles = (
        f"learned, front\nagreement {agreement.share:.2f}",
        f"learned, back\nwalls {ratio.ratio:.2f} × optimal",
    )
    learned = [
        _surface(title, trained, view, effort.sphere_pixels)
        for title, view in zip(titles, (front, front.behind()), strict=True)
    ]
    names = [f"class {k}" for k in trained.data.about.get("kept") or range(3)]
    optimum = _optimum(front, directions, doubt)
    return draw(optimum, learned, directions, list(_examples(trained, learned)), names)


def _front(directions: np.ndarray) -> View:
    """A view on the line where the optimal cells meet, from aside of a wall so that all three are seen."""
    axis = np.cross(directions[0], directions[1])
    axis /= np.linalg.norm(axis)
    aside = -math.cos(TURN) * directions[0] + math.sin(TURN) * np.cross(axis, -directions[0])
    return View.along(math.cos(TILT) * axis + math.sin(TILT) * aside, up=axis)


def _optimum(view: View, directions: np.ndarray, doubt: Doubt) -> Surface:
    points, _ = view.visible(EXACT_PIXELS)
    z = RADIUS * points.reshape(-1, 3)
    near = wall_gap(z, directions) < (doubt.eps if math.isfinite(doubt.eps) else 0.0)
    shape = (EXACT_PIXELS, EXACT_PIXELS)
    title = f"optimal\npurple: γ = {doubt.shares[CONFIDENCES[0]].mean:.2f}"
    return Surface(title, view, cell_index(z, directions).reshape(shape), near.reshape(shape))


def _surface(title: str, trained: Trained, view: View, n: int) -> Surface:
    points, _ = view.visible(n)
    labels, confidence = _seen(trained, RADIUS * points.reshape(-1, 3))
    return Surface(title, view, labels.reshape(n, n), (confidence < CONFIDENCES[0]).reshape(n, n))


def _examples(trained: Trained, learned: Sequence[Surface]) -> Iterator[Example]:
    """For each class the image at the visible latent that is deepest inside its sure cell."""
    low, high = trained.data.low, trained.data.high
    for label in range(3):
        depths = [_depth(own, label) for own in learned]
        side = int(np.argmax([depth.max() for depth in depths]))
        n = len(depths[side])
        if depths[side].max() < SMALLEST * n:
            continue
        row, column = np.unravel_index(depths[side].argmax(), (n, n))
        points, _ = learned[side].view.visible(n)
        image = trained.generate(RADIUS * points[row, column][None])[0].sub(low).div(high - low).clamp(0, 1)
        x, y = ((2 * place + 1 - n) / n for place in (column, row))
        yield Example(side, float(x), float(y), label, image.permute(1, 2, 0).squeeze(2).numpy())


def _depth(own: Surface, label: int) -> np.ndarray:
    """Distance in pixels (n, n) to where a class ends; 0 outside of it, in doubt, and off the sphere."""
    _, inside = own.view.visible(len(own.labels))
    return distance_transform_edt(np.pad(inside & ~own.unsure & (own.labels == label), 1))[1:-1, 1:-1]


def _numbers(agreement: Agreement, doubt: Doubt, ratio: IsoperimetricRatio) -> dict[str, float]:
    return {
        "agreement": agreement.share,
        "isoperimetric_ratio": ratio.ratio,
        **{f"share_below_{c}": own.mean for c, own in doubt.shares.items()},
        "share_of_sphere_below": doubt.on_sphere.mean,
        "equal_measure_eps": doubt.eps,
        "overlap": doubt.overlap.mean,
    }


def _facts(agreement: Agreement, doubt: Doubt, ratio: IsoperimetricRatio) -> dict[str, Any]:
    return {
        "agreement": asdict(agreement),
        "isoperimetry": asdict(ratio),
        "share_below": {str(c): plain(own) for c, own in doubt.shares.items()},
        "share_of_sphere_below": plain(doubt.on_sphere),
        "equal_measure_eps": doubt.eps,
        "overlap": plain(doubt.overlap),
    }


def _caption(trained: Trained, agreement: Agreement, doubt: Doubt, ratio: IsoperimetricRatio) -> str:
    below = doubt.shares[CONFIDENCES[0]]
    agreed = Interval(agreement.share, agreement.low, agreement.high, 1, "samples")
    length = Interval(ratio.ratio, ratio.low, ratio.high, 1, "samples")
    return (
        f"Left: the optimal partition of a Gaussian R^3 in three equal cells, argmax <z, u_i>. Right: the sphere of "
        f"radius sqrt 3 in the latent space of {trained.run}, coloured by the oracle's class, with an image deep "
        f"inside each cell. Purple: confidence below {CONFIDENCES[0]}; left, the boundary of equal Gaussian measure, "
        f"{words(below, 3)}, half-width {doubt.eps:.3f}. Best-rotation agreement {words(agreed, 3)}; walls "
        f"{words(length)} times the optimum's; {words(doubt.overlap, 3)} of the latents in doubt lie in the optimal "
        f"boundary."
    )
