"""Hold the clusters of a data set in a feature space against those of one Gaussian."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from pushforward import artifacts, data, rng
from pushforward.features.spaces import embedder
from pushforward.probes.disconnectedness import disconnectedness
from pushforward.sampling.checkpoint import load_classifier

BATCH = 1000
CHECK = ("clusters", "rounds", "test_share", "epsilon")


def run(params: dict[str, Any], deps: dict[str, str], outs: dict[str, str], scratch: Path) -> None:
    """Embed a seeded subset of the training split, and write what `probes.disconnectedness` says of it.

    Params: `space`, `points`, `seed`, and the settings of the check: `clusters`, `rounds`, `test_share`, `epsilon`.
    """
    dataset = data.load(deps["data"])
    oracle = load_classifier(deps["oracle"]) if "oracle" in deps else None
    embed = embedder(params["space"], dataset, oracle, deps.get("network"))
    samples, labels = dataset.reference(params["points"], params["seed"])
    features = torch.cat([embed.features(dataset.scaled(batch)) for batch in samples.split(BATCH)])
    found = disconnectedness(
        features.numpy(),
        labels.numpy(),
        generator=rng.numpy_generator(params["seed"], "disconnectedness", dataset.name, embed.space),
        **{name: params[name] for name in CHECK},
    )
    about = artifacts.read_json(deps["oracle_about"]) if "oracle_about" in deps else {}
    artifacts.write_json(
        outs["record"],
        {
            "dataset": dataset.name,
            "space": embed.space,
            "points": len(samples),
            "shape": list(dataset.shape),
            "oracle_test_accuracy": about.get("test_accuracy"),
            **asdict(found),
        },
    )
