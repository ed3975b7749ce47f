"""One GAN training shared by several processes, one a GPU: the paper's TransGANs ran on two.

Process 0 runs the ordinary loop, and it alone writes files; the others follow it. The batch is that of the run whatever
their number, so a training may be taken up by more or fewer. Its sidecar then says that it is not, bit by bit, that of
one session.
"""

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from pushforward import latents, rng
from pushforward.data.batches import source
from pushforward.data.dataset import Dataset
from pushforward.errors import InputError
from pushforward.latents.law import Law
from pushforward.provenance import environment
from pushforward.training import adversarial
from pushforward.training.hardware import setting
from pushforward.training.leader import Leader, follow
from pushforward.training.loop import Schedule
from pushforward.training.processes import World
from pushforward.training.progress import Progress
from pushforward.training.session import conduct, digest_data
from pushforward.training.shared_step import SHARED
from pushforward.training.wgan_step import WGAN, Settings


def fit(method: str, data: Dataset, *, world: World, **arguments: Any) -> None:
    """Train a GAN with all processes of `world`; each of them calls this with the same arguments.

    Args:
        method: module of the training: "wgan", "augmented" or "conditional".
        data: what to train on.
        world: the processes.
        **arguments: as the method's own `fit` takes them; `device` is the one of this process.

    Raises:
        InputError: a method that runs in one process only, more processes than samples in a batch, or an argument out
            of its range.
        PushforwardError: another process ended or does not answer.
        Locked, Corrupt, Diverged, Resource, Interrupted: in process 0, see `training.session` and `training.loop`.
    """
    together = partial(_train, world)
    if method == "wgan":
        together(data, WGAN, Settings, lambda _law, _settings: {}, **arguments)
    elif method in ("augmented", "conditional"):
        importlib.import_module(f"pushforward.training.{method}").fit(data, train=together, **arguments)
    else:
        raise InputError(f"several processes train GANs together; {method} runs in one process, without torchrun.")


def _train(
    world: World,
    data: Dataset,
    build: type[WGAN],
    kind: type[Settings],
    sizes_of: Callable[[Law, Any], Mapping[str, Any]],
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
    """`adversarial.train` with all processes of `world`; states and results are named and read alike."""
    numbers = adversarial.parse(kind, settings, "training")
    schedule = Schedule(steps, tuple(snapshots), log_every, save_every, save_seconds)
    _require_enough(world, batch, numbers)
    with setting(device, threads, numbers.precision) as place, world.join(place):
        law = latents.build(**latent, seed=rng.derive(seed, "law"))
        known = {"latent_dim": law.dim, **sizes_of(law, numbers)}
        sizes, networks = adversarial._networks(model, data, known, seed)
        batches = source(data, batch, seed, device=place, flip=flip)
        trainer = SHARED[build](*networks, batches, law, seed, numbers, place, world=world)
        adversarial._require_fit(trainer, data)
        if world.rank:
            follow(trainer, world)
            return
        with Leader(trainer, world) as leader:
            conduct(
                leader,
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
                about={"model": sizes, "latent": law.about(), "range": [data.low, data.high], "seed": seed},
                environment={**environment(place), "processes": world.size},
                progress=progress,
            )


def _require_enough(world: World, batch: int, numbers: Settings) -> None:
    fewest = min(batch, numbers.generator_batch or batch)
    if world.size > fewest:
        raise InputError(f"a batch of {fewest} cannot be shared by {world.size} processes; start fewer.")
