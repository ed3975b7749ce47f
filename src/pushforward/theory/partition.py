"""Partitions of the latent space as labelling functions: latents (n, d) in, class numbers (n,) out, in numpy."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from pushforward.theory.simplex import cell_index

Labels = Callable[[np.ndarray], np.ndarray]


def simplicial_labels(directions: np.ndarray, offsets: ArrayLike | None = None) -> Labels:
    """The simplicial cluster of these directions (m, d) and offsets (m,)."""
    return lambda z: cell_index(z, directions, offsets)


def generator_labels(generate: Callable[[Tensor], Tensor], classify: Callable[[Tensor], Tensor]) -> Labels:
    """The partition of a generator under an oracle: z -> classify(generate(z)).

    Args:
        generate: latents (n, d), float32, on the CPU, to data (n, ...). A module must be in evaluation mode.
        classify: data to class numbers (n,).
    """

    @torch.no_grad()
    def labels(z: np.ndarray) -> np.ndarray:
        return classify(generate(torch.as_tensor(z, dtype=torch.float32))).cpu().numpy().astype(np.int64)

    return labels


def nearest_centre(centres: Tensor) -> Callable[[Tensor], Tensor]:
    """The oracle of ICML Definition 3.3: data (n, D) to the number of the nearest of the centres (m, D)."""
    half_norms = (centres**2).sum(dim=1) / 2
    return lambda x: (x @ centres.T - half_norms).argmax(dim=1)


def in_batches(labels: Labels, z: np.ndarray, batch: int = 65536) -> np.ndarray:
    """Labels of many latents (..., d), a batch at a time; shape (...)."""
    flat = z.reshape(-1, z.shape[-1])
    if not len(flat):
        return np.zeros(z.shape[:-1], dtype=np.int64)
    found = [np.asarray(labels(flat[k : k + batch])) for k in range(0, len(flat), batch)]
    return np.concatenate(found).reshape(z.shape[:-1])
