"""A WGAN-GP training as a job: from a data set and plain numbers to a published generator."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import torch
from torch import nn

from pushforward import latents, models, rng
from pushforward.data.batches import source
from pushforward.data.dataset import Dataset
from pushforward.errors import InputError
from pushforward.provenance import environment
from pushforward.training.hardware import setting
from pushforward.training.loop import Schedule
from pushforward.training.progress import Progress
from pushforward.training.session import conduct, digest_data
from pushforward.training.wgan_step import WGAN, Settings


def fit(
    data: Dataset,
    *,
    model: Mapping[str, Any],
    latent: Mapping[str, Any],
    seed: int,
    steps: int,
    snapshots: Sequence[int],
    batch: int,
    out: str | Path,
    state_dir: str | Path,
    log: str | Path | None = None,
    flip: bool = False,
    log_every: int = 100,
    save_every: int | None = None,
    save_seconds: float = 300.0,
    threads: int | None = None,
    device: str = "cpu",
    progress: Progress | None = None,
    **settings: Any,
) -> None:
    """Train a GAN on a data set and publish its generator.

    Args:
        data: what to train on.
        model: `kind` of the architecture, and the sizes of its `generator` and `critic`; dimensions that follow from
            the data and from the law of z need not be given.
        latent: `law`, `dim`, and the law's own arguments.
        seed: of the run.
        steps: length, in updates of the generator.
        snapshots: steps whose generator is published.
        batch: real samples of an update of the critic.
        out: the .safetensors file to write.
        state_dir: folder of this run for the states it resumes from.
        log: the CSV of losses to write; by default beside `out`.
        flip: mirror each image with probability 1/2.
        log_every: steps between two rows of the CSV.
        save_every: steps between two saved states; None leaves it to the clock.
        save_seconds: seconds between two saved states.
        threads: threads of the CPU kernels.
        device: "cpu", "cuda" or "auto".
        progress: display; None chooses.
        **settings: the fields of `Settings`.

    Raises:
        InputError: an argument out of its range, or networks that do not fit the data.
        Locked, Corrupt, Diverged, Resource, Interrupted: see `training.session` and `training.loop`.
    """
    numbers = _settings(settings)
    schedule = Schedule(steps, tuple(snapshots), log_every, save_every, save_seconds)
    with setting(device, threads, numbers.precision) as place:
        law = latents.build(**latent, seed=rng.derive(seed, "law"))
        kind, parts = model["kind"], ("generator", "critic")
        sizes = {p: models.sizes(kind, p, model[p], data.shape, latent_dim=law.dim) for p in parts}
        generator, critic = (models.build(kind, p, seed=rng.derive(seed, p), **sizes[p]) for p in parts)
        _require_fit(generator, law.dim, data)
        batches = source(data, batch, seed, device=place, flip=flip)
        about = {
            "model": {"kind": kind, "sizes": sizes["generator"], "critic": sizes["critic"]},
            "latent": law.about(),
            "range": [data.low, data.high],
            "seed": seed,
        }
        conduct(
            WGAN(generator, critic, batches, law, seed, numbers, place),
            schedule,
            out=out,
            state_dir=state_dir,
            log=log,
            identity={
                "model": about["model"],
                "latent": dict(latent),
                "data": digest_data(data),
                **{"seed": seed, "batch": batch, "flip": flip, "steps": steps, "snapshots": list(snapshots)},
                **asdict(numbers),
            },
            about=about,
            environment=environment(place),
            progress=progress,
        )


def _settings(given: Mapping[str, Any]) -> Settings:
    known = [field.name for field in fields(Settings)]
    strange = [name for name in given if name not in known]
    if strange:
        raise InputError(f"wgan: no setting {', '.join(strange)}; there are: {', '.join(known)}.")
    return Settings(**{**given, "betas": tuple(given.get("betas", Settings.betas))})


def _require_fit(generator: nn.Module, dim: int, data: Dataset) -> None:
    with torch.no_grad():
        shape = generator.eval()(torch.zeros(2, dim)).shape[1:]
    if tuple(shape) != data.shape:
        raise InputError(f"the generator makes samples {tuple(shape)}, the data set {data.name} has {data.shape}.")
