"""TransGAN (Jiang et al. 2021) as the ICML 2023 paper trains it: 70,729,583 weights in the generator for d = 64."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pushforward.errors import InputError
from pushforward.models.attention import Block


class Generator(nn.Module):
    """(n, d) -> (n, image_channels, image_size, image_size); the output is linear, so clamp it before it is looked at.

    Tokens of one grid a stage; between stages the grid doubles and the width falls to a quarter (pixel shuffle).

    Args:
        latent_dim: d.
        dims: width of the tokens at each stage, each a quarter of the one before.
        depths: number of blocks at each stage.
        heads: attention heads of every block.
        image_size: side of the image, a multiple of 2^(stages - 1).
        image_channels: 3 for colour.
    """

    def __init__(
        self,
        latent_dim: int,
        dims: Sequence[int] = (1024, 256, 64),
        depths: Sequence[int] = (5, 4, 2),
        heads: int = 4,
        image_size: int = 32,
        image_channels: int = 3,
    ) -> None:
        super().__init__()
        grids = [image_size >> stage for stage in reversed(range(len(dims)))]  # 8, 16, 32
        quarters = all(wide == 4 * narrow for wide, narrow in pairwise(dims))
        if len(dims) != len(depths) or not quarters or grids[0] << (len(dims) - 1) != image_size or grids[0] < 1:
            raise InputError(
                f"transgan generator: as many dims as depths, each a quarter of the one before, and an image side that "
                f"halves {len(dims) - 1} times are expected; {list(dims)}, {list(depths)}, {image_size} came."
            )
        self.grid, self.width = grids[0], dims[0]
        self.mapping = nn.Linear(latent_dim, self.grid**2 * self.width)
        self.positions = nn.ParameterList(_small(1, g * g, c) for g, c in zip(grids, dims, strict=True))
        self.stages = nn.ModuleList(
            nn.ModuleList(Block(c, heads, g) for _ in range(depth))
            for g, c, depth in zip(grids, dims, depths, strict=True)
        )
        self.output = nn.Conv2d(dims[-1], image_channels, 1)
        nn.init.xavier_uniform_(self.output.weight)

    def forward(self, z: Tensor) -> Tensor:
        """(n, d) -> (n, image_channels, image_size, image_size)."""
        x, grid = self.mapping(z).view(-1, self.grid**2, self.width), self.grid
        for number, (stage, positions) in enumerate(zip(self.stages, self.positions, strict=True)):
            if number:
                x, grid = tokens(F.pixel_shuffle(maps(x, grid), 2)), 2 * grid
            x = x + positions  # (n, grid^2, c)
            for block in stage:  # type: ignore[attr-defined]
                x = block(x)
        return self.output(maps(x, grid))


class Critic(nn.Module):
    """(n, image_channels, image_size, image_size) -> (n,), from patches at two scales.

    Every attention adds noise to its tokens, drawn from the generator given to `forward`. Images are not augmented
    here: the training step does that before it calls the critic.

    Args:
        dims: width of the tokens at the fine and at the coarse scale; coarse patches fill up the difference.
        depths: number of blocks at the fine scale, at the coarse scale, and after the class token is added.
        heads: attention heads of every block.
        patch: side of a patch of the fine scale.
        image_size: side of the image, a multiple of 2 * patch.
        image_channels: 3 for colour.
        components: classes that `judge` tells apart, for the mutual-information loss; 0: none.
    """

    stochastic = True

    def __init__(
        self,
        dims: Sequence[int] = (288, 384),
        depths: Sequence[int] = (3, 3, 1),
        heads: int = 4,
        patch: int = 2,
        image_size: int = 32,
        image_channels: int = 3,
        components: int = 0,
    ) -> None:
        super().__init__()
        if len(dims) != 2 or len(depths) != 3 or dims[0] >= dims[1] or image_size % (2 * patch):
            raise InputError(
                f"transgan critic: two growing dims, three depths and an image side that is a multiple of {2 * patch} "
                f"are expected; {list(dims)}, {list(depths)}, {image_size} came."
            )
        (fine, coarse), self.grid = dims, image_size // patch
        self.fine_patches = nn.Conv2d(image_channels, fine, patch, stride=patch)
        self.coarse_patches = nn.Conv2d(image_channels, coarse - fine, 2 * patch, stride=2 * patch)
        self.fine_positions, self.coarse_positions = _small(1, self.grid**2, fine), _small(1, self.grid**2 // 4, coarse)
        self.fine_blocks = _blocks(depths[0], fine, heads, self.grid)
        self.coarse_blocks = _blocks(depths[1], coarse, heads, self.grid // 2)
        self.last_blocks = _blocks(depths[2], coarse, heads, 0)
        self.norm = nn.LayerNorm(coarse)
        self.class_token, self.head = _small(1, 1, coarse), nn.Linear(coarse, 1)
        self.component_token = _small(1, 1, coarse) if components else None
        self.component_head = nn.Linear(coarse, components) if components else None
        self.apply(_initialise)

    def forward(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """(n, image_channels, image_size, image_size) -> (n,); without a `generator` there is no noise."""
        return self.head(self._features(x, generator)[:, -1]).squeeze(1)

    def judge(self, x: Tensor, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """Scores (n,) and logits (n, components) of the component of z behind each image.

        Raises:
            InputError: the critic was built without components.
        """
        if self.component_head is None:
            raise InputError("transgan critic: it tells no components apart; build it with components=N.")
        features = self._features(x, generator)
        return self.head(features[:, -1]).squeeze(1), self.component_head(features[:, 0])

    def _features(self, x: Tensor, generator: torch.Generator | None) -> Tensor:
        """Tokens of the component (where there is one) and of the class, (n, 1 or 2, c)."""
        fine, coarse = tokens(self.fine_patches(x)) + self.fine_positions, tokens(self.coarse_patches(x))
        fine = _through(self.fine_blocks, fine, generator)  # (n, grid^2, fine)
        pooled = tokens(F.avg_pool2d(maps(fine, self.grid), 2))
        x = torch.cat([pooled, coarse], 2) + self.coarse_positions  # (n, grid^2 / 4, coarse)
        x = _through(self.coarse_blocks, x, generator)
        learned = [t.expand(len(x), -1, -1) for t in (self.component_token, self.class_token) if t is not None]
        x = _through(self.last_blocks, torch.cat([*learned, x], 1), generator)
        return self.norm(x[:, : len(learned)])


def maps(x: Tensor, grid: int) -> Tensor:
    """Tokens of a square grid as an image, (n, grid^2, c) -> (n, c, grid, grid)."""
    return x.transpose(1, 2).unflatten(2, (grid, grid))


def tokens(x: Tensor) -> Tensor:
    """Pixels of an image as tokens, (n, c, h, w) -> (n, h w, c)."""
    return x.flatten(2).transpose(1, 2)


def _blocks(depth: int, dim: int, heads: int, grid: int) -> nn.ModuleList:
    return nn.ModuleList(Block(dim, heads, grid, noisy=True) for _ in range(depth))


def _through(blocks: nn.ModuleList, x: Tensor, generator: torch.Generator | None) -> Tensor:
    for block in blocks:
        x = block(x, generator)
    return x


def _small(*shape: int) -> nn.Parameter:
    return nn.Parameter(nn.init.trunc_normal_(torch.empty(shape), std=0.02))


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Conv2d):
        nn.init.xavier_uniform_(module.weight)
