"""What a step does to a device, seen without one.

Tensors on "meta" have a shape and no value. Asking for a value, copying one to the host, or mixing one with a tensor
of the host is an error there, where on a GPU it would be a wait or a copy in every step.
"""

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from pushforward import latents, models, rng
from pushforward.data.batches import Mixture, Permuted
from pushforward.models.vae import VAE
from pushforward.training import vae_step
from pushforward.training.augmented_step import Augmented, MutualInformation
from pushforward.training.augmented_step import Settings as AugmentedSettings
from pushforward.training.conditional_step import Conditional
from pushforward.training.stacked_step import Stacked
from pushforward.training.wgan_step import WGAN, Settings

FULL = {"clip": 1.0, "drift": 1e-3, "ema_halflife": 100.0}
TRANSGAN = (
    {"dims": [16, 4], "depths": [1, 1], "heads": 2, "image_size": 8},
    {"dims": [4, 8], "depths": [1, 1, 1], "heads": 2, "image_size": 8, "components": 4},
)
META = torch.device("meta")
aten = torch.ops.aten


class Meta(TorchFunctionMode):
    """Makes what is drawn, or counted, on the device of a generator on "meta": there are no generators there."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        if func in (torch.rand, torch.randn, torch.randint, torch.randperm, torch.arange):
            kwargs["device"] = META
        return func(*args, **kwargs)


class Resident(TorchDispatchMode):
    """Notes tensors that are made on the host, and refuses operations that wait for the device."""

    def __init__(self) -> None:
        super().__init__()
        self.on_host: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        assert func not in (aten._local_scalar_dense.default, aten.nonzero.default), f"{func} waits for the device"
        result = func(*args, **(kwargs or {}))
        if isinstance(result, Tensor) and result.device != META and result.ndim:
            self.on_host.append(str(func))
        return result


def images(device: torch.device, labels: bool = True, **options: Any) -> Permuted:
    x = torch.zeros(20, *options.pop("shape", (3, 8, 8)), dtype=torch.uint8, device=device)
    return Permuted(x, 8, 0, labels=torch.arange(20, device=device) % 3, **options)


def mlp(device: torch.device) -> WGAN:
    sizes = {"data_dim": 6, "width": 16, "depth": 2}
    networks = [models.build("mlp", part, seed=0, **sizes, **more) for part, more in PARTS]
    centres, weights = torch.eye(3, 6, dtype=torch.float64), torch.ones(3, dtype=torch.float64)
    source = Mixture(centres, weights, 0.1, 8, 0, device=device)
    return Stacked(*networks, source, latents.build(law="gaussian", dim=4), 0, Settings(**FULL), device)


def cnn(device: torch.device) -> WGAN:
    networks = (
        models.build("cnn", "generator", seed=0, latent_dim=4, image_size=8, image_channels=3, channels=8),
        models.build("cnn", "critic", seed=0, image_size=8, image_channels=3, width=4),
    )
    source = images(device, flip=True)
    return WGAN(*networks, source, latents.build(law="gaussian", dim=4), 0, Settings(**FULL), device)


def transgan(device: torch.device) -> WGAN:
    generator, critic = (
        models.build("transgan", part, seed=0, **sizes, **more)
        for (part, more), sizes in zip(PARTS, TRANSGAN, strict=True)
    )
    law = latents.build(law="mixture", dim=4, components=4, variant="faithful")
    settings = AugmentedSettings(**FULL, augment="diffaug", mutual_information=MutualInformation(1.0, 9))
    return Augmented(generator, critic, images(device, flip=True), law, 0, settings, device)


def resnet(device: torch.device) -> WGAN:
    generator, critic = (models.build("resnet", part, seed=0, width=2, classes=3, **more) for part, more in PARTS)
    law = latents.build(law="gaussian", dim=4)
    return Conditional(generator, critic, images(device, shape=(3, 32, 32)), law, 0, Settings(**FULL), device)


def vae(device: torch.device) -> vae_step.Autoencoding:
    sizes = {"latent_dim": 4, "decoder": "cnn", "image_size": 8, "image_channels": 3}
    encoder = models.build("vae", "encoder", seed=0, **sizes, channels=[4, 8])
    network = VAE(encoder, models.build("vae", "generator", seed=1, **sizes, channels=8), "gaussian", None)
    return vae_step.Autoencoding(network, images(device, flip=True), 0, vae_step.Settings(clip=1.0), device)


PARTS: tuple[tuple[str, dict[str, Any]], ...] = (("generator", {"latent_dim": 4}), ("critic", {}))
TRAINERS: tuple[Callable[[torch.device], Any], ...] = (mlp, cnn, transgan, resnet, vae)


@pytest.fixture
def on_meta(monkeypatch: pytest.MonkeyPatch) -> None:
    made = rng.generator
    for module in ("pushforward.rng", "pushforward.data.batches"):
        monkeypatch.setattr(f"{module}.generator", lambda seed, *names, device="cpu": made(seed, *names))
    for module in ("wgan_step", "vae_step"):  # the kernel of fused Adam exists on real devices only
        monkeypatch.setattr(f"pushforward.training.{module}.adam", lambda p, lr, _betas: torch.optim.SGD(p, lr))
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: contextlib.nullcontext())  # which knows no such device


@pytest.mark.usefixtures("on_meta")
@pytest.mark.parametrize("build", TRAINERS)
def test_a_step_stays_on_the_device(build: Callable[[torch.device], Any]) -> None:
    trainer = build(META)
    with Meta(), Resident() as watch:
        for _ in range(2):
            metrics = trainer.step()
    assert not watch.on_host
    assert metrics and all(value.device == META and value.ndim == 0 for value in metrics.values())


@pytest.mark.usefixtures("on_meta")
@pytest.mark.parametrize(
    ("slip", "error"),
    [
        (lambda x: float(x.sum()), AssertionError),
        (lambda x: bool((x > 0).any()), AssertionError),
        (lambda x: x[x > 0], NotImplementedError),
        (lambda x: x.cpu(), NotImplementedError),
        (lambda x: x + torch.zeros(6), RuntimeError),
        (lambda x: torch.tensor([1.0]).to(x.device), None),
    ],
)
def test_whatever_leaves_the_device_is_seen(slip: Callable[[Tensor], Any], error: type[Exception] | None) -> None:
    trainer = mlp(META)
    trainer.generator.register_forward_hook(lambda _m, _args, x: (slip(x), x)[1])
    trainer = WGAN.step.__get__(trainer)  # by modules, as the other step looks at none
    with Meta(), Resident() as watch, pytest.raises(error) if error else contextlib.nullcontext():
        trainer()
    assert error or watch.on_host


@pytest.mark.parametrize("build", [cnn, transgan, resnet])
def test_convolutions_are_given_channels_last(build: Callable[[torch.device], WGAN]) -> None:
    trainer, seen = build(torch.device("cpu")), []
    for network in (trainer.generator, trainer.critic):
        for module in network.modules():
            if isinstance(module, nn.Conv2d):
                assert module.weight.is_contiguous(memory_format=torch.channels_last)
                if network is trainer.critic:
                    module.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0].detach()))
    trainer.step()
    assert len(seen) > 8
    assert all(x.is_contiguous(memory_format=torch.channels_last) for x in seen)
