import torch

from pushforward import rng


def test_streams_are_named_and_the_same_everywhere():
    """A change of these numbers would make every recorded result unrepeatable."""
    assert rng.derive(0, "latent") == 2015146304195746824
    first, again = (torch.randn(3, generator=rng.generator(7, "latent")) for _ in range(2))
    assert torch.equal(first, again)
    assert not torch.equal(first, torch.randn(3, generator=rng.generator(7, "alpha")))
    assert not torch.equal(first, torch.randn(3, generator=rng.generator(8, "latent")))
    assert rng.derive(1, "a", 2) != rng.derive(1, "a", 3)


def test_the_global_generator_is_left_alone():
    before = torch.get_rng_state()
    torch.randn(3, generator=rng.generator(1, "x"))
    rng.numpy_generator(1, "x").normal()
    assert torch.equal(before, torch.get_rng_state())
