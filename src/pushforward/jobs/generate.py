"""Draw the labelled images of a conditional GAN that a synthetic data set is made of (v1, Table 5)."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from pushforward import rng
from pushforward.artifacts import atomic_path
from pushforward.errors import InputError
from pushforward.sampling.checkpoint import generator, law
from pushforward.sampling.conditional import Joint
from pushforward.sampling.draw import BATCH


@torch.no_grad()
def run(params: dict[str, Any], deps: dict[str, str], outs: dict[str, str], scratch: Path) -> None:
    """Write images as floats in the range of the training data, the same number of each class, with their labels.

    Raises:
        InputError: the training is not a conditional one.
    """
    network, latent = generator(deps["weights"]), law(deps["weights"])
    if not isinstance(latent, Joint):
        raise InputError(f"{deps['weights']} is not conditional: synthetic data take their labels from the generator.")
    labels = torch.arange(params["images"]) % latent.classes
    stream = rng.generator(params["seed"], "generate")
    images = [network(latent.given(part, stream)).numpy() for part in labels.split(BATCH)]
    with atomic_path(outs["images"]) as path:
        np.savez_compressed(path, images=np.concatenate(images), labels=labels.numpy())
