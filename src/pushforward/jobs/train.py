"""Train a generator."""

import importlib
from pathlib import Path
from typing import Any

import torch

from pushforward import data, provenance


def run(params: dict[str, Any], deps: dict[str, str], outs: dict[str, str], scratch: Path) -> None:
    """Write the snapshots, what is known of them, and the CSV of losses.

    The trainer is loaded by name, so that a run's code holds only the training that it needs.
    """
    importlib.import_module(f"pushforward.training.{params['trainer']}").fit(
        data.load(deps["data"]),
        **params["settings"],
        out=outs["weights"],
        log=outs["log"],
        state_dir=scratch,
        threads=torch.get_num_threads(),
        device=str(provenance.device()),
    )
