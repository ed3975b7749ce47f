"""Compute the real side of every metric once per data set and feature space."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from pushforward import data
from pushforward.artifacts import atomic_path
from pushforward.features.labeller import labeller
from pushforward.metrics import frechet, prdc
from pushforward.sampling.checkpoint import load_classifier

BATCH = 1000


def run(params: dict[str, Any], deps: dict[str, str], outs: dict[str, str], scratch: Path) -> None:
    """Write features, radii, mean and covariance of a seeded subset of the training split."""
    dataset = data.load(deps["data"])
    label = labeller(dataset, load_classifier(deps["oracle"]) if "oracle" in deps else None)
    samples, _ = dataset.reference(params["points"], params["seed"])
    features = torch.cat([label.features(dataset.scaled(batch)) for batch in samples.split(BATCH)]).numpy()
    statistics = frechet.statistics(features)
    with atomic_path(outs["reference"]) as path:
        np.savez(
            path,
            allow_pickle=False,
            features=features,
            radii=prdc.radii(features, params["k"], threads=torch.get_num_threads()),
            mean=statistics.mean,
            covariance=statistics.covariance,
            space=np.array(label.space),
        )
