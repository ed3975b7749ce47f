"""Figure 4: do segments between two samples of a class stay in the class? Along straight lines and great circles."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from pushforward.artifacts import write_json
from pushforward.errors import InputError
from pushforward.jobs.efforts import EFFORTS
from pushforward.jobs.facts import over_seeds, words
from pushforward.jobs.segments import Segments, measure
from pushforward.jobs.trained import Trained, trainings
from pushforward.report import style
from pushforward.report.figures.figure4 import Block, Strip, draw
from pushforward.report.intervals import Interval
from pushforward.report.sheet import THRESHOLD
from pushforward.sampling.checkpoint import law
from pushforward.sampling.paths import PATHS

PAIRS = STEPS = 8  # drawn, where the parameters do not say otherwise
SHARE = 20  # one counted pair for so many samples of the scale's effort


def run(params: dict[str, Any], deps: dict[str, str], outs: dict[str, str], scratch: Path) -> None:
    """Write the strips of each run's first training, and the shares that keep their class of all of them."""
    pairs, steps = params.get("pairs", PAIRS), params.get("steps", STEPS)
    if pairs < 1 or steps < 3:
        raise InputError(f"expected at least one pair and three steps; got pairs: {pairs}, steps: {steps}.")
    blocks, facts = [], {}
    for name in params["runs"]:
        own = [(t, _measure(t, params, steps)) for t in trainings(params, name)]
        numbers = [found.facts() for _, found in own]
        facts[name] = {
            "seeds": {str(t.seed): {"step": t.step, **told} for (t, _), told in zip(own, numbers, strict=True)},
            "over_seeds": over_seeds([{path: told["points"][path]["mean"] for path in PATHS} for told in numbers]),
        }
        blocks.append(_block(*own[0], pairs))
    style.save(draw(blocks, THRESHOLD), outs["pdf"])
    write_json(outs["facts"], {"figure": params["figure"], "runs": facts, "caption": _caption(facts, pairs)})


def _measure(trained: Trained, params: Mapping[str, Any], steps: int) -> Segments:
    latent = law(params["runs"][trained.run]["seeds"][str(trained.seed)]["weights"])
    counted = EFFORTS[params["scale"]].samples // SHARE
    return measure(trained, latent, counted, steps, THRESHOLD, params["seed"])


def _block(trained: Trained, found: Segments, pairs: int) -> Block:
    ends = found.first[:pairs], found.second[:pairs]
    strips = {path: [_strip(trained, own) for own in along(*ends, found.weights)] for path, along in PATHS.items()}
    return Block(
        f"{trained.run}, d = {trained.d}",
        found.of[:pairs].tolist(),
        strips,
        found.weights[1:-1].tolist(),
        {path: found.shares(found.kept(path)) for path in PATHS},
        found.reason if found.status == "no_pairs" else "",
    )


def _strip(trained: Trained, points: Tensor) -> Strip:
    x = trained.generate(points.numpy())
    labels, confidences = trained.labeller.classify(x)
    low, high = trained.data.low, trained.data.high
    grey = ((x - low) / (high - low)).clamp(0, 1).numpy()
    images = np.broadcast_to(grey, (len(grey), 3, *grey.shape[2:])).transpose(0, 2, 3, 1)
    return Strip(images, labels.numpy(), confidences.numpy())


def _caption(facts: Mapping[str, Any], pairs: int) -> str:
    told = [
        f"Images along latent segments between two samples of a class (confidence of the oracle above {THRESHOLD}): "
        f"the first {pairs} pairs, one a class before any second one, on straight lines and on great circles. Below: "
        "share of many pairs whose point at λ has the class of the ends, with 95 % Wilson intervals; first training."
    ]
    for name, own in facts.items():
        first = next(iter(own["seeds"].values()))
        if first["status"] != "ok":
            told.append(f"{name}: {first['status'].replace('_', ' ')} ({first['reason']}).")
            continue
        shares = [f"{path} {words(Interval(**first['points'][path]), 3)}" for path in PATHS]
        told.append(
            f"{name}, {first['pairs']} pairs: share of inner points that keep the class, {', '.join(shares)}; "
            f"spherical less linear {words(Interval(**first['spherical_less_linear']), 3)}."
        )
    return " ".join(told)
