"""Trained generators as figures and the theory's table need them: read back, with their data and their labels."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pushforward import data, rng
from pushforward.data.dataset import Dataset
from pushforward.features.labeller import Labeller, labeller
from pushforward.sampling import checkpoint
from pushforward.theory.partition import Labels, generator_labels

BATCH = 4096


@dataclass(frozen=True)
class Trained:
    """The last snapshot of one training.

    Attributes:
        run: name of the run.
        seed: of the training.
        step: of the snapshot.
        d: latent dimension.
        data: what it was trained on.
        generator: latents (n, d) to data, in evaluation mode.
        labeller: tells the class of data.
    """

    run: str
    seed: int
    step: int
    d: int
    data: Dataset
    generator: nn.Module
    labeller: Labeller

    @property
    def labels(self) -> Labels:
        """The partition of the latent space: latents (n, d) to classes (n,), in numpy."""
        return generator_labels(self.generator, lambda x: self.labeller.classify(x)[0])

    def stream(self, seed: int, purpose: str) -> np.random.Generator:
        """The random stream of one measurement of this training."""
        return rng.numpy_generator(seed, purpose, self.run, self.seed)

    @torch.no_grad()
    def generate(self, z: np.ndarray) -> Tensor:
        """Data (n, ...) of latents (n, d), a batch at a time."""
        return torch.cat([self.generator(part) for part in torch.as_tensor(z, dtype=torch.float32).split(BATCH)])


def trainings(params: Mapping[str, Any], run: str) -> list[Trained]:
    """All trainings of a run, in the order of its seeds; the first is the one declared.

    Args:
        params: of the job; `runs` says for each run the files of every seed, and the latent dimension.
        run: name of the run.

    Raises:
        Missing, Corrupt: a file is not here, or not what was written.
    """
    own = params["runs"][run]
    return [_read(run, int(seed), own["latent_dim"], files) for seed, files in own["seeds"].items()]


def _read(run: str, seed: int, d: int, files: Mapping[str, str]) -> Trained:
    dataset = data.load(files["data"])
    *_, (step, generator) = checkpoint.generators(files["weights"])
    oracle = checkpoint.load_classifier(files["oracle"]) if "oracle" in files else None
    return Trained(run, seed, step, d, dataset, generator, labeller(dataset, oracle))
