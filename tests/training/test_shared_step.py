"""The step of several processes against that of one with the whole batch, in float64."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from pushforward import artifacts, latents, models
from pushforward.data.batches import Permuted
from pushforward.errors import InputError
from pushforward.training.processes import World
from pushforward.training.shared_step import Shared
from pushforward.training.wgan_step import Settings

Ranks = Callable[..., tuple[list[int], list[str]]]


@pytest.mark.fault("F54")
@pytest.mark.parametrize(
    ("kind", "samples", "number", "size"),
    [
        ("mlp", 17, 20, 2),  # batches of 7, 7 and 3
        ("cnn", 15, 20, 2),  # 7, 7 and 1: one process is left without
        ("cnn", 18, 20, 3),  # 7, 7 and 4
        ("transgan", 17, 20, 2),
        ("resnet", 9, 3, 2),
        ("conditional", 10, 3, 2),
    ],
)
def test_several_processes_train_what_one_trains(
    tmp_path: Path, ranks: Ranks, kind: str, samples: int, number: int, size: int
) -> None:
    options = {"kind": kind, "samples": samples, "number": number}
    assert ranks("steps", tmp_path / "one", 1, **options)[0] == [0]
    codes, logs = ranks("steps", tmp_path / "many", size, **options)
    assert codes == [0] * size, logs
    whole, about = artifacts.load_tensors(tmp_path / "one" / "0.safetensors")
    found = [artifacts.load_tensors(tmp_path / "many" / f"{rank}.safetensors") for rank in range(size)]
    assert {name.split("/")[0] for name in whole} == {"weights", "live", "critic", "metrics"}
    for tensors, facts in found:
        assert facts["seen"] == about["seen"]
        for name, value in whole.items():
            torch.testing.assert_close(tensors[name], value, rtol=1e-9, atol=1e-11, msg=lambda m, n=name: f"{n}: {m}")
            assert torch.equal(tensors[name], found[0][0][name]), f"{name} differs between processes"


def test_a_critic_with_batch_statistics_is_refused() -> None:
    generator = models.build("mlp", "generator", latent_dim=2, data_dim=4)
    critic = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Linear(3, 1))
    source = Permuted(torch.rand(6, 4), 3, 0)
    with pytest.raises(InputError, match="critic with batch normalisation"):
        Shared(
            generator, critic, source, latents.build(law="gaussian", dim=2), 0, Settings(),
            world=World(torch.distributed.HashStore(), 0, 2),
        )  # fmt: skip
