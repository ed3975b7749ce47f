"""Train a generator with several processes, one a GPU: what `train` does, under torchrun."""

from pathlib import Path
from typing import Any

import torch

from pushforward import data, provenance
from pushforward.errors import InputError
from pushforward.training import distributed
from pushforward.training.processes import world


def run(params: dict[str, Any], deps: dict[str, str], outs: dict[str, str], scratch: Path) -> None:
    """Write what `train` writes, from the first process."""
    together, device = world(), provenance.device().type
    if device == "cuda":
        if torch.cuda.device_count() < together.local_size:
            raise InputError(
                f"{together.local_size} processes on this machine want a GPU each; {torch.cuda.device_count()} can be "
                "seen. Start fewer, or say PUSHFORWARD_DEVICE=cpu."
            )
        device = f"cuda:{together.local_rank}"
    distributed.fit(
        params["trainer"],
        data.load(deps["data"]),
        world=together,
        **params["settings"],
        out=outs["weights"],
        log=outs["log"],
        state_dir=scratch,
        threads=torch.get_num_threads(),
        device=device,
    )
