"""Train the classifier that labels generated images."""

from pathlib import Path
from typing import Any

import torch

from pushforward import data, provenance
from pushforward.training import classifier


def run(params: dict[str, Any], deps: dict[str, str], outs: dict[str, str], scratch: Path) -> None:
    """Write the weights, what is known of them, and the CSV of losses."""
    numbers = {k: params[k] for k in ("epochs", "batch", "lr", "weight_decay", "label_smoothing", "augment", "seed")}
    classifier.fit(
        data.load(deps["data"]),
        model=params["model"],
        **numbers,
        out=outs["weights"],
        log=outs["log"],
        state_dir=scratch,
        threads=torch.get_num_threads(),
        device=str(provenance.device()),
    )
