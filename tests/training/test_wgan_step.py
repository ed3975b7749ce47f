"""The WGAN-GP step against a textbook one, written with plain autograd."""

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from pushforward import models
from pushforward.errors import InputError
from pushforward.latents.gaussian import Gaussian
from pushforward.latents.law import Law
from pushforward.latents.mixture import Mixture
from pushforward.models.activations import LeakyReLU, ReLU
from pushforward.training import checkpoints
from pushforward.training.checkpoints import States
from pushforward.training.stacked_step import Stacked, suits
from pushforward.training.wgan_step import WGAN, Settings


class Fixed:
    """Batches from a list, over and over."""

    def __init__(self, *batches: Tensor) -> None:
        self.batches, self.place = batches, 0

    def next(self) -> Tensor:
        self.place += 1
        return self.batches[(self.place - 1) % len(self.batches)]

    def next_labelled(self) -> tuple[Tensor, Tensor]:
        raise NotImplementedError

    def state_dict(self) -> dict[str, Tensor]:
        return {"place": torch.tensor(self.place)}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        self.place = int(state["place"])


def networks(kind: str) -> tuple[nn.Module, nn.Module, tuple[int, ...]]:
    if kind == "mlp":
        sizes: dict[str, Any] = {"data_dim": 6, "width": 16, "depth": 2}
        critic, shape = models.build("mlp", "critic", seed=2, **sizes), (6,)
    else:
        sizes, shape = {"image_size": 8, "channels": 16}, (1, 8, 8)
        critic = models.build("cnn", "critic", seed=2, image_size=8, width=6)
    return models.build(kind, "generator", seed=1, latent_dim=3, **sizes), critic, shape


def trainer(
    kind: str = "mlp",
    dtype: torch.dtype = torch.float64,
    build: type[WGAN] = WGAN,
    law: Law | None = None,
    **settings: Any,
) -> WGAN:
    generator, critic, shape = networks(kind)
    stream = torch.Generator().manual_seed(0)
    source = Fixed(torch.rand(9, *shape, generator=stream), torch.rand(5, *shape, generator=stream))
    return build(generator.to(dtype), critic.to(dtype), source, law or Gaussian(3), 7, Settings(**settings))


class Textbook:
    """Gulrajani et al. 2017 as it is usually written, in the networks and streams of `ours`."""

    def __init__(self, ours: WGAN) -> None:
        self.generator, self.critic = plain(copy.deepcopy(ours.generator)), plain(copy.deepcopy(ours.critic))
        self.source, self.s, self.dtype = copy.deepcopy(ours.source), ours.settings, ours.dtype
        self.streams = {k: g.clone_state() for k, g in ours.streams.items()}
        self.adams = [
            torch.optim.Adam(network.parameters(), lr=lr, betas=self.s.betas)
            for network, lr in ((self.generator, self.s.generator_lr), (self.critic, self.s.critic_lr))
        ]

    def z(self, n: int) -> Tensor:
        return torch.randn(n, 3, generator=self.streams["latent"]).to(self.dtype)

    def step(self) -> dict[str, Tensor]:
        for _ in range(self.s.critic_steps):
            real = self.source.next().to(self.dtype)
            fake = self.generator(self.z(len(real)))
            shape = real.shape if self.s.gp_alpha == "pixel" else (len(real), *[1] * (real.ndim - 1))
            alpha = torch.rand(shape, generator=self.streams["alpha"]).to(self.dtype)
            mix = (alpha * real + (1 - alpha) * fake).detach().requires_grad_()
            score = self.critic(mix)
            (slope,) = torch.autograd.grad(score, mix, torch.ones_like(score), create_graph=True)
            penalty = ((slope.reshape(len(real), -1).norm(2, 1) - 1) ** 2).mean()
            on_real = self.critic(real).mean()
            loss = -(on_real - self.critic(fake).mean()) + self.s.penalty * penalty + self.s.drift * on_real**2
            self.adams[1].zero_grad()
            loss.backward()
            self.critic_gradients = [p.grad.clone() for p in self.critic.parameters() if p.grad is not None]
            self.adams[1].step()
        generator_loss = -self.critic(self.generator(self.z(len(real)))).mean()
        self.adams[0].zero_grad()
        generator_loss.backward()
        own = [p.grad for p in self.generator.parameters() if p.grad is not None]
        self.adams[0].step()
        return {
            "critic_loss": loss.detach(),
            "generator_loss": generator_loss.detach(),
            "critic_gradient": torch.cat([g.flatten() for g in self.critic_gradients]).norm(),
            "generator_gradient": torch.cat([g.flatten() for g in own]).norm(),
        }


def plain(network: nn.Module) -> nn.Module:
    """The same network with PyTorch's own activations."""
    for parent in network.modules():
        for name, child in parent.named_children():
            if isinstance(child, ReLU):
                setattr(parent, name, nn.ReLU())
            elif isinstance(child, LeakyReLU):
                setattr(parent, name, nn.LeakyReLU(child.slope))
    return network


@pytest.mark.parametrize("build", [WGAN, Stacked])
@pytest.mark.parametrize("kind", ["mlp", "cnn"])
@pytest.mark.parametrize("alpha", ["pixel", "sample"])
def test_losses_and_gradients_are_those_of_the_textbook_step(build: type[WGAN], kind: str, alpha: str) -> None:
    ours = trainer(kind, build=build, gp_alpha=alpha, drift=0.01, generator_lr=1e-3, critic_lr=2e-3)
    textbook = Textbook(ours)
    for _ in range(3):
        found, expected = ours.step(), textbook.step()
        for name, value in expected.items():
            assert float(found[name]) == pytest.approx(float(value), rel=1e-7), name
    for mine, theirs in ((ours.generator, textbook.generator), (ours.critic, textbook.critic)):
        for a, b in zip(mine.parameters(), theirs.parameters(), strict=True):
            torch.testing.assert_close(a, b, rtol=1e-7, atol=1e-9)
    for a, b in zip(ours.generator.parameters(), textbook.generator.parameters(), strict=True):
        torch.testing.assert_close(a.grad, b.grad, rtol=1e-7, atol=1e-9)
    for a, b in zip(ours.critic.parameters(), textbook.critic_gradients, strict=True):
        torch.testing.assert_close(a.grad, b, rtol=1e-7, atol=1e-9)


def test_the_generators_update_takes_the_size_of_the_last_real_batch() -> None:
    sizes: list[int] = []
    ours = trainer()
    ours.generator.register_forward_hook(lambda _m, args, _out: sizes.append(len(args[0])))
    ours.step()
    assert sizes == [9, 5, 5]  # two updates of the critic on 9 and 5 reals, then the generator's own


def test_stacks_are_told_from_other_networks() -> None:
    generator, critic, _ = networks("mlp")
    assert suits(generator, critic, Settings())
    assert not suits(generator, critic, Settings(precision="bf16"))
    assert not suits(nn.Sequential(generator, nn.BatchNorm1d(6)), critic, Settings())
    hooked = copy.deepcopy(critic)
    hooked.register_forward_pre_hook(lambda _module, _inputs: None)
    assert not suits(generator, hooked, Settings())
    for strange in (nn.BatchNorm1d(16), nn.Tanh()):
        other = copy.deepcopy(critic)
        other.layers.insert(1, strange)
        assert not suits(generator, other, Settings())
    assert not suits(generator, nn.Linear(6, 1), Settings())


def test_a_last_layer_without_hidden_ones_is_left_to_autograd() -> None:
    assert not suits(networks("mlp")[0], models.build("mlp", "critic", data_dim=6, depth=0), Settings())


def test_the_batch_of_the_generator_may_be_its_own() -> None:
    for kind in ("mlp", "cnn"):
        ours, plainly = (trainer(kind, build=b, generator_batch=12, generator_lr=1e-3) for b in (Stacked, WGAN))
        for _ in range(2):
            found, expected = ours.step(), plainly.step()
        for name, value in expected.items():
            assert float(found[name]) == pytest.approx(float(value), rel=1e-9), name


def test_batch_statistics_of_the_generator_move_with_every_forward() -> None:
    ours = trainer()
    ours.generator.add_module("norm", nn.BatchNorm1d(6, dtype=torch.float64))
    ours.generator.register_forward_hook(lambda m, _args, out: m.norm(out))
    ours.step()
    assert int(ours.generator.norm.num_batches_tracked) == 3


def test_a_critic_with_batch_statistics_sees_real_and_fake_apart() -> None:
    generator, critic, _ = networks("mlp")
    critic.layers.insert(1, nn.BatchNorm1d(16))
    ours = WGAN(generator, critic, Fixed(torch.rand(4, 6)), Gaussian(3), 0, Settings(critic_steps=1))
    seen: list[int] = []
    critic.register_forward_hook(lambda _m, args, _out: seen.append(len(args[0])))
    ours.step()
    assert not ours.together
    assert seen == [4, 4, 4, 4]  # real, fake, between; then the generator's update


def test_the_critics_update_leaves_no_graph_in_the_generator() -> None:
    ours = trainer(critic_steps=1)
    ours._update_critic(ours._real())
    assert all(p.grad is None for p in ours.generator.parameters())
    before = [p.grad.clone() for p in ours.critic.parameters() if p.grad is not None]
    ours._update_generator(4)
    after = [p.grad for p in ours.critic.parameters() if p.grad is not None]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize("build", [WGAN, Stacked])
def test_clipping_bounds_the_gradients_and_reports_the_norm_before(build: type[WGAN]) -> None:
    free, clipped = (trainer(build=build, critic_steps=1, clip=clip) for clip in (None, 1e-3))
    assert float(clipped.step()["critic_gradient"]) == pytest.approx(float(free.step()["critic_gradient"]))
    norm = torch.cat([p.grad.flatten() for p in clipped.critic.parameters() if p.grad is not None]).norm()
    assert float(norm) == pytest.approx(1e-3, rel=1e-3)


@pytest.mark.parametrize("kind", ["mlp", "cnn"])
def test_a_law_with_parameters_is_trained_with_the_generator(kind: str) -> None:
    first = Mixture(3, components=4, variant="faithful")
    laws = [copy.deepcopy(first), copy.deepcopy(first)]
    for law, build in zip(laws, (WGAN, Stacked), strict=True):
        ours = trainer(kind, build=build, law=law, generator_lr=1e-2)
        for _ in range(3):
            ours.step()
    for before, a, b in zip(first.parameters(), *(law.parameters() for law in laws), strict=True):
        assert not torch.equal(before, a)
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)
    assert {"latent/means", "latent/sigmas"} <= set(ours.snapshot())


@pytest.mark.parametrize("build", [WGAN, Stacked])
def test_the_average_follows_the_generator(build: type[WGAN]) -> None:
    ours = trainer(build=build, ema_halflife=20.0, critic_steps=1, generator_lr=1e-2)
    shadow = {k: v.clone() for k, v in ours.average.values.items()} if ours.average else {}
    seen = 0
    for n in (9, 5, 9):
        ours.step()
        seen += n
        decay = 0.5 ** (n / min(20.0, 0.1 * seen))
        for name, live in ours.generator.named_parameters():
            shadow[name] = decay * shadow[name] + (1 - decay) * live.detach()
    for name, value in shadow.items():
        torch.testing.assert_close(ours.snapshot()[name], value)
        assert not torch.equal(ours.snapshot()[name], ours.generator.state_dict()[name])


@pytest.mark.parametrize("build", [WGAN, Stacked])
@pytest.mark.parametrize("kind", ["mlp", "cnn"])
def test_a_saved_state_goes_on_bit_by_bit(tmp_path: Path, kind: str, build: type[WGAN]) -> None:
    whole, first, second = (trainer(kind, torch.float32, build, ema_halflife=50.0) for _ in range(3))
    for _ in range(3):
        whole.step(), first.step()
    path = States(tmp_path).save(3, first.state_dict())
    second.step()  # whatever it was before does not matter
    second.load_state_dict(checkpoints.load(path))
    for _ in range(3):
        found, expected = second.step(), whole.step()
        assert {k: float(v) for k, v in found.items()} == {k: float(v) for k, v in expected.items()}
    for name, value in whole.snapshot().items():
        assert torch.equal(second.snapshot()[name], value), name


class Forbid(TorchDispatchMode):
    """Raises where a tensor's value is asked for, which on a GPU would wait for it."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        assert func not in (torch.ops.aten._local_scalar_dense.default, torch.ops.aten.nonzero.default), func
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("settings", [{}, {"clip": 1.0, "drift": 1e-3, "ema_halflife": 100.0}, {"precision": "bf16"}])
@pytest.mark.parametrize("kind", ["mlp", "cnn"])
def test_nothing_in_a_step_asks_the_device_for_a_value(kind: str, settings: dict[str, Any]) -> None:
    ours = trainer(kind, torch.float32, build=WGAN if "precision" in settings else Stacked, **settings)
    with Forbid():
        metrics = ours.step()
        with pytest.raises(AssertionError):
            float(metrics["critic_loss"])


def test_bf16_stays_close_to_fp32() -> None:
    full, half = (trainer("cnn", torch.float32, precision=p).step() for p in ("fp32", "bf16"))
    for name in full:
        assert half[name].dtype == torch.float32
        assert float(half[name]) == pytest.approx(float(full[name]), rel=0.05, abs=0.02), name


@pytest.mark.parametrize("settings", [{"gp_alpha": "batch"}, {"critic_steps": 0}])
def test_settings_out_of_range_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        Settings(**settings)
