"""The residual GAN of CIFAR-10 and CIFAR-100 (ICML 2023 paper, Table 5), with its conditional variant."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pushforward.errors import InputError
from pushforward.models.activations import ReLU

BASE = 4  # height and width of the generator's first map
STAGES = 3  # residual blocks of the generator, each followed by a doubling


class Generator(nn.Module):
    """(n, d) -> (n, image_channels, 32, 32) in [-1, 1].

    Batch normalisation is modulated by the latent itself (Chen et al. 2019): its scale and shift are perceptrons of z.

    Args:
        latent_dim: d.
        width: maps of every convolution.
        image_channels: 3 for colour.
        classes: number of labels of the conditional variant; their one-hot code is appended to z everywhere. 0: none.
    """

    def __init__(self, latent_dim: int, width: int = 128, image_channels: int = 3, classes: int = 0) -> None:
        super().__init__()
        self.width, self.classes = width, classes
        condition = latent_dim + classes
        self.mapping = nn.Linear(condition, width * BASE**2)
        self.blocks = nn.ModuleList(ModulatedBlock(width, condition) for _ in range(STAGES))
        self.output = nn.Conv2d(width, image_channels, 3, padding=1)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """(n, d) and, for the conditional variant, (n,) int64 -> (n, image_channels, 32, 32)."""
        z = append_labels(z, labels, self.classes)
        x = self.mapping(z).view(-1, self.width, BASE, BASE)
        for block in self.blocks:
            x = F.interpolate(block(x, z), scale_factor=2)  # nearest neighbour
        return self.output(x).tanh()


class ModulatedNorm(nn.Module):
    """gamma(z) * BN(x) + beta(z): batch normalisation without own scale and shift, (n, w, h, h) and (n, d)."""

    def __init__(self, width: int, condition: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(width, affine=False)
        self.scale, self.shift = (
            nn.Sequential(nn.Linear(condition, width), nn.ReLU(), nn.Linear(width, width, bias=False)) for _ in range(2)
        )

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        """(n, w, h, h) -> (n, w, h, h)."""
        return self.scale(z)[:, :, None, None] * self.norm(x) + self.shift(z)[:, :, None, None]


class ModulatedBlock(nn.Module):
    """ReLU(N2(conv2(ReLU(N1(conv1(x), z))), z) + x): both normalisations follow their convolution."""

    def __init__(self, width: int, condition: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = (nn.Conv2d(width, width, 3, padding=1, bias=False) for _ in range(2))
        self.norm1, self.norm2 = (ModulatedNorm(width, condition) for _ in range(2))

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        """(n, w, h, h) -> (n, w, h, h)."""
        h = F.relu(self.norm1(self.conv1(x), z))
        return F.relu(self.norm2(self.conv2(h), z) + x)


class Body(nn.Module):
    """(n, image_channels, h, h) -> (n, w): what critic and encoder share, with true mean pooling at the end."""

    def __init__(self, width: int, image_channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            Block(image_channels, width),  # (n, w, h, h)
            nn.AvgPool2d(2),
            Block(width, width),  # (n, w, h/2, h/2)
            nn.AvgPool2d(2),
            Block(width, width),  # (n, w, h/4, h/4)
            Block(width, width),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(n, image_channels, h, h) -> (n, w)."""
        return self.layers(x).mean((2, 3))


class Block(nn.Module):
    """ReLU(conv2(ReLU(conv1(x))) + skip(x)), the skip a 1x1 convolution where the number of maps changes."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.skip = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)
        self.activation = ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs, h, h) -> (n, outputs, h, h)."""
        return self.activation(self.conv2(self.activation(self.conv1(x))) + self.skip(x))


class Critic(nn.Module):
    """(n, image_channels, h, h) -> (n,), without normalisation; the same for every width of the generator.

    Args:
        width: maps of every convolution.
        image_channels: 3 for colour.
        classes: number of labels of the conditional variant; their one-hot code joins the pooled features. 0: none.
        components: classes of z that `judge` tells apart, for the mutual-information loss. 0: none.
    """

    def __init__(self, width: int = 256, image_channels: int = 3, classes: int = 0, components: int = 0) -> None:
        super().__init__()
        self.classes = classes
        self.body = Body(width, image_channels)
        self.head: nn.Module = nn.Linear(width, 1)
        if classes:
            self.head = nn.Sequential(nn.Linear(width + classes, width), ReLU(), nn.Linear(width, 1, bias=False))
        self.component_head = nn.Linear(width, components) if components else None

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """(n, image_channels, h, h) and, for the conditional variant, (n,) int64 -> (n,)."""
        return self._score(self.body(x), labels)

    def judge(self, x: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Scores (n,) and logits (n, components) of the component of z behind each image.

        Raises:
            InputError: the critic was built without components.
        """
        if self.component_head is None:
            raise InputError("resnet critic: it tells no components apart; build it with components=N.")
        features = self.body(x)
        return self._score(features, labels), self.component_head(features)

    def _score(self, features: Tensor, labels: Tensor | None) -> Tensor:
        return self.head(append_labels(features, labels, self.classes)).squeeze(1)


class Encoder(nn.Module):
    """(n, image_channels, h, h) -> mean and log-variance of z, each (n, d): the critic's body with another head.

    Args:
        latent_dim: d.
        width: maps of every convolution.
        image_channels: 3 for colour.
    """

    def __init__(self, latent_dim: int, width: int = 256, image_channels: int = 3) -> None:
        super().__init__()
        self.body = Body(width, image_channels)
        self.head = nn.Linear(width, 2 * latent_dim)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(n, image_channels, h, h) -> (n, d), (n, d)."""
        mean, log_variance = self.head(self.body(x)).chunk(2, dim=1)
        return mean, log_variance


def append_labels(features: Tensor, labels: Tensor | None, classes: int) -> Tensor:
    """Append one-hot labels to features, (n, f) and (n,) int64 -> (n, f + classes); nothing where `classes` is 0.

    Raises:
        InputError: labels are missing, or given to a network that takes none.
    """
    if (labels is None) != (classes == 0):
        came = "none came" if labels is None else "labels came"
        raise InputError(
            f"resnet: a network of {classes} classes takes {'a label an image' if classes else 'no labels'}; {came}."
        )
    return features if labels is None else torch.cat([features, F.one_hot(labels, classes).to(features.dtype)], 1)
