"""Latents for the probes: drawn, or encoded from images that are used once each, with the labels of both kinds."""

import numpy as np
import pytest
import torch

from pushforward import models
from pushforward.data.dataset import UNLABELLED, Dataset
from pushforward.errors import InputError
from pushforward.latents.gaussian import Gaussian
from pushforward.models.vae import VAE
from pushforward.probes import convexity, separability
from pushforward.sampling import draw
from pushforward.sampling.autoencoder import encode
from pushforward.sampling.sources import Encoded, Prior, Source

TRAIN, TEST = 1700, 60


def stream(seed=0):
    return torch.Generator().manual_seed(seed)


def images(n, seed):
    """Dark and light 8 x 8 images with noise, in the order of their labels."""
    labels = torch.arange(n) * 2 // n
    noise = torch.randint(0, 100, (n, 1, 8, 8), generator=stream(seed))
    return (noise + 150 * labels[:, None, None, None]).to(torch.uint8), labels


@pytest.fixture(scope="module")
def data():
    train, test = images(TRAIN, 1), images(TEST, 2)
    return Dataset("shades", "shades", *train, *test, classes=2, low=0.0, high=1.0)


@pytest.fixture(scope="module")
def network():
    sizes = {"latent_dim": 3, "decoder": "cnn", "image_size": 8}
    encoder = models.build("vae", "encoder", seed=0, **sizes, channels=[4, 8])
    decoder = models.build("vae", "generator", seed=1, **sizes, channels=8)
    with torch.no_grad():
        for weight in decoder.parameters():
            weight *= 2.5  # else all that it draws is nearly the same
    return VAE(encoder, decoder, "bernoulli").eval()


@pytest.fixture(scope="module")
def classify(network, data):
    """Light or dark among what this decoder makes of the data; the surer, the farther from its average."""
    with torch.no_grad():
        usual = network.decode(network.encode(data.scaled(data.train))[0]).mean((1, 2, 3))

    def label(x):
        score = (x.mean((1, 2, 3)) - usual.mean()) / usual.std()
        return (score > 0).long(), score.abs() / (1 + score.abs())

    return label


def test_the_prior_draws_as_before(classify):
    law, decode = Gaussian(2), lambda z: z[:, :, None, None]
    source: Source = Prior(law)
    assert source.pairs == "train"
    for threshold, expected in (
        (0.0, draw.labelled(decode, law, classify, 1500, stream())),
        (0.5, draw.confident(decode, law, classify, 1500, 0.5, stream())),
    ):
        found = source.labelled(decode, classify, "train", 1500, threshold, stream())
        assert torch.equal(found.z, expected.z) and torch.equal(found.label, expected.label)
        assert found.drawn == expected.drawn and found.truth is None and not found.exhausted
    with pytest.raises(InputError, match="no true labels"):
        found.truly()


def test_encodings_are_posterior_means_with_both_labels(network, data, classify):
    source: Source = Encoded(network, data)
    assert source.pairs == "test"
    found = source.labelled(network.decode, classify, "train", TRAIN, 0.0, stream())
    order = torch.randperm(TRAIN, generator=stream())
    assert torch.equal(found.truth, data.train_labels[order])
    torch.testing.assert_close(found.z, encode(network, data.scaled(data.train[order])))
    with torch.no_grad():
        label, confidence = classify(network.decode(found.z))
    assert torch.equal(found.label, label)
    torch.testing.assert_close(found.confidence, confidence)
    assert found.drawn == TRAIN and found.acceptance == 1 and not found.exhausted
    assert not found.z.requires_grad


def test_no_image_comes_twice_and_splits_differ(network, data, classify):
    source = Encoded(network, data)
    fit = source.labelled(network.decode, classify, "train", 1200, 0.0, stream())
    score = source.labelled(network.decode, classify, "test", 50, 0.0, stream())
    assert len(fit.z) == 1200 and len(score.z) == 50
    assert len(fit.z.unique(dim=0)) == 1200
    assert not (fit.z[:, None] == score.z).all(2).any()
    with pytest.raises(InputError, match="train and test, not 'valid'"):
        source.labelled(network.decode, classify, "valid", 5, 0.0, stream())


def test_where_images_run_out_all_are_used_and_it_says_so(network, data, classify):
    found = Encoded(network, data).labelled(network.decode, classify, "test", 10_000, 0.0, stream())
    assert len(found.z) == TEST and found.exhausted
    assert found.confident(-1.0, 10_000).exhausted


def test_images_are_looked_at_until_enough_convince_the_oracle(network, data, classify):
    source = Encoded(network, data)
    everything = source.labelled(network.decode, classify, "train", TRAIN, 0.0, stream())
    threshold = float(everything.confidence.median())
    found = source.labelled(network.decode, classify, "train", 300, threshold, stream())
    assert len(found.z) == draw.BATCH and not found.exhausted
    kept, expected = found.confident(threshold, 300), everything.confident(threshold, 300)
    assert torch.equal(kept.truth, expected.truth) and torch.equal(kept.label, expected.label)
    assert (kept.confidence > threshold).all() and len(kept.z) == 300
    assert kept.drawn == expected.drawn and kept.acceptance < 1
    all_of_them = source.labelled(network.decode, classify, "train", TRAIN, threshold, stream())
    assert all_of_them.exhausted and all_of_them.drawn == TRAIN


def test_true_labels_leave_out_images_that_have_none(network, data, classify):
    partly = data.train_labels.clone()
    partly[:1000] = UNLABELLED
    half = Dataset(**{**vars(data), "train_labels": partly})
    found = Encoded(network, half).labelled(network.decode, classify, "train", TRAIN, 0.0, stream())
    truly = found.truly()
    assert len(truly.z) == TRAIN - 1000 and (truly.label == truly.truth).all()
    assert torch.equal(truly.z, found.z[found.truth >= 0]) and truly.drawn == TRAIN


def test_nothing_asked_gives_nothing(network, data, classify):
    found = Encoded(network, data).labelled(network.decode, classify, "train", 0, 0.5, stream())
    assert found.z.shape == (0, 3) and found.label.dtype == found.truth.dtype == torch.int64 and not found.exhausted


def test_the_probes_take_them(network, data, classify):
    """Shades are told apart by brightness alone, which any encoder passes on: the true labels are linear in z."""
    source = Encoded(network, data)
    fit, score = (
        source.labelled(network.decode, classify, split, 1000, 0.0, stream()).truly() for split in ("train", "test")
    )
    record = separability.separability(
        fit.z.numpy(), fit.label.numpy(), score.z.numpy(), score.label.numpy(), classes=2
    )
    assert record.accuracy == 100 and record.n_test == TEST
    pairs = convexity.segments(score.z.numpy(), score.label.numpy(), 10, np.random.default_rng(0), classes=2)
    assert pairs.pairs == 20
