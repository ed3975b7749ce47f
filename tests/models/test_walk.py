"""Layers as a network runs them."""

import pytest
import torch
from torch import nn

from pushforward import models
from pushforward.models.walk import walk


def layers(kind, part, shape, **sizes):
    with torch.device("meta"):
        network = models.build(kind, part, **sizes).eval()
        return walk(network, torch.empty(2, *shape)), sum(p.numel() for p in network.parameters())


def test_convolutions_activations_and_the_shape_of_a_reshaped_linear_layer():
    found, total = layers("cnn", "generator", (64,), latent_dim=64)
    assert [layer.operation for layer in found] == [
        "Fully Connected", "Convolution", "Convolution", "Nearest Up Sample", "Convolution", "Convolution",
        "Nearest Up Sample", "Convolution", "Convolution",
    ]  # fmt: skip
    assert found[0].shape == (128, 7, 7) and found[0].parameters == 6272 * 65 and found[0].activation == ""
    assert (found[1].kernel, found[1].stride, found[1].activation, found[1].slope) == ("3x3", "1x1", "LReLU", 0.2)
    assert found[1].parameters == 128 * 64 * 9 + 64
    assert found[-1].shape == (1, 28, 28) and found[-1].activation == "Tanh / 2 + 0.5"
    assert sum(layer.parameters for layer in found) == total == 555_649


def test_strides_and_a_missing_bias():
    found, total = layers("cnn", "critic", (1, 28, 28))
    assert [(layer.kernel, layer.stride) for layer in found[:2]] == [("4x4", "2x2"), ("3x3", "1x1")]
    assert [layer.unbiased for layer in found] == [False] * 4 + [True]
    assert found[-1].shape == (1,) and found[-1].activation == ""
    assert sum(layer.parameters for layer in found) == total == 8_948_224


def test_a_block_is_one_layer_with_all_its_parameters():
    found, total = layers("resnet", "generator", (5,), latent_dim=5, width=8)
    block = found[1]
    assert (block.operation, block.kernel, block.stride, block.activation) == ("ResBlock", "[3x3] x 2", "1x1", "ReLU")
    assert block.modulated and block.unbiased and block.shape == (8, 4, 4)
    assert block.parameters == 2 * 9 * 64 + 4 * (5 * 8 + 8 + 64)  # convolutions; gamma and beta of two normalisations
    assert sum(layer.parameters for layer in found) == total
    critic, total = layers("resnet", "critic", (3, 32, 32), width=8)
    assert critic[0].kernel == "[3x3] x 2" and not critic[0].modulated  # the skip's 1x1 is not told
    assert critic[0].parameters == 9 * 24 + 8 + 9 * 64 + 8 + 24 + 8
    assert (critic[1].operation, critic[1].kernel, critic[1].stride) == ("AvgPool", "2x2", "2x2")
    assert (critic[-2].operation, critic[-2].shape) == ("Mean spatial pooling", (8,))
    assert sum(layer.parameters for layer in critic) == total


@pytest.mark.parametrize(
    ("kind", "part", "shape", "sizes"),
    [
        ("mlp", "generator", (2,), {"latent_dim": 2, "data_dim": 3}),
        ("classifier", "classifier", (1, 28, 28), {}),
        ("resnet", "encoder", (3, 32, 32), {"latent_dim": 4, "width": 8}),
    ],
)
def test_no_parameter_is_missed(kind, part, shape, sizes):
    found, total = layers(kind, part, shape, **sizes)
    assert sum(layer.parameters for layer in found) == total


def test_what_is_outside_of_layers_is_left_to_the_total():
    small = {"dims": [64, 16], "depths": [1, 1], "heads": 2, "image_size": 8}
    found, total = layers("transgan", "generator", (8,), latent_dim=8, **small)
    positions = 16 * 64 + 64 * 16
    assert total - sum(layer.parameters for layer in found) == positions
    assert [layer.operation for layer in found] == ["Fully Connected", "Block", "Block", "Convolution"]
    critic, _ = layers("transgan", "critic", (3, 32, 32))
    assert ("AvgPool", "2x2", "2x2") in [(layer.operation, layer.kernel, layer.stride) for layer in critic]


def test_a_walk_computes_what_a_call_does_and_leaves_no_hook():
    network = models.build("resnet", "critic", seed=0, width=4).eval()
    x = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    before = network(x)
    walk(network, x)
    torch.testing.assert_close(network(x), before)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in network.modules())


def test_a_failing_network_leaves_no_hook_either():
    network = models.build("resnet", "critic", seed=0, width=4)
    with pytest.raises(RuntimeError):
        walk(network, torch.rand(2, 5, 8, 8))
    assert not any(m._forward_hooks for m in network.modules())
    assert walk(nn.Linear(2, 3), torch.rand(1, 2))[0].parameters == 9
