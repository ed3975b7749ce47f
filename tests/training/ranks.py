"""Runs a scenario in several processes that talk over loopback, as torchrun would; asked for on standard input.

Importing torch takes longer than such a training; here it happens once, and every process is forked off this one.
"""

import json
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch._dynamo  # which the first step of an optimizer would import
import torch.distributed as dist
from torch import Tensor, nn

from pushforward import artifacts, latents, models
from pushforward.data.batches import Permuted
from pushforward.data.dataset import Dataset
from pushforward.errors import PushforwardError
from pushforward.models.attention import Attention
from pushforward.training import distributed, processes, wgan
from pushforward.training.augmented_step import Augmented, MutualInformation
from pushforward.training.augmented_step import Settings as AugmentedSettings
from pushforward.training.conditional_step import Conditional
from pushforward.training.leader import compare
from pushforward.training.processes import World
from pushforward.training.shared_norm import synchronise
from pushforward.training.shared_step import SHARED
from pushforward.training.stacked_step import Stacked
from pushforward.training.wgan_step import WGAN, Settings

LIMIT = 60.0  # seconds until processes that hang are killed
CPU = torch.device("cpu")
MIXTURE = {"law": "mixture", "dim": 3, "components": 4, "variant": "faithful"}


def networks(kind: str) -> tuple[nn.Module, nn.Module, dict[str, Any], tuple[int, ...]]:
    """Generator, critic, law of z, and the shape of a sample."""
    law: dict[str, Any] = {"law": "gaussian", "dim": 3}
    if kind == "mlp":
        parts, shape = ({"data_dim": 6, "width": 16, "depth": 2},) * 2, (6,)
    elif kind == "cnn":
        parts, shape = ({"image_size": 8, "channels": 16}, {"image_size": 8, "width": 6}), (1, 8, 8)
    elif kind == "transgan":
        law, shape, sizes = MIXTURE, (3, 8, 8), {"image_size": 8, "image_channels": 3, "heads": 2}
        critic = {"dims": [4, 8], "depths": [1, 1, 1], "components": 4}
        parts = ({"dims": [16, 4], "depths": [1, 1], **sizes}, {**critic, **sizes})
    else:
        classes = 3 if kind == "conditional" else 0
        kind, parts, shape = "resnet", ({"width": 2, "classes": classes},) * 2, (3, 32, 32)
    generator = models.build(kind, "generator", seed=1, latent_dim=3, **parts[0])
    return generator, models.build(kind, "critic", seed=2, **parts[1]), law, shape


def trainer(kind: str, samples: int, world: World | None) -> WGAN:
    """A trainer in float64 whose last batch of an epoch is small; by itself without a world."""
    generator, critic, law, shape = networks(kind)
    for module in critic.modules():
        if isinstance(module, Attention) and module.noise is not None:
            nn.init.constant_(module.noise, 0.3)  # else there would be no noise to share
    plain = {"ema_halflife": 50.0, "clip": 0.5, "drift": 0.1, "generator_lr": 1e-3, "critic_lr": 1e-3}
    build: type[WGAN] = WGAN
    settings = Settings(**plain)
    if kind == "transgan":
        build, informed = Augmented, MutualInformation(0.5, 12)
        settings = AugmentedSettings(
            **plain, gp_alpha="sample", generator_batch=9, augment="diffaug", mutual_information=informed
        )
    elif kind == "conditional":
        build = Conditional
    stream = torch.Generator().manual_seed(0)
    images = torch.randint(256, (samples, *shape), generator=stream, dtype=torch.uint8)
    source = Permuted(images, 7, 0, labels=torch.arange(samples) % 3, span=(-1.0, 1.0), flip=len(shape) == 3)
    arguments = (generator.double(), critic.double(), source, latents.build(**law).double(), 7, settings)
    return SHARED[build](*arguments, world=world) if world else build(*arguments)


def steps(world: World | None, folder: Path, kind: str, samples: int, number: int) -> None:
    """Train; every process leaves its weights, statistics, averages and all metrics."""
    own = trainer(kind, samples, world)
    told = [own.step() for _ in range(number)]
    found = {f"weights/{name}": value for name, value in own.snapshot().items()}
    found |= {f"critic/{name}": value for name, value in own.critic.state_dict().items()}
    found |= {f"live/{name}": value for name, value in own.generator.state_dict().items()}
    found |= {f"metrics/{name}": torch.stack([each[name].double() for each in told]) for name in told[0]}
    found = {
        name: value.clone() for name, value in found.items()
    }  # averages do not stand for buffers, so some are shared
    artifacts.save_tensors(folder / f"{world.rank if world else 0}.safetensors", found, {"seen": own.seen})


def norms(world: World | None, folder: Path, total: int, shape: list[int], offset: float, kind: str) -> None:
    """A layer of normalisation, forward and backward, on own rows."""
    world = world or World(dist.HashStore(), 0, 1)
    stream = torch.Generator().manual_seed(1)
    dtype = getattr(torch, kind)
    whole = torch.randn(total, 3, *shape, generator=stream, dtype=dtype) + offset
    pull = torch.randn(whole.shape, generator=stream, dtype=dtype)
    norm = nn.BatchNorm2d if shape else nn.BatchNorm1d
    network = nn.Sequential(norm(3).to(dtype))
    nn.init.constant_(network[0].weight, 1.7)
    if world.size > 1:
        synchronise(network, world)
    own = world.split(total)
    x = whole[own.rows].clone().requires_grad_()
    y = network(x)
    (y * pull[own.rows]).flatten(1).sum(1).mean().backward()
    gradients = [p.grad for p in network.parameters()]
    if world.size > 1:
        world.average_(gradients)
    found = {"y": y.detach(), "x": x.grad * own.weight, "weight": gradients[0], "bias": gradients[1]}
    found |= {f"state/{name}": value for name, value in network.state_dict().items()}
    artifacts.save_tensors(folder / f"{world.rank}.safetensors", found, {"rows": [own.rows.start, own.rows.stop]})


def fit(world: World | None, folder: Path, method: str, changes: dict[str, Any], **faults: Any) -> None:
    """A training as a job; process 0 writes to `0`, the others would write to folders of their own."""
    stream = torch.Generator().manual_seed(0)
    shape = (3, 32, 32) if changes.pop("data", "") == "colours" else (1, 8, 8)
    images = torch.randint(256, (20, *shape), generator=stream, dtype=torch.uint8)
    labels = torch.arange(20) % 2
    data = Dataset("bars", "digits", images, labels, images[:4], labels[:4], 2, 0.0, 1.0)
    place = folder / str(world.rank if world else 0)
    given: dict[str, Any] = {
        "model": {"kind": "cnn", "generator": {"channels": 8}, "critic": {"width": 4}},
        "latent": {"law": "gaussian", "dim": 3},
        **{"seed": 0, "steps": 6, "snapshots": [3, 6], "batch": 8, "log_every": 1, "threads": 1, "save_every": 1},
        **{"out": place / "run" / "s0.safetensors", "state_dir": place / "state", "progress": lambda *_: None},
        **changes,
    }
    if faults:
        break_down(world, **faults)
    if world:
        distributed.fit(method, data, world=world, **given)
    else:
        wgan.fit(data, **given)


def break_down(world: World | None, step: int, rank: int, how: str) -> None:
    """Have process `rank` meet a fault in a step."""
    calls = iter(range(1, 10**9))

    def faulty(original: Callable[[WGAN], dict[str, Tensor]]) -> Callable[[WGAN], dict[str, Tensor]]:
        def stepped(self: WGAN) -> dict[str, Tensor]:
            if next(calls) == step and (world.rank if world else 0) == rank:
                FAULTS[how](self)
            return original(self)

        return stepped

    for kind in (WGAN, Stacked):
        kind.step = faulty(kind.step)  # type: ignore[method-assign]


def run_out(trainer: WGAN) -> None:
    raise torch.OutOfMemoryError("no more of it")


FAULTS: dict[str, Callable[[WGAN], Any]] = {
    "kill": lambda trainer: os.kill(os.getpid(), signal.SIGKILL),
    "terminate": lambda trainer: os.kill(os.getpid(), signal.SIGTERM),
    "apart": lambda trainer: trainer.streams["latent"].manual_seed(1),
    "memory": run_out,
}


def meet(world: World, folder: Path) -> None:
    """What processes say to each other."""
    assert world.settle(lambda: f"decided by {world.rank}") == "decided by 0"
    with world.join(CPU):
        assert world.tell(f"said by {world.rank}") == "said by 0"
        assert world.gather(world.rank) == list(range(world.size))
        world.split(5)  # 3 and 2
        x = torch.tensor([1.0 + world.rank], dtype=torch.float64, requires_grad=True)
        mean = world.mean(x)  # 0.6 * 1 + 0.4 * 2
        torch.testing.assert_close(mean, torch.tensor([1.4], dtype=torch.float64))
        (mean**2).sum().backward()
        assert x.grad is not None
        torch.testing.assert_close(x.grad, torch.tensor([2.8], dtype=torch.float64))


def unequal(world: World, folder: Path) -> None:
    """Processes that hold different weights."""
    with world.join(CPU):
        own = trainer("mlp", 14, world)
        compare(own, world)
        with torch.no_grad():
            own.critic.get_parameter("layers.0.bias").add_(world.rank * 1e-12)
        compare(own, world)


def late(world: World, folder: Path) -> None:
    """A process that does not come."""
    with world.join(CPU, timedelta(seconds=1)):
        if world.rank:
            time.sleep(2)
        else:
            world.gather(0)


SCENARIOS: dict[str, Callable[..., None]] = {f.__name__: f for f in (steps, norms, fit, meet, unequal, late)}
CONNECTED = ("steps", "norms")  # the others join by themselves


def run(request: dict[str, Any], rank: int) -> int:
    """One process; gives the exit code that a command would end with."""
    options, size = dict(request["options"]), request["size"]
    scenario, folder = SCENARIOS[request["scenario"]], Path(request["folder"])
    world = processes.world() if size > 1 else None
    try:
        if world and request["scenario"] in CONNECTED:
            with world.join(CPU):
                scenario(world, folder, **options)
        else:
            scenario(world, folder, **options)
    except PushforwardError as error:
        logging.error("%s", error)
        return error.exit_code
    return 0


def fork(request: dict[str, Any], rank: int, port: int) -> int:
    """Start one process; give its id."""
    child = os.fork()
    if child:
        return child
    names = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": request["size"], "LOCAL_WORLD_SIZE": request["size"]}
    os.environ.update({name: str(value) for name, value in names.items()})
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), GLOO_SOCKET_IFNAME="lo")
    os.dup2(os.open(Path(request["folder"]) / f"{rank}.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, force=True)
    try:
        code = run(request, rank)
    except BaseException:
        logging.exception("unexpected")
        code = 99
    os._exit(code)


def wait(children: list[int]) -> list[int]:
    """Exit codes, by rank; -9 also for what hangs."""
    codes: dict[int, int] = {}
    deadline = time.monotonic() + LIMIT
    while len(codes) < len(children):
        for child in (c for c in children if c not in codes):
            if time.monotonic() > deadline:
                os.kill(child, signal.SIGKILL)
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                codes[child] = os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    return [codes[child] for child in children]


def main() -> None:
    """Serve until standard input ends."""
    torch.set_num_threads(1)
    for line in sys.stdin:
        request = json.loads(line)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        children = [fork(request, rank, port) for rank in range(request["size"])]
        print(json.dumps(wait(children)), flush=True)


if __name__ == "__main__":
    main()
