import errno
import json
import os
import stat
from pathlib import Path

import pytest
import torch

from pushforward import artifacts
from pushforward.errors import Corrupt, InputError, Missing, Resource


@pytest.mark.fault("F02")
def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    artifacts.write_bytes(path, b"old")
    with pytest.raises(ZeroDivisionError), artifacts.atomic_path(path) as temporary:
        temporary.write_bytes(b"new")
        raise ZeroDivisionError
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["x.txt"]


@pytest.mark.fault("F25")
def test_a_full_disk_is_named_and_the_old_file_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.safetensors"
    artifacts.save_tensors(path, {"a": torch.zeros(2)}, {})

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Resource, match=r"x\.safetensors could not be written: No space left") as caught:
        artifacts.save_tensors(path, {"a": torch.ones(2)}, {})
    assert caught.value.exit_code == 5
    assert artifacts.load_tensors(path)[0]["a"].tolist() == [0, 0]


@pytest.mark.fault("F26")
def test_other_errors_are_not_swallowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(source: str, target: str) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "replace", refused)
    with pytest.raises(PermissionError):
        artifacts.write_bytes(tmp_path / "x", b"1")
    assert os.listdir(tmp_path) == []


def test_json_has_null_for_what_is_not_finite_and_keeps_the_order(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    artifacts.write_json(path, {"b": float("nan"), "a": torch.tensor(2.5), "c": (1, float("inf"))})
    assert path.read_text().index('"b"') < path.read_text().index('"a"')
    assert artifacts.read_json(path) == {"a": 2.5, "b": None, "c": [1, None]}
    path.write_text("<<<<<<< HEAD\n{}")
    with pytest.raises(Corrupt, match=r"x\.json is not JSON"):
        artifacts.read_json(path)
    with pytest.raises(Missing):
        artifacts.read_json(tmp_path / "y.json")


@pytest.mark.fault("F05")
def test_tensors_come_back_and_a_flipped_bit_is_found(tmp_path: Path) -> None:
    path = tmp_path / "s0.safetensors"
    artifacts.save_tensors(path, {"w": torch.arange(6.0).view(2, 3).T}, {"steps": [1]})
    tensors, about = artifacts.load_tensors(path)
    assert tensors["w"].tolist() == [[0, 3], [1, 4], [2, 5]]
    assert about["steps"] == [1]
    assert stat.S_IMODE(path.stat().st_mode) & 0o044 == 0o044, "others may read what is shared"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(Corrupt, match=r"s0\.safetensors is not the file that was written.*make pull") as caught:
        artifacts.load_tensors(path)
    assert caught.value.exit_code == 4
    path.unlink()
    with pytest.raises(Missing, match="make pull"):
        artifacts.load_tensors(path)
    with pytest.raises(InputError, match=r"stored as \.safetensors"):
        artifacts.save_tensors(tmp_path / "x.pt", {}, {})


def test_a_digest_does_not_depend_on_the_order_of_keys() -> None:
    assert artifacts.digest_json({"a": 1, "b": 2}) == artifacts.digest_json(json.loads('{"b": 2, "a": 1}'))
