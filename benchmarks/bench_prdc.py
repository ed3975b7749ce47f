"""Is our PRDC the package's PRDC, sooner and in less memory?"""

import contextlib
import io
from typing import Any

import interleave
import numpy as np
from prdc import compute_prdc

from pushforward.metrics.prdc import prdc

NAMES = ("precision", "recall", "density", "coverage")


def features(n: int, D: int, seed: int, spread: float) -> np.ndarray:
    """Rectified features (n, D) in ten clusters, like those of a classifier."""
    g = np.random.default_rng(seed)
    centres = 2 * np.random.default_rng(0).normal(size=(10, D))
    return np.maximum(centres[g.integers(10, size=n)] + spread * g.normal(size=(n, D)), 0).astype(np.float32)


def both(n: int, D: int) -> tuple[np.ndarray, np.ndarray]:
    return features(n, D, 1, 1.0), features(n, D, 2, 1.0 + 1 / D)


def ours(sets: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    record = prdc(*sets, 5)
    return np.array([getattr(record, name) for name in NAMES])


def package(sets: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    with contextlib.redirect_stdout(io.StringIO()):
        found: dict[str, Any] = compute_prdc(*sets, 5)
    return 100 * np.array([found[name] for name in NAMES])


def agree(one: np.ndarray, other: np.ndarray) -> None:
    # the package rounds distances to the features' single precision: of 1e8 comparisons a few fall the other way
    np.testing.assert_allclose(one, other, rtol=1e-4)


if __name__ == "__main__":
    interleave.main(
        __file__,
        cases={f"10k x 10k, D={D}": lambda D=D: both(10_000, D) for D in (100, 2048)},
        contenders={"pushforward": ours, "prdc": package},
        agree=agree,
    )
