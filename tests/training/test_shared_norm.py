"""Batch normalisation of a shared batch: that of the whole batch in one process."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from pushforward import artifacts

Ranks = Callable[..., tuple[list[int], list[str]]]


@pytest.mark.parametrize(
    ("total", "shape", "offset", "size", "kind", "error"),
    [
        (6, [4, 4], 0.0, 2, "float64", 1e-12),
        (5, [4, 4], 1e6, 2, "float64", 1e-8),
        (5, [4, 4], 1e3, 2, "float32", 1e-3),  # where digits of a mean of squares would cancel
        (7, [], 3.0, 3, "float64", 1e-12),
        (2, [3, 3], 0.0, 3, "float64", 1e-12),
    ],
    ids=["equal", "far", "far-float32", "vectors", "one-without"],
)
def test_moments_and_gradients_are_those_of_the_whole_batch(
    tmp_path: Path, ranks: Ranks, total: int, shape: list[int], offset: float, size: int, kind: str, error: float
) -> None:
    options = {"total": total, "shape": shape, "offset": offset, "kind": kind}
    assert ranks("norms", tmp_path / "one", 1, **options)[0] == [0]
    codes, logs = ranks("norms", tmp_path / "many", size, **options)
    assert codes == [0] * size, logs
    whole, _ = artifacts.load_tensors(tmp_path / "one" / "0.safetensors")
    for rank in range(size):
        found, about = artifacts.load_tensors(tmp_path / "many" / f"{rank}.safetensors")
        own = slice(*about["rows"])
        torch.testing.assert_close(found["y"], whole["y"][own], rtol=error, atol=error)
        if rank < total:  # the others only keep company
            torch.testing.assert_close(found["x"], whole["x"][own], rtol=error, atol=error)
        for name in whole.keys() - {"x", "y"}:
            torch.testing.assert_close(found[name], whole[name], rtol=error, atol=error)
