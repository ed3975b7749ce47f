import torch
from torch import nn

from pushforward import latents
from pushforward.sampling.conditional import Joint, Unconditional


class Labelled(nn.Module):
    def forward(self, z, labels):
        return z + 10 * labels[:, None]


def joint():
    return Joint(latents.build("gaussian", dim=2), 3)


def test_labels_are_uniform_and_stand_behind_z():
    law, stream = joint(), torch.Generator().manual_seed(0)
    z = law.sample(3000, stream)
    assert z.shape == (3000, 5) and law.dim == 5
    counts = law.classify(z).bincount()
    assert len(counts) == 3 and (counts - 1000).abs().max() < 4 * 26  # four standard deviations
    assert torch.equal(z[:, 2:].sum(1), torch.ones(3000))


def test_given_labels_reach_the_generator():
    law, labels = joint(), torch.tensor([2, 0, 1])
    z = law.given(labels, torch.Generator().manual_seed(0))
    assert torch.equal(law.classify(z), labels)
    x = Unconditional(Labelled(), 3)(z)
    assert torch.equal(x, z[:, :2] + 10 * labels[:, None])


def test_the_law_tells_its_labels():
    assert joint().about()["labels"] == 3 and joint().about()["law"] == "gaussian"
