from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pushforward.data import load, prepare, save
from pushforward.data.batches import Mixture, Permuted, sample_mixture, source
from pushforward.errors import Corrupt, InputError


def rows(n: int) -> torch.Tensor:
    """Points that tell their own number."""
    return torch.arange(n, dtype=torch.float32).view(n, 1)


def images(n: int) -> torch.Tensor:
    return torch.arange(n * 6, dtype=torch.uint8).view(n, 1, 2, 3)


@settings(deadline=None, max_examples=60)
@given(
    n=st.integers(1, 40), batch=st.integers(1, 40), seed=st.integers(0, 2**40), epoch=st.integers(0, 3), data=st.data()
)
def test_every_epoch_is_a_permutation_wherever_it_resumes(n, batch, seed, epoch, data):
    batch = min(batch, n)
    whole = Permuted(rows(n), batch, seed)
    per_epoch = whole.batches_per_epoch
    stop = data.draw(st.integers(0, per_epoch))
    for _ in range(epoch * per_epoch):
        whole.next()
    seen = [whole.next() for _ in range(stop)]
    resumed = Permuted(rows(n), batch, seed)
    resumed.load_state_dict(whole.state_dict())
    rest = [resumed.next() for _ in range(per_epoch - stop)]
    assert torch.cat([*seen, *rest]).flatten().sort().values.tolist() == list(range(n))


@settings(deadline=None, max_examples=30)
@given(
    n=st.integers(1, 30), batch=st.integers(1, 30), before=st.integers(0, 50), flip=st.booleans(), keep=st.booleans()
)
def test_resumes_exactly(n, batch, before, flip, keep):
    def fresh() -> Permuted:
        return Permuted(images(n), min(batch, n), 5, labels=torch.arange(n), flip=flip, keep_last=keep)

    first, second = fresh(), fresh()
    for _ in range(before):
        first.next()
    second.load_state_dict({key: value.clone() for key, value in first.state_dict().items()})
    for _ in range(20):
        (x, labels), (y, same) = first.next_labelled(), second.next_labelled()
        assert torch.equal(x, y) and torch.equal(labels, same)


@pytest.mark.fault("F54")
@pytest.mark.parametrize("workers", [1, 2, 4])
def test_who_draws_beside_it_changes_no_batch(workers):
    """Data lie in memory and each source has streams of its own, so there is no pool whose size could matter."""

    def drawn(seed: int) -> list[torch.Tensor]:
        pictures, points = Permuted(images(50), 7, seed, flip=True), mixture(seed)
        return [batch for _ in range(20) for batch in (pictures.next(), points.next())]

    alone = [drawn(seed) for seed in range(6)]
    with ThreadPoolExecutor(workers) as pool:
        together = list(pool.map(drawn, range(6)))
    for one, other in zip(alone, together, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_last_batch_is_kept_or_dropped():
    kept, dropped = Permuted(rows(10), 4, 0), Permuted(rows(10), 4, 0, keep_last=False)
    assert [len(kept.next()) for _ in range(6)] == [4, 4, 2, 4, 4, 2]
    assert [len(dropped.next()) for _ in range(6)] == [4] * 6
    assert (kept.batches_per_epoch, dropped.batches_per_epoch) == (3, 2)


def test_order_changes_with_epoch_and_seed():
    def order(seed: int, epoch: int) -> list[float]:
        batches = Permuted(rows(50), 50, seed)
        batches.start_epoch(epoch)
        return batches.next().flatten().tolist()

    assert order(0, 0) == order(0, 0)
    assert len({tuple(order(seed, epoch)) for seed in range(3) for epoch in range(3)}) == 9


def test_images_are_scaled():
    whole = Permuted(images(4), 4, 0, span=(-1.0, 1.0)).next()
    assert whole.dtype == torch.float32
    assert torch.equal(whole.sort(0).values, (images(4) / 255 - 0.5) / 0.5)


def test_labels_go_with_their_images():
    batches = Permuted(images(9), 4, 3, labels=torch.arange(9) * 10)
    for _ in range(7):
        x, labels = batches.next_labelled()
        assert torch.equal(x, images(9)[labels // 10] / 255)


def test_flip_mirrors_about_half_and_nothing_else():
    n = 2000
    pictures = torch.randint(0, 256, (n, 1, 2, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    plain, flipped = (Permuted(pictures, n, 1, flip=flip).next() for flip in (False, True))
    mirrored = (flipped == plain.flip(-1)).flatten(1).all(1)
    straight = (flipped == plain).flatten(1).all(1)
    assert (mirrored | straight).all()
    assert abs(mirrored.double().mean() - 0.5) < 0.05


def test_global_generators_are_not_touched():
    before = torch.get_rng_state()
    Permuted(rows(9), 4, 3, flip=False).next()
    Mixture(torch.eye(3), torch.ones(3), 0.1, 4, 0).next()
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("batch", [0, -1, 11])
def test_batch_out_of_range(batch):
    with pytest.raises(InputError, match="batch"):
        Permuted(rows(10), batch, 0)


def test_labels_of_another_length_or_none():
    with pytest.raises(InputError, match="labels of shape"):
        Permuted(rows(10), 2, 0, labels=torch.arange(9))
    with pytest.raises(InputError, match="without labels"):
        Permuted(rows(10), 2, 0).next_labelled()


@pytest.mark.parametrize(("epoch", "position"), [(-1, 0), (0, 3), (0, 12), (0, -4)])
def test_state_of_other_data(epoch, position):
    state = {"epoch": torch.tensor(epoch), "position": torch.tensor(position)}
    with pytest.raises(Corrupt, match="other data or another batch size"):
        Permuted(rows(10), 4, 0).load_state_dict(state)


def mixture(seed: int = 0, **options) -> Mixture:
    return Mixture(torch.eye(3, 5), torch.tensor([0.2, 0.3, 0.5]), 0.1, 16, seed, **options)


def test_mixture_resumes_exactly():
    first, second = mixture(), mixture(1)
    for _ in range(3):
        first.next()
    second.load_state_dict({key: value.clone() for key, value in first.state_dict().items()})
    for _ in range(3):
        assert torch.equal(first.next(), second.next())


def test_mixture_follows_its_seed_and_never_repeats():
    assert torch.equal(mixture().next(), mixture().next())
    batches = mixture()
    assert not torch.equal(batches.next(), batches.next())
    assert not torch.equal(mixture(0).next(), mixture(1).next())


def test_mixture_labels_are_the_modes():
    x, labels = Mixture(torch.eye(3, 5) * 10, torch.ones(3), 0.1, 300, 0).next_labelled()
    assert x.shape == (300, 5) and x.dtype == torch.float32
    assert torch.equal(x[:, :3].argmax(1), labels) and set(labels.tolist()) == {0, 1, 2}


def test_mixture_weights():
    weights = torch.tensor([6.0, 3.0, 1.0])  # need not sum to one
    _, modes = sample_mixture(torch.eye(3), weights, 0.0, 10_000, torch.Generator().manual_seed(0))
    torch.testing.assert_close(modes.bincount() / 10_000, weights / 10, atol=0.02, rtol=0)


def test_mixture_state_of_another_kind():
    with pytest.raises(Corrupt, match="cpu generator"):
        mixture().load_state_dict({"generator": torch.zeros(3, dtype=torch.uint8)})
    with pytest.raises(InputError, match="batch"):
        Mixture(torch.eye(3), torch.ones(3), 0.1, 0, 0)


def test_source_of_a_data_set(tmp_path):
    save(tmp_path / "digits.npz", prepare("digits", colours=3))
    save(tmp_path / "points.npz", prepare("gaussians", modes=2, dim=2, separation=1.0, sigma=0.1, samples=5))
    pictures = source(load(tmp_path / "digits.npz"), 64, 0, flip=True)
    x, labels = pictures.next_labelled()
    assert isinstance(pictures, Permuted) and x.shape == (64, 3, 8, 8) and (x.min(), x.max()) == (-1, 1)
    assert labels.shape == (64,)
    points = source(load(tmp_path / "points.npz"), 64, 0)
    assert isinstance(points, Mixture) and points.next().shape == (64, 2)
