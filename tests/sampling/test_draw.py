"""Latents drawn, decoded and labelled: exactly as many as asked, in order, and never for ever."""

import pytest
import torch
from torch import Tensor

from pushforward.latents.gaussian import Gaussian
from pushforward.sampling import draw
from pushforward.sampling.draw import Labelled

LAW = Gaussian(2)


def stream(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def decode(z: Tensor) -> Tensor:
    return 2 * z


def classify(x: Tensor) -> tuple[Tensor, Tensor]:
    """The sign of the first coordinate; the surer, the farther."""
    return (x[:, 0] > 0).long(), x[:, 0].abs().div(4).clamp(max=1)


def test_samples_come_in_batches_as_many_as_asked() -> None:
    parts = list(draw.samples(decode, LAW, 2500, stream()))
    assert [len(z) for z, _ in parts] == [1000, 1000, 500]
    assert all(torch.equal(x, 2 * z) for z, x in parts)


def test_labels_belong_to_their_latents() -> None:
    found = draw.labelled(decode, LAW, classify, 1500, stream())
    label, confidence = classify(decode(found.z))
    assert found.z.shape == (1500, 2)
    assert torch.equal(found.label, label)
    assert torch.equal(found.confidence, confidence)
    assert found.acceptance == 1


@pytest.mark.parametrize("n", [1, 999, 1000, 3001])
def test_confident_latents_are_exactly_as_many_as_asked_and_the_first_of_the_stream(n: int) -> None:
    drawn = draw.confident(decode, LAW, classify, n, 0.5, stream())
    kept = drawn.confident(0.5, n)
    assert len(kept.z) == len(kept.label) == len(kept.confidence) == n
    assert (kept.confidence > 0.5).all()
    everything = draw.labelled(decode, LAW, classify, drawn.drawn, stream())
    expected = everything.z[everything.confidence > 0.5][:n]
    assert torch.equal(kept.z, expected)
    # The last kept latent is the last that was needed.
    assert torch.equal(drawn.z[kept.drawn - 1], kept.z[-1])


def test_acceptance_is_the_share_that_passes() -> None:
    kept = draw.confident(decode, LAW, classify, 5000, 0.5, stream()).confident(0.5, 5000)
    assert kept.acceptance == pytest.approx(2 * (1 - 0.8413), abs=0.02)  # |z_1| > 1


def test_a_lower_threshold_can_be_read_off_the_same_draws() -> None:
    drawn = draw.confident(decode, LAW, classify, 500, 0.8, stream())
    loose, strict = drawn.confident(0.3), drawn.confident(0.8)
    assert len(loose.z) > len(strict.z) >= 500
    assert loose.drawn == strict.drawn == drawn.drawn


@pytest.mark.fault("F40")
def test_an_oracle_that_is_never_sure_ends_the_search() -> None:
    drawn = draw.confident(decode, LAW, lambda x: (classify(x)[0], torch.zeros(len(x))), 10, 0.5, stream())
    assert drawn.drawn == draw.PROBE
    assert len(drawn.confident(0.5, 10).z) == 0


def test_a_rare_but_real_confidence_is_waited_for() -> None:
    """One latent in 80 passes: far fewer than asked at first, and still all are found."""
    drawn = draw.confident(decode, LAW, classify, 400, 0.625 * 2, stream())
    assert len(drawn.confident(0.625 * 2, 400).z) == 0  # confidence is clamped at 1: none can pass
    rare = draw.confident(decode, LAW, lambda x: (classify(x)[0], x[:, 0].abs() / 10), 400, 0.5, stream())
    assert len(rare.confident(0.5, 400).z) == 400


def test_nothing_asked_gives_nothing() -> None:
    found = draw.labelled(decode, LAW, classify, 0, stream())
    assert found.z.shape == (0, 2)
    assert found.label.dtype == torch.int64
    assert draw.confident(decode, LAW, classify, 0, 0.5, stream()).z.shape == (0, 2)


def test_fewer_than_asked_are_given_as_they_are() -> None:
    found = Labelled(torch.zeros(3, 2), torch.zeros(3, dtype=torch.int64), torch.tensor([0.9, 0.1, 0.8]), 3)
    assert len(found.confident(0.5, 5).z) == 2
    assert found.confident(0.5, 5).drawn == 3
    assert found.confident(0.5, 1).drawn == 1


def test_true_labels_follow_their_latents() -> None:
    truth = torch.tensor([1, -1, 0])
    found = Labelled(torch.eye(3), torch.zeros(3, dtype=torch.int64), torch.tensor([0.9, 0.8, 0.7]), 3, truth, True)
    sure = found.confident(0.75)
    assert torch.equal(sure.truth, truth[:2]) and sure.exhausted
    assert torch.equal(sure.truly().label, truth[:1]) and torch.equal(sure.truly().z, torch.eye(3)[:1])
