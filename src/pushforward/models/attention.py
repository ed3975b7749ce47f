"""Transformer block with relative positions on a square grid of tokens (TransGAN, Jiang et al. 2021)."""

import contextlib

import torch
from torch import Tensor, nn
from torch.autograd import forward_ad
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

from pushforward.errors import InputError


class Attention(nn.Module):
    """Multi-head attention over all tokens, (n, t, c) -> (n, t, c).

    Args:
        dim: c, a multiple of `heads`.
        heads: number of heads.
        grid: side of the square grid the tokens lie on, for a learned bias of every relative position; 0: no bias.
        noisy: add noise to each token, one number a token, times a learned strength that starts at 0.
    """

    index: Tensor

    def __init__(self, dim: int, heads: int, grid: int, noisy: bool) -> None:
        super().__init__()
        if dim % heads:
            raise InputError(f"attention: {dim} dimensions cannot be shared by {heads} heads; take a multiple of it.")
        self.heads, self.grid = heads, grid
        self.qkv = nn.Linear(dim, 3 * dim, bias=False)
        self.output = nn.Linear(dim, dim)
        self.noise = nn.Parameter(torch.zeros(())) if noisy else None
        if grid:
            self.bias = nn.Parameter(nn.init.trunc_normal_(torch.empty((2 * grid - 1) ** 2, heads), std=0.02))
            self.register_buffer("index", relative_positions(grid), persistent=False)

    def forward(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """(n, t, c) -> (n, t, c); the noise is drawn from `generator`, without one there is none."""
        if self.noise is not None and generator is not None:
            x = x + self.noise * torch.randn((*x.shape[:2], 1), generator=generator, device=x.device, dtype=x.dtype)
        q, k, v = self.qkv(x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)  # each (n, heads, t, c / heads)
        with _kernels(q):
            mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=self._position_bias())
        return self.output(mixed.transpose(1, 2).flatten(2))

    def _position_bias(self) -> Tensor | None:
        """Bias of every pair of tokens, (1, heads, t, t)."""
        if not self.grid:
            return None
        return self.bias[self.index].view(self.grid**2, self.grid**2, self.heads).permute(2, 0, 1)[None]


class Block(nn.Module):
    """Attention, then a perceptron of 4 c units with exact GELU, each on a normalised input and added to it.

    Args:
        dim: c.
        heads: number of heads.
        grid: side of the grid of tokens, 0 for no relative positions.
        noisy: whether the attention adds noise.
    """

    def __init__(self, dim: int, heads: int, grid: int = 0, noisy: bool = False) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attention = Attention(dim, heads, grid, noisy)
        self.mlp = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))

    def forward(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """(n, t, c) -> (n, t, c)."""
        x = x + self.attention(self.norm1(x), generator)
        return x + self.mlp(self.norm2(x))


def relative_positions(grid: int) -> Tensor:
    """Row of the bias table for each pair of tokens of a grid x grid square, (grid^4,) int64."""
    row, column = torch.meshgrid(torch.arange(grid), torch.arange(grid), indexing="ij")
    down, right = (p.flatten()[:, None] - p.flatten()[None, :] + grid - 1 for p in (row, column))
    return (down * (2 * grid - 1) + right).flatten()


def _kernels(q: Tensor) -> contextlib.AbstractContextManager[None]:
    """Any kernel for plain inference; elsewhere the one that also has forward-mode and second derivatives."""
    if torch.is_grad_enabled() or forward_ad.unpack_dual(q).tangent is not None:
        return sdpa_kernel(SDPBackend.MATH)
    return contextlib.nullcontext()
