"""Compute the real side of every metric once per data set and feature space."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from pushforward import data
from pushforward.artifacts import atomic_path
from pushforward.features.spaces import embedder
from pushforward.metrics import frechet, prdc
from pushforward.provenance import device
from pushforward.sampling.checkpoint import load_classifier

BATCH = 1000


def run(params: dict[str, Any], deps: dict[str, str], outs: dict[str, str], scratch: Path) -> None:
    """Write features and radii of a seeded subset of the training split, mean and covariance of a larger one.

    The subset of PRDC is the start of that of the Fréchet distance.
    """
    dataset = data.load(deps["data"])
    oracle = load_classifier(deps["oracle"]) if "oracle" in deps else None
    place = device()
    embed = embedder(params["space"], dataset, oracle, deps.get("network"), place)
    k, points = params["prdc"]["k"], params["prdc"]["points"]
    samples, _ = dataset.reference(max(points, params["frechet"]["points"]), params["seed"])
    batches = (dataset.scaled(batch).to(place) for batch in samples.split(BATCH))
    features = torch.cat([embed.features(batch).cpu() for batch in batches]).numpy()
    statistics = frechet.statistics(features[: params["frechet"]["points"]])
    with atomic_path(outs["reference"]) as path:
        np.savez(
            path,
            allow_pickle=False,
            features=features[:points],
            radii=prdc.radii(features[:points], k, threads=torch.get_num_threads()),
            mean=statistics.mean,
            covariance=statistics.covariance,
            n=np.array(statistics.n),
            space=np.array(embed.space),
        )
