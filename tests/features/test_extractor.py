"""Bytes in, fixed batches, vectors out."""

import pytest
import torch
from torch import nn

from pushforward import rng
from pushforward.data.dataset import scale
from pushforward.errors import InputError
from pushforward.features.extractor import Extractor, build, to_pictures


class Means(Extractor):
    space, width = "means", 3
    seen: list[int]

    def embed(self, pictures):
        self.seen.append(len(pictures))
        return pictures.float().mean((2, 3))


def means(batch=4, **span):
    extractor = Means(nn.Identity(), **{"low": 0.0, "high": 1.0, **span}, batch=batch)
    extractor.seen = []
    return extractor


@pytest.mark.parametrize("span", [(0.0, 1.0), (-1.0, 1.0)])
def test_bytes_survive_scaling(span):
    levels = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    assert (to_pictures(scale(levels, *span), *span) == levels.expand(1, 3, 16, 16)).all()


def test_values_out_of_range_are_clamped_and_between_levels_rounded():
    x = torch.tensor([-3.0, 1.4 / 255, 1.6 / 255, 7.0]).view(1, 1, 2, 2)
    assert to_pictures(x, 0, 1)[0, 0].flatten().tolist() == [0, 1, 2, 255]


def test_grey_images_get_three_equal_channels():
    x = torch.randint(256, (2, 1, 4, 4), generator=rng.generator(0), dtype=torch.uint8)
    pictures = to_pictures(x, 0, 1)
    assert pictures.shape == (2, 3, 4, 4) and (pictures == x).all()


@pytest.mark.parametrize("n", [0, 1, 4, 9])
def test_every_batch_has_the_same_size(n):
    extractor = means()
    x = torch.rand(n, 3, 4, 4, generator=rng.generator(0))
    features = extractor.features(x)
    assert features.shape == (n, 3) and features.dtype == torch.float32
    assert extractor.seen == [4] * -(-n // 4)
    torch.testing.assert_close(features / 255, x.mean((2, 3)), atol=0.01, rtol=0)


@pytest.mark.fault("F35")
def test_images_that_are_not_finite_are_named():
    x = torch.zeros(10, 1, 4, 4)
    x[6, 0, 0, 0] = torch.nan
    with pytest.raises(InputError, match=r"1 of 4 images not finite \(first 6\)"):
        means().features(x)


@pytest.mark.parametrize("shape", [(3, 4), (2, 2, 4, 4)])
def test_what_is_no_image_is_refused(shape):
    with pytest.raises(InputError, match="take images"):
        means().features(torch.zeros(shape))


@pytest.mark.parametrize("wrong", [{"batch": 0}, {"low": 1.0}])
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(InputError, match="low < high"):
        means(**wrong)


def test_an_unknown_space_is_refused():
    with pytest.raises(InputError, match="oracle, inception, clip-vit-b32, efficientnet-lite0"):
        build("vgg", 0, 1)
