"""Sizes, shapes and ranges of the paper's networks."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from pushforward import models
from pushforward.errors import InputError
from pushforward.models.classifier import from_released

SHARED = Path(os.environ.get("PUSHFORWARD_SHARED", Path(__file__).parents[2].parent / "shared"))
CNN = {2: 166_785, 4: 179_329, 6: 191_873, 8: 204_417, 10: 216_961, 12: 229_505, 16: 254_593, 32: 354_945, 64: 555_649}


def count(network: torch.nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize(("d", "parameters"), [*CNN.items(), (128, 957_057)])
def test_parameters_of_the_mnist_generator(d: int, parameters: int) -> None:
    assert count(models.build("cnn", "generator", latent_dim=d)) == parameters


def test_parameters_of_the_printed_generator_and_of_a_deeper_mapping() -> None:
    assert count(models.build("cnn", "generator", latent_dim=64, last_channels=16)) == 550_881
    deeper = models.build("cnn", "generator", latent_dim=64, mapping_depth=3)
    assert count(deeper) == 555_649 + 2 * (64 * 64 + 64)


def test_parameters_of_the_mnist_critic() -> None:
    critic = models.build("cnn", "critic")
    assert count(critic) == 8_948_224
    assert critic.layers[-1].bias is None


def test_parameters_of_the_oracles() -> None:
    cifar = {"image_size": 32, "image_channels": 3, "channels": [256] * 5, "activation": "gelu"}
    assert count(models.build("classifier", "classifier")) == 924_758
    assert count(models.build("classifier", "classifier", classes=10, **cifar)) == 4_006_998
    assert count(models.build("classifier", "classifier", classes=100, **cifar)) == 4_016_088


def test_parameters_of_the_perceptrons() -> None:
    generator = models.build("mlp", "generator", latent_dim=100, data_dim=100)
    assert count(generator) == 101 * 512 + 2 * 513 * 512 + 513 * 100
    assert count(models.build("mlp", "critic", data_dim=100)) == 101 * 512 + 2 * 513 * 512 + 513


@pytest.mark.parametrize(("size", "channels"), [(8, 1), (28, 1), (32, 3)])
def test_images_have_the_shape_and_range_of_the_data(size: int, channels: int) -> None:
    shape = {"image_size": size, "image_channels": channels}
    generator = models.build("cnn", "generator", latent_dim=5, channels=16, **shape)
    x = generator(100 * torch.randn(3, 5, generator=torch.Generator().manual_seed(0)))
    assert x.shape == (3, channels, size, size)
    assert x.min() >= 0 and x.max() <= 1
    assert models.build("cnn", "critic", width=8, **shape)(x).shape == (3,)
    oracle = models.build("classifier", "classifier", channels=[8, 8, 8, 8, 8], classes=7, **shape)
    assert oracle(x).shape == (3, 7)
    assert oracle.features(x).shape == (3, 100)


def test_vectors() -> None:
    x = models.build("mlp", "generator", latent_dim=2, data_dim=3, width=8, depth=1)(torch.zeros(5, 2))
    assert x.shape == (5, 3)
    assert models.build("mlp", "critic", data_dim=3, width=8, depth=2)(x).shape == (5,)


def test_a_seed_gives_the_weights_and_leaves_the_default_generator_alone() -> None:
    before = torch.get_rng_state()
    a, b, c = (models.build("mlp", "critic", data_dim=3, width=8, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(before, torch.get_rng_state())
    same = [torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters(), strict=True)]
    other = [torch.equal(p, q) for p, q in zip(a.parameters(), c.parameters(), strict=True)]
    assert all(same)
    assert not any(other)


def test_sizes_that_follow_from_the_data() -> None:
    assert models.sizes("cnn", "generator", {"channels": 64}, (1, 8, 8), latent_dim=16) == {
        "latent_dim": 16,
        "image_size": 8,
        "image_channels": 1,
        "channels": 64,
    }
    assert models.sizes("mlp", "critic", {}, (100,), latent_dim=16) == {"data_dim": 100}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("cn", "generator"), "Did you mean 'cnn'"),
        (("cnn", "critik"), "Did you mean 'critic'"),
        (("classifier", "critic"), "classifier has no critic; it has: classifier"),
    ],
)
def test_unknown_names_are_refused(arguments: tuple[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        models.build(*arguments)


def test_unknown_sizes_are_refused() -> None:
    with pytest.raises(InputError, match=r"widht.*its sizes are image_size, image_channels, width"):
        models.build("cnn", "critic", widht=3)
    with pytest.raises(InputError, match="multiple of 4"):
        models.build("cnn", "critic", image_size=30)
    with pytest.raises(InputError, match="relu, gelu"):
        models.build("classifier", "classifier", activation="tanh")


def test_released_weights_of_another_network_are_refused() -> None:
    with pytest.raises(InputError, match=r"features\.0\.weight"):
        from_released({"features.0.weight": torch.zeros(1)})


def test_the_authors_classifier_reads_mnist() -> None:
    weights, images = SHARED / "data/weights/mnist_classifier.pth", SHARED / "data/mnist"
    if not weights.exists():
        pytest.skip(f"the authors' classifier is not in {weights.parent}")
    import gzip

    oracle = models.build("classifier", "classifier")
    oracle.load_state_dict(from_released(torch.load(weights, map_location="cpu", weights_only=True)))
    with gzip.open(images / "t10k-images-idx3-ubyte.gz") as file:
        x = np.frombuffer(file.read(16 + 500 * 784), np.uint8, offset=16).reshape(500, 1, 28, 28)
    with gzip.open(images / "t10k-labels-idx1-ubyte.gz") as file:
        y = np.frombuffer(file.read(8 + 500), np.uint8, offset=8)
    with torch.no_grad():
        found = oracle(torch.tensor(x).float() / 255).argmax(1).numpy()
    assert (found == y).mean() >= 0.98
