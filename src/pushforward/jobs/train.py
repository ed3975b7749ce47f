"""Train a generator."""

from pathlib import Path
from typing import Any

import torch

from pushforward import data, provenance
from pushforward.errors import InputError
from pushforward.training import wgan

NUMBERS = (
    "generator_batch", "generator_lr", "critic_lr", "betas", "critic_steps", "penalty", "gp_alpha", "drift", "clip",
    "ema_halflife", "precision",
)  # fmt: skip


def run(params: dict[str, Any], deps: dict[str, str], outs: dict[str, str], scratch: Path) -> None:
    """Write the snapshots, what is known of them, and the CSV of losses."""
    _require_known(params)
    wgan.fit(
        data.load(deps["data"]),
        model=params["model"],
        latent=params["latent"],
        seed=params["seed"],
        steps=params["steps"],
        snapshots=snapshot_steps(params["steps"], **params["snapshots"]),
        batch=params["batch"],
        flip=params["flip"],
        log_every=params["log_every"],
        out=outs["weights"],
        log=outs["log"],
        state_dir=scratch,
        threads=torch.get_num_threads(),
        device=str(provenance.device()),
        **{name: params[name] for name in NUMBERS},
    )


def snapshot_steps(steps: int, count: int, every: int) -> list[int]:
    """Steps whose generator is kept: `count` of them, `every` apart, the last at the end."""
    return [steps - every * back for back in reversed(range(count))]


def _require_known(params: dict[str, Any]) -> None:
    """Refuse what this version cannot train, rather than leave a number out."""
    wanted = {
        "method": params["method"] != "wgan-gp",
        "augment": params["augment"] != "none",
        "mutual_information": params["mutual_information"]["weight"] > 0,
        "classes (conditional)": "classes" in params["model"]["generator"],
        "latent.law": params["latent"]["law"] == "mixture",
    }
    missing = [name for name, asked in wanted.items() if asked]
    if missing:
        raise InputError(f"{params['run']}: this version does not train with {', '.join(missing)} yet.")
