import torch
from torch import nn

from pushforward.features.labeller import NearestCentre, Oracle


class Brightness(nn.Module):
    """Two classes: dark and bright; the features are the pixels."""

    def features(self, x):
        return x.flatten(1)

    def forward(self, x):
        mean = self.features(x).mean(1, keepdim=True)
        return torch.cat((0.5 - mean, mean - 0.5), 1) * 100


def test_an_oracle_gives_labels_confidences_and_features_and_clamps_what_lies_outside():
    oracle = Oracle(Brightness(), classes=2, low=0.0, high=1.0)
    x = torch.tensor([0.0, 0.9, 50.0]).view(3, 1, 1, 1).expand(3, 1, 2, 2)
    label, confidence = oracle.classify(x)
    assert label.tolist() == [0, 1, 1]
    assert bool((confidence > 0.99).all())
    assert oracle.features(x).max() == 1
    assert oracle.space == "oracle"


def test_the_nearest_centre_is_certain_and_its_features_are_the_points():
    centres = torch.eye(3, dtype=torch.float64)
    near = NearestCentre(centres)
    x = torch.tensor([[0.9, 0.1, 0.0], [0.0, 0.2, 5.0]])
    label, confidence = near.classify(x)
    assert label.tolist() == [0, 2]
    assert confidence.tolist() == [1.0, 1.0]
    assert near.features(x) is x
    assert (near.classes, near.space) == (3, "coordinates")
