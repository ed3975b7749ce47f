"""A GAN training as a job: what it writes, that it can be read, and what it refuses."""

from pathlib import Path
from typing import Any

import pytest
import torch

from pushforward import artifacts
from pushforward.data.dataset import Dataset
from pushforward.errors import InputError
from pushforward.sampling import checkpoint
from pushforward.training import wgan

SIZES = {"width": 8, "depth": 1}
CNN = {"kind": "cnn", "generator": {"channels": 8}, "critic": {"width": 4}}


def fit(data: Dataset, folder: Path, **changes: Any) -> Path:
    given: dict[str, Any] = {
        "model": {"kind": "mlp", "generator": SIZES, "critic": SIZES},
        "latent": {"law": "gaussian", "dim": 2},
        **{"seed": 0, "steps": 6, "snapshots": [2, 4, 6], "batch": 8, "log_every": 2, "threads": 1},
        **changes,
    }
    out = folder / "run" / "s0.safetensors"
    wgan.fit(data, out=out, state_dir=folder / "state", progress=lambda *_: None, **given)
    return out


def test_the_files_of_a_training_say_all_that_is_needed(mixture: Dataset, tmp_path: Path) -> None:
    out = fit(mixture, tmp_path)
    tensors, about = artifacts.load_tensors(out)
    assert about["steps"] == [2, 4, 6]
    assert about["model"] == {
        "kind": "mlp",
        "sizes": {"latent_dim": 2, "data_dim": 2, **SIZES},
        "critic": {"data_dim": 2, **SIZES},
    }
    assert about["latent"]["law"] == "gaussian"
    assert about["range"] == [None, None]
    assert about["training"]["betas"] == [0.5, 0.5]
    assert about["seconds"] > 0
    assert about["environment"]["threads"] == 1
    assert sorted(tensors) == sorted(
        f"{step}/layers.{layer}.{leaf}" for step in (2, 4, 6) for layer in (0, 2) for leaf in ("weight", "bias")
    )
    columns = out.with_suffix(".csv").read_text().splitlines()[0].split(",")
    assert {"step", "critic_loss", "generator_loss", "critic_gradient", "steps_per_second"} <= set(columns)


def test_snapshots_come_back_as_generators(images: Dataset, tmp_path: Path) -> None:
    out = fit(images, tmp_path, model=CNN)
    found = list(checkpoint.generators(out))
    assert [step for step, _ in found] == [2, 4, 6]
    z = torch.randn(3, 2, generator=torch.Generator().manual_seed(0))
    pictures = [generator(z) for _, generator in found]
    assert pictures[0].shape == (3, 1, 8, 8)
    assert not torch.equal(pictures[0], pictures[2])
    assert torch.equal(checkpoint.generator(out)(z), pictures[2])
    assert not any(generator.training for _, generator in found)


def test_one_seed_one_result_and_another_seed_another(mixture: Dataset, tmp_path: Path) -> None:
    digests = [
        artifacts.digest_file(fit(mixture, tmp_path / name, seed=seed)) for name, seed in (("a", 0), ("b", 0), ("c", 1))
    ]
    assert digests[0] == digests[1] != digests[2]


def test_a_gate_comes_back_with_its_directions(mixture: Dataset, tmp_path: Path) -> None:
    gate = {"law": "simplicial", "dim": 4, "components": 3, "score": "cosine", "norm": "unit", "acceptance": 0.5}
    out = fit(mixture, tmp_path, latent=gate)
    law = checkpoint.law(out)
    z = law.sample(200, torch.Generator().manual_seed(0))
    assert law.accepts(z).all()  # type: ignore[operator]
    assert next(checkpoint.generators(out))[1](z).shape == (200, 2)
    with pytest.raises(InputError, match="not 5"):
        checkpoint.law(out, 5)


def test_trained_means_belong_to_their_snapshot(mixture: Dataset, tmp_path: Path) -> None:
    law = {"law": "mixture", "dim": 2, "components": 3}
    out = fit(mixture, tmp_path, latent=law, generator_lr=0.1)
    early, late = (checkpoint.law(out, step).state_dict()["means"] for step in (2, 6))
    assert not torch.equal(early, late)


def test_the_csv_goes_where_it_is_wanted(mixture: Dataset, tmp_path: Path) -> None:
    out = fit(mixture, tmp_path, log=tmp_path / "plots" / "loss.csv")
    assert (tmp_path / "plots" / "loss.csv").exists()
    assert not out.with_suffix(".csv").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"generator_rl": 1e-4}, "no setting generator_rl; there are: generator_lr"),
        ({"precision": "fp16"}, "fp32, tf32, bf16, not 'fp16'"),
        ({"precision": "tf32"}, "tf32 exists on a GPU only"),
        ({"device": "cuda:7"}, "cuda:7 is not available here; use device: cpu"),
        ({"gp_alpha": "batch"}, "pixel or sample"),
        ({"latent": {"law": "gausian", "dim": 2}}, "gaussian"),
        ({"snapshots": [7]}, r"1\.\.6"),
        ({"model": {"kind": "mlp", "generator": {**SIZES, "data_dim": 3}, "critic": SIZES}}, r"\(3,\).*toy has \(2,\)"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_written(
    mixture: Dataset, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        fit(mixture, tmp_path, **changes)
    assert not list(tmp_path.iterdir())


def test_nothing_of_the_process_is_changed(mixture: Dataset, tmp_path: Path) -> None:
    random, threads = torch.get_rng_state(), torch.get_num_threads()
    fit(mixture, tmp_path, threads=2)
    assert torch.equal(random, torch.get_rng_state())
    assert torch.get_num_threads() == threads
