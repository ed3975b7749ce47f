"""Trainings that several processes share, as jobs: one result, one writer, and no process left hanging."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from pushforward import artifacts
from pushforward.data.dataset import Dataset
from pushforward.errors import InputError
from pushforward.training import distributed
from pushforward.training.processes import World

Ranks = Callable[..., tuple[list[int], list[str]]]
TRANSGAN: dict[str, Any] = {
    "model": {
        "kind": "transgan",
        "generator": {"dims": [16, 4], "depths": [1, 1], "heads": 2},
        "critic": {"dims": [4, 8], "depths": [1, 1, 1], "heads": 2},
    },
    "latent": {"law": "mixture", "dim": 3, "components": 4, "variant": "printed"},
    **{"augment": "diffaug", "ema_halflife": 40.0, "clip": 5.0, "drift": 1e-3, "generator_batch": 9},
    **{"mutual_information": {"weight": 1.0, "steps": 3}, "gp_alpha": "sample"},
}


def train(
    ranks: Ranks, folder: Path, size: int = 2, method: str = "wgan", **options: Any
) -> tuple[list[int], list[str]]:
    return ranks("fit", folder, size, method=method, changes=options.pop("changes", {}), **options)


def published(folder: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    return artifacts.load_tensors(folder / "0" / "run" / "s0.safetensors")


@pytest.mark.fault("F54")
def test_two_train_what_one_trains_and_the_first_alone_writes(tmp_path: Path, ranks: Ranks) -> None:
    for size in (1, 2):
        codes, logs = train(ranks, tmp_path / str(size), size)
        assert codes == [0] * size, logs
    (whole, alone), (found, together) = published(tmp_path / "1"), published(tmp_path / "2")
    for name, value in whole.items():
        torch.testing.assert_close(found[name], value, rtol=1e-3, atol=1e-5)
    assert together["training"] == alone["training"]
    assert together["environment"] == {**alone["environment"], "processes": 2}
    assert together["bit_exact"] and "processes" not in alone["environment"]
    rows = [(tmp_path / size / "0" / "run" / "s0.csv").read_text().splitlines() for size in "12"]
    assert len(rows[0]) == len(rows[1]) == 7
    assert [path.name for path in (tmp_path / "2").iterdir() if path.is_dir()] == ["0"]


@pytest.mark.fault("F08")
@pytest.mark.fault("F54")
@pytest.mark.parametrize(("before", "after"), [(1, 2), (2, 1), (2, 3)])
def test_another_number_of_processes_takes_it_up_and_the_sidecar_says_so(
    tmp_path: Path, ranks: Ranks, before: int, after: int
) -> None:
    assert train(ranks, tmp_path / "whole", 1)[0] == [0]
    codes, _ = train(ranks, tmp_path / "parts", before, step=4, rank=0, how="terminate")
    assert codes == [143] + [0] * (before - 1)
    codes, logs = train(ranks, tmp_path / "parts", after)
    assert codes == [0] * after, logs
    told = {1: None}
    assert f"processes: {told.get(before, before)} -> {told.get(after, after)}" in logs[0]
    assert "resuming after step 4" in logs[0]
    (whole, _), (found, about) = published(tmp_path / "whole"), published(tmp_path / "parts")
    assert not about["bit_exact"]
    for name, value in whole.items():
        torch.testing.assert_close(found[name], value, rtol=1e-3, atol=1e-5)


def test_as_many_processes_take_it_up_bit_by_bit(tmp_path: Path, ranks: Ranks) -> None:
    options: dict[str, Any] = {"method": "augmented", "changes": TRANSGAN}
    assert train(ranks, tmp_path / "whole", **options)[0] == [0, 0]
    assert train(ranks, tmp_path / "parts", **options, step=4, rank=1, how="kill")[0] == [1, -9]
    codes, logs = train(ranks, tmp_path / "parts", **options)
    assert codes == [0, 0], logs
    (whole, _), (found, about) = published(tmp_path / "whole"), published(tmp_path / "parts")
    assert about["bit_exact"]
    assert all(torch.equal(found[name], value) for name, value in whole.items())
    assert {"6/latent/means", "6/mapping.weight"} <= set(whole)


@pytest.mark.parametrize("rank", [0, 1])
def test_a_process_that_dies_ends_the_others_with_a_clear_error(tmp_path: Path, ranks: Ranks, rank: int) -> None:
    codes, logs = train(ranks, tmp_path, 3, step=3, rank=rank, how="kill")
    assert codes[rank] == -9
    for other in {0, 1, 2} - {rank}:
        assert codes[other] == 1
        assert re.search(f"process {other} of 3: another process of this training ended", logs[other])
        assert "run again to go on from the newest state" in logs[other]
    assert not (tmp_path / "0" / "run" / "s0.safetensors").exists()


@pytest.mark.fault("F28")
def test_an_error_of_the_first_process_ends_the_others(tmp_path: Path, ranks: Ranks) -> None:
    codes, logs = train(ranks, tmp_path, step=3, rank=0, how="memory")
    assert codes == [5, 1]
    assert "step 3: out of memory" in logs[0]


def test_an_error_between_steps_ends_the_others_quietly(tmp_path: Path, ranks: Ranks) -> None:
    assert train(ranks, tmp_path)[0] == [0, 0]
    codes, logs = train(ranks, tmp_path, changes={"penalty": 9.0})
    assert codes == [2, 0]
    assert "penalty: 10.0 -> 9.0" in logs[0] and not logs[1]


def test_a_signal_is_the_first_processs_to_hear(tmp_path: Path, ranks: Ranks) -> None:
    assert train(ranks, tmp_path, step=3, rank=1, how="terminate")[0] == [0, 0]


def test_processes_that_go_apart_are_noticed_before_a_state_is_saved(tmp_path: Path, ranks: Ranks) -> None:
    codes, logs = train(ranks, tmp_path, step=3, rank=1, how="apart")
    assert codes == [1, 1]
    assert all("the processes 1 of this training hold other weights or random streams" in log for log in logs)
    (newest,) = sorted((tmp_path / "0" / "state").glob("state-*"))[-1:]
    assert newest.name.startswith("state-000000002-")


def test_a_difference_in_the_last_digits_is_one(tmp_path: Path, ranks: Ranks) -> None:
    assert ranks("unequal", tmp_path)[0] == [1, 1]


def test_a_conditional_training_is_shared(tmp_path: Path, ranks: Ranks) -> None:
    model = {"kind": "resnet", "generator": {"width": 2}, "critic": {"width": 2}}
    changes = {"model": model, "steps": 2, "snapshots": [2], "data": "colours"}
    codes, logs = train(ranks, tmp_path, method="conditional", changes=changes)
    assert codes == [0, 0], logs
    assert published(tmp_path)[1]["model"]["sizes"]["classes"] == 2


def world(size: int = 2) -> World:
    return World(torch.distributed.HashStore(), 0, size)


def test_a_vae_is_trained_in_one_process(images: Dataset) -> None:
    with pytest.raises(InputError, match="vae runs in one process, without torchrun"):
        distributed.fit("vae", images, world=world())


def test_more_processes_than_samples_are_refused(images: Dataset, tmp_path: Path) -> None:
    arguments: dict[str, Any] = {"model": {}, "latent": {}, "seed": 0, "steps": 1, "snapshots": [], "batch": 2}
    with pytest.raises(InputError, match="a batch of 2 cannot be shared by 3 processes"):
        distributed.fit("wgan", images, world=world(3), **arguments, out=tmp_path / "a", state_dir=tmp_path / "b")
