"""A VAE training as a job: from a data set and plain numbers to a published decoder and encoder (Table 2)."""

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
from pushforward.models.vae import VAE
from pushforward.provenance import environment
from pushforward.training.hardware import setting
from pushforward.training.loop import Schedule
from pushforward.training.progress import Progress
from pushforward.training.session import conduct, digest_data
from pushforward.training.vae_step import Autoencoding, Settings, score


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
    """Train a VAE on a data set of images; publish its decoder, as any generator, and its encoder beside it.

    The sidecar gets the scores of the last snapshot on the test split, see `score`.

    Args:
        data: images.
        model: `kind` "vae", and the sizes of its `generator` and `encoder`, each with the `decoder` they go by ("cnn"
            or "resnet"); dimensions that follow from the data and from the law of z need not be given.
        latent: `law` "gaussian" and `dim`.
        seed: of the run.
        steps: length, in updates.
        snapshots: steps whose weights are published.
        batch: images of an update.
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
        InputError: an argument out of its range, or networks or a likelihood that do not fit the data.
        Locked, Corrupt, Diverged, Resource, Interrupted: see `training.session` and `training.loop`.
    """
    numbers = _settings(settings)
    schedule = Schedule(steps, tuple(snapshots), log_every, save_every, save_seconds)
    _require_possible(data, latent, numbers)
    with setting(device, threads, numbers.precision) as place:
        law = latents.build(**latent, seed=rng.derive(seed, "law"))
        parts = ("encoder", "generator")
        sizes = {part: _sizes(part, model[part], data, law.dim) for part in parts}
        encoder, decoder = (models.build("vae", part, seed=rng.derive(seed, part), **sizes[part]) for part in parts)
        _require_fit(decoder, law.dim, data)
        network = VAE(encoder, decoder, numbers.likelihood, numbers.variance)
        trainer = Autoencoding(network, source(data, batch, seed, device=place, flip=flip), seed, numbers, place)
        about = {
            "model": {
                **{"kind": "vae", "sizes": sizes["generator"], "encoder": sizes["encoder"]},
                **{"likelihood": numbers.likelihood, "variance": numbers.variance},
            },
            "latent": law.about(),
            "range": [data.low, data.high],
            "seed": seed,
        }
        conduct(
            trainer,
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
            result=lambda: score(network, data.scaled(data.test), rng.generator(seed, "score", device=place)),
            environment=environment(place),
            progress=progress,
        )


def _settings(given: Mapping[str, Any]) -> Settings:
    known = [field.name for field in fields(Settings)]
    strange = [name for name in given if name not in known]
    if strange:
        raise InputError(f"vae: no setting {', '.join(strange)}; there are: {', '.join(known)}.")
    return Settings(**{**given, "betas": tuple(given.get("betas", Settings.betas))})


def _sizes(part: str, given: Mapping[str, Any], data: Dataset, dim: int) -> dict[str, Any]:
    """All sizes of the encoder or of the decoder: those given, and those that follow from the data."""
    if "decoder" not in given:
        raise InputError(f"vae {part}: it goes by a decoder, cnn or resnet; none is named.")
    decoder = given["decoder"]
    rest = {name: value for name, value in given.items() if name != "decoder"}
    if part == "encoder" and decoder == "cnn":
        follow = {"latent_dim": dim, "image_size": data.shape[-1], "image_channels": data.shape[0]}
        return {"decoder": decoder, **follow, **rest}
    return {"decoder": decoder, **models.sizes(decoder, part, rest, data.shape, latent_dim=dim)}


def _require_possible(data: Dataset, latent: Mapping[str, Any], numbers: Settings) -> None:
    if len(data.shape) != 3:
        raise InputError(f"a VAE is trained on images; {data.name} is not a data set of such.")
    if latent.get("law") != "gaussian":
        raise InputError(f"a VAE's prior is gaussian; the law of z came as {latent.get('law')!r}.")
    if numbers.likelihood == "bernoulli" and (data.low, data.high) != (0.0, 1.0):
        raise InputError(
            f"a Bernoulli likelihood takes images in [0, 1]; those of {data.name} lie in [{data.low}, {data.high}]. "
            "Take likelihood: gaussian."
        )


def _require_fit(decoder: nn.Module, dim: int, data: Dataset) -> None:
    with torch.no_grad():
        shape = decoder.eval()(torch.zeros(2, dim)).shape[1:]
    if tuple(shape) != data.shape:
        raise InputError(f"the decoder makes samples {tuple(shape)}, the data set {data.name} has {data.shape}.")
