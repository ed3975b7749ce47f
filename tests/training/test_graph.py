"""Replayed steps against steps as they are. What replays here is Python that keeps the rules of a CUDA graph."""

import copy
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from pushforward import artifacts, latents, models
from pushforward.data.batches import Permuted
from pushforward.data.dataset import Dataset
from pushforward.errors import InputError
from pushforward.training import augmented, graph, wgan
from pushforward.training.augmented_step import Augmented, MutualInformation
from pushforward.training.augmented_step import Settings as AugmentedSettings
from pushforward.training.conditional_step import Conditional
from pushforward.training.graph import WARMUP, Graphed
from pushforward.training.stacked_step import Stacked
from pushforward.training.wgan_step import WGAN, Settings

FULL: dict[str, Any] = {"clip": 1.0, "drift": 1e-3, "ema_halflife": 30.0, "generator_lr": 1e-3, "critic_lr": 1e-3}


class Pretended:
    """Recording computes nothing, replaying computes all, on the same tensors; and nothing is left to be counted."""

    def __init__(self) -> None:
        self.recorded, self.replayed = 0, 0

    def __call__(
        self, work: Callable[[], dict[str, Tensor]], streams: Iterable[torch.Generator]
    ) -> tuple[Callable[[], None], dict[str, Tensor]]:
        self.recorded += 1
        trainer = work.__self__.trainer  # type: ignore[attr-defined]
        assert list(streams) == list(trainer.streams.values())
        before = copy.deepcopy({k: v for k, v in trainer.state_dict().items() if k != "source"})
        result = work()
        trainer.source.source, source = SILENT, trainer.source.source
        trainer.load_state_dict({**before, "source": {}})
        trainer.source.source = source

        def replay() -> None:
            self.replayed += 1
            for name, value in work().items():
                result[name].copy_(value)

        return replay, result


class Silent:
    """A source whose place nobody asks for."""

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        pass


SILENT = Silent()


def source(device: str, shape: tuple[int, ...], samples: int) -> Permuted:
    stream = torch.Generator().manual_seed(0)
    images = torch.randint(256, (samples, *shape), generator=stream, dtype=torch.uint8).to(device)
    return Permuted(images, 6, 0, labels=torch.arange(samples, device=device) % 3)


def mlp(device: str) -> WGAN:
    parts = {"generator": {"latent_dim": 3}, "critic": {}}
    networks = [models.build("mlp", p, seed=0, data_dim=6, width=16, depth=2, **more) for p, more in parts.items()]
    law = latents.build(law="gaussian", dim=3)
    return Stacked(*networks, source(device, (6,), 27), law, 0, Settings(**FULL), device)


def transgan(device: str) -> WGAN:
    law = latents.build(law="mixture", dim=3, components=4, variant="faithful")
    sizes = {"heads": 2, "image_size": 8}
    generator = models.build("transgan", "generator", seed=0, latent_dim=3, dims=[16, 4], depths=[1, 1], **sizes)
    critic = models.build("transgan", "critic", seed=0, dims=[4, 8], depths=[1, 1, 1], components=4, **sizes)
    numbers = AugmentedSettings(**FULL, augment="diffaug", mutual_information=MutualInformation(1.0, 8))
    return Augmented(generator, critic, source(device, (3, 8, 8), 24), law, 0, numbers, device)


def resnet(device: str) -> WGAN:
    generator = models.build("resnet", "generator", seed=0, latent_dim=3, width=2, classes=3)
    critic = models.build("resnet", "critic", seed=0, width=2, classes=3)
    law = latents.build(law="gaussian", dim=3)
    return Conditional(generator, critic, source(device, (3, 32, 32), 27), law, 0, Settings(**FULL), device)


def same(a: Any, b: Any, close: bool = False) -> None:
    """Two states are one."""
    if isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a:
            same(a[key], b[key], close)
    elif isinstance(a, Tensor) and close and a.is_floating_point():
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-5)
    elif isinstance(a, Tensor):
        assert torch.equal(a, b)
    else:
        assert a == b


@pytest.mark.parametrize(("build", "recordings"), [(mlp, 1), (transgan, 2), (resnet, 1)])
def test_replayed_steps_are_the_steps(build: Callable[[str], WGAN], recordings: int) -> None:
    """Whole batches are replayed, smaller ones are not; a loss that ends is recorded anew."""
    plain, trainer = build("cpu"), build("cpu")
    recorder = Pretended()
    graphed = Graphed(trainer, recorder)
    for number in range(12):
        expected, found = plain.step(), graphed.step()
        assert number >= WARMUP or not recorder.recorded
        assert {name: float(value) for name, value in found.items()} == {k: float(v) for k, v in expected.items()}
        same(graphed.state_dict(), plain.state_dict())
    assert recorder.recorded == recordings and 4 <= recorder.replayed < 12
    same(graphed.snapshot(), plain.snapshot())


def test_a_state_is_taken_back_and_recorded_anew() -> None:
    plain, trainer = transgan("cpu"), transgan("cpu")
    recorder = Pretended()
    graphed = Graphed(trainer, recorder)
    for _ in range(5):
        plain.step()
        graphed.step()
    state = copy.deepcopy(plain.state_dict())
    for _ in range(2):
        graphed.step()  # whatever it was before does not matter
    graphed.load_state_dict(state)
    for _ in range(4):
        plain.step()
        graphed.step()
    same(graphed.state_dict(), plain.state_dict())
    assert recorder.recorded == 2  # before and after


def test_what_is_told_stays_what_it_was() -> None:
    trainer = mlp("cpu")
    graphed = Graphed(trainer, Pretended())
    told = [graphed.step()["critic_loss"] for _ in range(8)]
    assert len({float(value) for value in told}) == 8


def job(data: Dataset, folder: Path, **more: Any) -> dict[str, Any]:
    """Arguments of a training that writes into a folder."""
    images = len(data.shape) == 3
    sizes: dict[str, Any] = {"generator": {"channels": 8}, "critic": {"width": 4}}
    if not images:
        sizes = {part: {"width": 8, "depth": 1} for part in sizes}
    law = (
        {"law": "mixture", "dim": 3, "components": 4, "variant": "faithful"}
        if images
        else {"law": "gaussian", "dim": 2}
    )
    own = {"augment": "diffaug", "ema_halflife": 50.0} if images else {}
    return {
        **{"data": data, "model": {"kind": "cnn" if images else "mlp", **sizes}, "latent": law, **own},
        **{"seed": 0, "steps": 10, "snapshots": [6, 10], "batch": 8, "log_every": 1, "threads": 1, "save_every": 7},
        **{"out": folder / "s0.safetensors", "state_dir": folder / "state", "progress": lambda *_: None, **more},
    }


@pytest.mark.parametrize("method", ["wgan", "augmented"])
def test_a_training_of_replayed_steps_publishes_the_same(
    method: str, mixture: Dataset, images: Dataset, tmp_path: Path
) -> None:
    data, fit = (mixture, wgan.fit) if method == "wgan" else (images, augmented.fit)
    fit(**job(data, tmp_path / "plain"))
    recorder = Pretended()
    graph.fit(method=method, recorder=recorder, **job(data, tmp_path / "graph"))
    assert recorder.recorded and recorder.replayed >= 3
    (a, about), (b, same_about) = (artifacts.load_tensors(tmp_path / d / "s0.safetensors") for d in ("plain", "graph"))
    same(a, b)
    assert about["training"] == same_about["training"] and about["latent"] == same_about["latent"]


def test_a_training_without_a_gpu_is_refused_before_a_step(mixture: Dataset, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="wants a GPU; this training is on cpu"):
        graph.fit(method="wgan", **job(mixture, tmp_path))
    assert not (tmp_path / "s0.safetensors").exists()


def test_a_graph_wants_a_gpu() -> None:
    with pytest.raises(InputError, match="wants a GPU; this training is on cpu"):
        Graphed(mlp("cpu"))


def test_a_law_that_redraws_is_refused() -> None:
    trainer = mlp("cpu")
    trainer.law = latents.build(law="norm", dim=3, acceptance=0.5)
    with pytest.raises(InputError, match="the law norm redraws z"):
        Graphed(trainer, Pretended())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="a CUDA graph wants a GPU; there is none here")
@pytest.mark.parametrize("build", [mlp, transgan, resnet])
def test_a_cuda_graph_replays_the_steps(build: Callable[[str], WGAN]) -> None:
    plain, graphed = build("cuda"), Graphed(build("cuda"))
    for _ in range(12):
        expected, found = plain.step(), graphed.step()
        for name, value in expected.items():
            torch.testing.assert_close(found[name], value, rtol=1e-3, atol=1e-4)
    assert graphed.recorded is not None
    same(graphed.state_dict(), plain.state_dict(), close=True)
