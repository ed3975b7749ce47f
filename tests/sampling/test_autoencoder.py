"""What is read back is a VAE and nothing else. That it is the trained one, see tests/training/test_vae.py."""

import pytest
import torch

from pushforward import artifacts
from pushforward.errors import Corrupt, InputError, Missing
from pushforward.sampling.autoencoder import autoencoders


def test_another_network_is_refused(tmp_path):
    path = tmp_path / "s0.safetensors"
    artifacts.save_tensors(path, {"1/weight": torch.zeros(2)}, {"model": {"kind": "cnn"}, "steps": [1]})
    with pytest.raises(InputError, match="holds a cnn, not a VAE"):
        autoencoders(path)


def test_tensors_that_do_not_fit_are_refused(tmp_path):
    sizes = {"latent_dim": 2, "decoder": "cnn", "image_size": 8, "channels": 4}
    model = {"kind": "vae", "sizes": sizes, "encoder": {**sizes, "channels": [2, 2]}, "likelihood": "bernoulli"}
    path = tmp_path / "s0.safetensors"
    artifacts.save_tensors(path, {"1/weight": torch.zeros(2)}, {"model": {**model, "variance": None}, "steps": [1]})
    with pytest.raises(Corrupt, match="do not belong together"):
        autoencoders(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(Missing):
        autoencoders(tmp_path / "s0.safetensors")
