"""The convolutional GAN of MNIST (ICML 2023 paper, Table 4; earlier version, Table 3), for any image size 4k x 4k."""

from torch import Tensor, nn

from pushforward.errors import InputError
from pushforward.models.activations import LeakyReLU
from pushforward.models.stack import Scores


class Generator(nn.Module):
    """(n, d) -> (n, image_channels, image_size, image_size) in [0, 1].

    A linear map to `channels` maps of a quarter of the size, then three stages of 3x3 convolutions with LeakyReLU(0.2)
    and two nearest-neighbour doublings; the channels halve from stage to stage.

    Args:
        latent_dim: d.
        image_size: height and width, a multiple of 4 (28 for MNIST, 8 for digits).
        image_channels: 1 for grey images.
        channels: maps after the linear layer, a multiple of 4.
        last_channels: maps of the last hidden convolution: by default a quarter of `channels` as in the authors' code;
            the paper prints 16 where the code has 32.
        mapping_depth: linear layers before the first convolution.
    """

    def __init__(
        self,
        latent_dim: int,
        image_size: int = 28,
        image_channels: int = 1,
        channels: int = 128,
        last_channels: int | None = None,
        mapping_depth: int = 1,
    ) -> None:
        super().__init__()
        half, quarter = channels // 2, channels // 4
        last = last_channels or quarter
        self.shape = (channels, _quarter(image_size), _quarter(image_size))
        mapping = [m for _ in range(mapping_depth - 1) for m in (nn.Linear(latent_dim, latent_dim), nn.LeakyReLU(0.2))]
        self.mapping = nn.Sequential(*mapping, nn.Linear(latent_dim, channels * self.shape[1] ** 2))
        self.layers = nn.Sequential(
            *_hidden(channels, half),  # (n, c/2, s/4, s/4)
            *_hidden(half, half),
            nn.Upsample(scale_factor=2),  # (n, c/2, s/2, s/2)
            *_hidden(half, quarter),
            *_hidden(quarter, quarter),
            nn.Upsample(scale_factor=2),  # (n, c/4, s, s)
            *_hidden(quarter, last),
            nn.Conv2d(last, image_channels, 3, padding=1),
        )

    def forward(self, z: Tensor) -> Tensor:
        """(n, d) -> (n, image_channels, image_size, image_size)."""
        return self.layers(self.mapping(z).view(-1, *self.shape)).tanh() / 2 + 0.5


class Critic(Scores):
    """(n, image_channels, image_size, image_size) -> (n,), without normalisation.

    Args:
        image_size: height and width, a multiple of 4.
        image_channels: 1 for grey images.
        width: maps of every convolution.
    """

    def __init__(self, image_size: int = 28, image_channels: int = 1, width: int = 512) -> None:
        super().__init__(
            nn.Conv2d(image_channels, width, 4, stride=2, padding=1),  # (n, w, s/2, s/2)
            LeakyReLU(0.2, inplace=True),
            nn.Conv2d(width, width, 3, padding=1),
            LeakyReLU(0.2, inplace=True),
            nn.Conv2d(width, width, 4, stride=2, padding=1),  # (n, w, s/4, s/4)
            LeakyReLU(0.2, inplace=True),
            nn.Conv2d(width, width, 3, padding=1),
            LeakyReLU(0.2, inplace=True),
            nn.Flatten(),
            nn.Linear(width * _quarter(image_size) ** 2, 1, bias=False),
        )


def _hidden(inputs: int, outputs: int) -> tuple[nn.Module, nn.Module]:
    return nn.Conv2d(inputs, outputs, 3, padding=1), nn.LeakyReLU(0.2, True)


def _quarter(image_size: int) -> int:
    if image_size % 4:
        raise InputError(f"cnn: image_size must be a multiple of 4, not {image_size}.")
    return image_size // 4
