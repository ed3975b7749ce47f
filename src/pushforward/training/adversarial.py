"""What the variants of the WGAN-GP training share as jobs: from a data set and plain numbers to published weights."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import nn

from pushforward import latents, models, rng
from pushforward.data.batches import source
from pushforward.data.dataset import Dataset
from pushforward.errors import InputError
from pushforward.latents.law import Law
from pushforward.provenance import environment
from pushforward.training.hardware import setting
from pushforward.training.loop import Schedule
from pushforward.training.progress import Progress
from pushforward.training.session import conduct, digest_data
from pushforward.training.wgan_step import WGAN, Settings

Numbers = TypeVar("Numbers")


def train(
    data: Dataset,
    build: Callable[..., WGAN],
    kind: type[Settings],
    follow: Callable[[Law, Any], Mapping[str, Any]],
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
    """Train a variant of the WGAN and publish its generator.

    Args:
        data: what to train on.
        build: generator, critic, source, law, seed, settings and device -> the trainer.
        kind: dataclass of the variant's settings.
        follow: law of z and settings -> sizes of the networks that follow from them, beside the latent dimension.
        model: `kind` of the architecture, and the sizes of its `generator` and `critic` that do not follow.
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
        **settings: the fields of `kind`.

    Raises:
        InputError: an argument out of its range, or networks that do not fit the data or the variant.
        Locked, Corrupt, Diverged, Resource, Interrupted: see `training.session` and `training.loop`.
    """
    numbers = parse(kind, settings, "training")
    schedule = Schedule(steps, tuple(snapshots), log_every, save_every, save_seconds)
    with setting(device, threads, numbers.precision) as place:
        law = latents.build(**latent, seed=rng.derive(seed, "law"))
        sizes, networks = _networks(model, data, {"latent_dim": law.dim, **follow(law, numbers)}, seed)
        batches = source(data, batch, seed, device=place, flip=flip)
        trainer = build(*networks, batches, law, seed, numbers, place)
        _require_fit(trainer, data)
        conduct(
            trainer,
            schedule,
            out=out,
            state_dir=state_dir,
            log=log,
            identity={
                "model": sizes,
                "latent": dict(latent),
                "data": digest_data(data),
                **{"seed": seed, "batch": batch, "flip": flip, "steps": steps, "snapshots": list(snapshots)},
                **asdict(numbers),
            },
            about={
                "model": sizes,
                "latent": law.about(),
                "range": [data.low, data.high],
                "seed": seed,
            },
            environment=environment(place),
            progress=progress,
        )


def parse(kind: type[Numbers], given: Mapping[str, Any], what: str) -> Numbers:
    """The numbers of a method from plain values, lists taken for tuples.

    Args:
        kind: their dataclass.
        given: values by name; the others keep their defaults.
        what: what an error calls them.

    Raises:
        InputError: a name that is none of the dataclass's, or a value out of its range.
    """
    known = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    strange = [name for name in given if name not in known]
    if strange:
        raise InputError(f"{what}: no setting {', '.join(strange)}; there are: {', '.join(known)}.")
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in given.items()})


def _networks(
    model: Mapping[str, Any], data: Dataset, known: Mapping[str, Any], seed: int
) -> tuple[dict[str, Any], list[nn.Module]]:
    """All sizes, as the sidecar tells them, with generator and critic."""
    kind, parts = model["kind"], ("generator", "critic")
    sizes = {part: models.sizes(kind, part, model[part], data.shape, **known) for part in parts}
    networks = [models.build(kind, part, seed=rng.derive(seed, part), **sizes[part]) for part in parts]
    return {"kind": kind, "sizes": sizes["generator"], "critic": sizes["critic"]}, networks


def _require_fit(trainer: WGAN, data: Dataset) -> None:
    with torch.no_grad():
        z = torch.zeros(2, trainer.law.dim, device=trainer.device)
        shape = trainer.generator.eval()(z).shape[1:]
    trainer.generator.train()
    if tuple(shape) != data.shape:
        raise InputError(f"the generator makes samples {tuple(shape)}, the data set {data.name} has {data.shape}.")
