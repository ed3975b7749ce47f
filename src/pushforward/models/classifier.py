"""The oracle: a plain convolutional classifier that gives an image its class (sizes as in the authors' code).

MNIST: `channels=[128] * 3, activation="relu"`. CIFAR: `channels=[256] * 5, activation="gelu"`.
"""

import itertools
import math
from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from pushforward.errors import InputError

ACTIVATIONS = {"relu": nn.ReLU, "gelu": nn.GELU}
RELEASED = {"conv1.0": "body.0", "conv2.0": "body.3", "conv3.0": "body.6", "linear.0": "hidden.0", "out": "out"}


class Classifier(nn.Module):
    """(n, image_channels, image_size, image_size) -> (n, classes) logits, from 100 features.

    Args:
        image_size: height and width.
        image_channels: 1 or 3.
        classes: number of classes.
        channels: maps of each convolution. A 2x2 max pooling follows every third part of them, but not the last:
            after convolutions 1 and 2 of 3, after 2 and 4 of 5.
        activation: "relu" or "gelu".
        feature_dim: length of the feature vector.
    """

    def __init__(
        self,
        image_size: int = 28,
        image_channels: int = 1,
        classes: int = 10,
        channels: Sequence[int] = (128, 128, 128),
        activation: str = "relu",
        feature_dim: int = 100,
    ) -> None:
        super().__init__()
        if activation not in ACTIVATIONS:
            raise InputError(f"classifier: activation must be one of {', '.join(ACTIVATIONS)}, not {activation!r}.")
        act, depth = ACTIVATIONS[activation], math.ceil(len(channels) / 3)
        layers, side = list[nn.Module](), image_size
        for i, (a, b) in enumerate(itertools.pairwise([image_channels, *channels])):
            if i and i % depth == 0:
                layers.append(nn.MaxPool2d(2))
                side //= 2
            layers += [nn.Conv2d(a, b, 3, padding=1), act()]
        self.body = nn.Sequential(*layers, nn.Flatten())
        self.hidden = nn.Sequential(nn.Linear(channels[-1] * side**2, feature_dim), act())
        self.out = nn.Linear(feature_dim, classes)

    def features(self, x: Tensor) -> Tensor:
        """(n, image_channels, image_size, image_size) -> (n, feature_dim), after the activation."""
        return self.hidden(self.body(x))

    def forward(self, x: Tensor) -> Tensor:
        """(n, image_channels, image_size, image_size) -> (n, classes) logits."""
        return self.out(self.features(x))


def from_released(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename the parameters of the MNIST classifier that the paper's authors released to ours.

    Raises:
        InputError: the names are not those of that network.
    """
    names = {f"{old}.{leaf}": f"{new}.{leaf}" for old, new in RELEASED.items() for leaf in ("weight", "bias")}
    if set(state) != set(names):
        lacks, has = sorted(set(names) - set(state)), sorted(set(state) - set(names))
        raise InputError(f"not the authors' MNIST classifier: it lacks {lacks[:3]} and has {has[:3]}.")
    return {names[name]: value for name, value in state.items()}
