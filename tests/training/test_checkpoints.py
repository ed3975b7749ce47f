"""States: what goes in comes out, and only what went in."""

import random
from pathlib import Path

import numpy as np
import pytest
import torch

from pushforward import rng
from pushforward.errors import Corrupt, Diverged
from pushforward.training import checkpoints
from pushforward.training.checkpoints import States
from pushforward.training.optimizers import adam, load_moments, moments


def test_a_tree_of_everything_comes_back(tmp_path: Path) -> None:
    tree = {
        "weights": {"a.b": torch.randn(2, 3), "empty": torch.zeros(0), "scalar": torch.tensor(3)},
        "numbers": [1, 2.5, 0.1 + 0.2, None, True, "text", 2**70],
        "by_step": {10: {"x": torch.ones(1, dtype=torch.float64)}, 20: {}},
    }
    path = States(tmp_path).save(7, tree)
    found = checkpoints.load(path)
    assert found["numbers"] == tree["numbers"]
    assert list(found["by_step"]) == [10, 20]
    for name, tensor in tree["weights"].items():
        assert torch.equal(found["weights"][name], tensor)
        assert found["weights"][name].dtype == tensor.dtype


@pytest.mark.fault("F21")
def test_f21_every_kind_of_random_stream_comes_back(tmp_path: Path) -> None:
    ours, numpys, pythons = rng.generator(0, "a"), rng.numpy_generator(0, "b"), random.Random(0)
    for _ in range(5):
        torch.randn(3, generator=ours), numpys.normal(), pythons.random()
    state = {"torch": ours.get_state(), "numpy": numpys.bit_generator.state, "python": pythons.getstate()}
    found = checkpoints.load(States(tmp_path).save(1, state))
    expected = torch.randn(3, generator=ours), numpys.normal(size=3), pythons.random()
    ours, numpys, pythons = rng.generator(9, "a"), rng.numpy_generator(9, "b"), random.Random(9)
    ours.set_state(found["torch"])
    numpys.bit_generator.state = found["numpy"]
    version, internal, gauss = found["python"]
    pythons.setstate((version, tuple(internal), gauss))
    assert torch.equal(torch.randn(3, generator=ours), expected[0])
    assert np.array_equal(numpys.normal(size=3), expected[1])
    assert pythons.random() == expected[2]


def test_the_moments_of_adam_take_the_layout_of_their_parameter() -> None:
    """The fused kernel reads parameter and moments in storage order: two layouts would mix their elements up."""
    after = []
    for resume in (False, True):
        parameter = torch.nn.Parameter(torch.arange(24.0).reshape(1, 2, 3, 4).to(memory_format=torch.channels_last))
        gradient = torch.arange(24.0).reshape(1, 2, 3, 4).to(memory_format=torch.channels_last)
        optimizer = adam([parameter], 0.1)
        for step in range(2):
            if resume and step:
                saved = {i: {k: v.clone().contiguous() for k, v in m.items()} for i, m in moments(optimizer).items()}
                optimizer = adam([parameter], 0.1)
                load_moments(optimizer, saved)
            parameter.grad = gradient * (step + 1)
            optimizer.step()
        after.append(parameter.detach())
    assert torch.equal(*after)


def test_newest_first_by_step_and_not_by_time(tmp_path: Path) -> None:
    states = States(tmp_path)
    states.save(100, {"step": 100})
    states.save(20, {"step": 20})
    found = States(tmp_path).latest()
    assert found is not None
    assert found["step"] == 100


def test_no_state_at_all_is_a_start(tmp_path: Path) -> None:
    assert States(tmp_path).latest() is None


@pytest.mark.fault("F05")
def test_a_damaged_state_is_dropped_once_two_good_ones_follow(tmp_path: Path) -> None:
    states = States(tmp_path)
    states.save(1, {"step": 1})
    bad = states.save(2, {"step": 2})
    bad.write_bytes(b"nothing")
    states = States(tmp_path)
    assert states.latest() == {"step": 1}
    states.save(3, {"step": 3})
    assert [path.name[:15] for path in states.paths()] == ["state-000000001", "state-000000003"]


def test_a_file_under_a_false_name_is_refused(tmp_path: Path) -> None:
    path = States(tmp_path).save(1, {"step": 1})
    other = path.rename(path.with_name(f"state-000000002-{'0' * 32}.safetensors"))
    with pytest.raises(Corrupt, match="sha256"):
        checkpoints.load(other)


@pytest.mark.fault("F32")
def test_what_is_not_finite_is_not_saved(tmp_path: Path) -> None:
    states = States(tmp_path)
    first = states.save(1, {"w": torch.ones(2)})
    with pytest.raises(Diverged, match=rf"step 2: a/w is not finite.*{first.name}"):
        states.save(2, {"a": {"w": torch.tensor([1.0, float("nan")])}})
    assert states.paths() == [first]


def test_leftovers_of_other_files_stay(tmp_path: Path) -> None:
    for name in (".s0.json.12.part.json", ".s0.safetensors.12.part.safetensors", ".s1.json.12.part.json", "s0.json"):
        (tmp_path / name).touch()
    checkpoints.clean(tmp_path, "s0.*")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".s1.json.12.part.json", "s0.json"]


def test_differences_are_named_by_their_path() -> None:
    before = {"a": 1, "b": {"c": [1, 2], "d": None}, "e": (1, 2)}
    assert checkpoints.differences(before, {"a": 1, "b": {"c": [1, 2], "d": None}, "e": [1, 2]}) == []
    assert checkpoints.differences(before, {"a": 2, "b": {"c": [1, 3]}, "e": [1, 2], "f": 0}) == [
        "a: 1 -> 2",
        "b.c: [1, 2] -> [1, 3]",
        "f: None -> 0",
    ]
