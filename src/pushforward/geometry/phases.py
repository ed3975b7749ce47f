"""3x3 convolutions of maps that were doubled by repetition, without the repeated work.

A 3x3 kernel meets only 2x2 different pixels of a doubled map. So one 2x2 convolution of the map before doubling gives
all outputs, with the four of each 2x2 block as groups of channels ("phases"): 4 products in place of 9. A map in phases
has a row and a column more than the map before doubling: row r of the doubled map is row (r + 1) // 2 of phase r % 2.
The two rows that are left over, -1 and 2h, are zero, the padding that the next convolution wants; columns alike.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

DOUBLED = torch.tensor([[[1, 0, 0], [0, 1, 1]], [[1, 1, 0], [0, 0, 1]]])  # taps of [phase, pixel before doubling]
BETWEEN = torch.tensor(  # taps of [output phase, row of the map in phases, phase]
    [[[[0, 1, 0], [1, 0, 0]], [[0, 0, 0], [0, 0, 1]]], [[[1, 0, 0], [0, 0, 0]], [[0, 0, 1], [0, 1, 0]]]]
)


def doubled_kernel(weight: Tensor) -> Tensor:
    """The kernel of `convolve_doubled`, (o, c, 3, 3) -> (4 o, c, 2, 2)."""
    taps = DOUBLED.to(weight)
    kernel = torch.einsum("ayu,bxv,ocuv->abocyx", taps, taps, weight).flatten(0, 2)
    return kernel.contiguous(memory_format=torch.channels_last)


def phased_kernel(weight: Tensor) -> Tensor:
    """The kernel of `convolve_phases`, (o, c, 3, 3) -> (2, 2, 4 c, 4 o)."""
    taps = BETWEEN.to(weight)
    return torch.einsum("syau,txbv,ocuv->yxabcsto", taps, taps, weight).flatten(5).flatten(2, 4)


def convolve_doubled(x: Tensor, kernel: Tensor, bias: Tensor | None = None) -> Tensor:
    """Double, pad and convolve with 3x3, (n, c, h, w) -> (n, 4 o, h + 1, w + 1); what is left over is not zero yet."""
    return F.conv2d(x, kernel, None if bias is None else bias.repeat(4), padding=1)


def clear(x: Tensor) -> Tensor:
    """Set the rows and columns that are left over to zero, in place; (n, 4 c, h + 1, w + 1)."""
    rows, columns = x.unflatten(1, (2, -1)), x.unflatten(1, (2, 2, -1))
    rows[:, 0, :, -1] = rows[:, 1, :, 0] = 0
    columns[:, :, 0, ..., -1] = columns[:, :, 1, ..., 0] = 0
    return x


def convolve_phases(x: Tensor, kernel: Tensor, bias: Tensor | None = None) -> Tensor:
    """Pad and convolve a map in phases with 3x3, (n, 4 c, h + 1, w + 1) -> (n, o, 2 h, 2 w); meant for few outputs."""
    columns = kernel.flip(0, 1).permute(3, 0, 1, 2).flatten(0, 2) @ x.flatten(2)  # (n, 16 o, (h + 1) (w + 1))
    out = F.fold(columns, (x.shape[2] - 1, x.shape[3] - 1), 2, padding=1)  # (n, 4 o, h, w)
    out = F.pixel_shuffle(out.unflatten(1, (4, -1)).transpose(1, 2).flatten(1, 2), 2)
    return out if bias is None else out + bias[:, None, None]


def between_kernel(first: Tensor, second: Tensor) -> Tensor:
    """What `collapse` needs of a `doubled_kernel` and the `phased_kernel` after it, (2, 2, 4 m, 4 o * 2 * 2 * c)."""
    return torch.einsum("stmo,mcyx->stmoyxc", second, first).flatten(3)


def collapse(slope: Tensor, kernel: Tensor, outputs: int) -> Tensor:
    """`convolve_doubled`, a product with `slope`, and `convolve_phases` as one linear map of 3x3 pixels at each place.

    Args:
        slope: (n, 4 m, h + 1, w + 1), zero where rows and columns are left over.
        kernel: of `between_kernel`.
        outputs: o.

    Returns:
        (3, n, h + 2, w + 2, 4 o, 3 c): a matrix for each row of the 3x3 pixels, at the upper left one of them in the
        padded map; zero in the last two rows and columns.
    """
    n, h, w = len(slope), slope.shape[2] - 1, slope.shape[3] - 1
    c = kernel.shape[3] // (16 * outputs)
    found = slope.new_zeros(3, n, h + 2, w + 2, 4 * outputs, 3, c)
    last = slope.permute(0, 2, 3, 1)
    for s in (0, 1):
        for t in (0, 1):
            part = (last[:, s : s + h, t : t + w] @ kernel[s, t]).unflatten(3, (4 * outputs, 2, 2, c))
            found[s, :, :h, :w, :, t : t + 2] += part[..., 0, :, :]
            found[s + 1, :, :h, :w, :, t : t + 2] += part[..., 1, :, :]
    return found.flatten(5)


def apply_collapsed(x: Tensor, matrices: Tensor) -> Tensor:
    """Apply the maps of `collapse`, (n or 1, k, c, h, w) -> (n, k, o, 2 h, 2 w)."""
    n, (k, c, h, w) = matrices.shape[1], x.shape[1:]
    places, width = n * (h + 2) * (w + 2), (w + 2) * c * k
    padded = x.new_zeros(places * c * k + 2 * width + 2 * c * k)  # what is behind the last row is multiplied by zero
    padded[: places * c * k].view(n, h + 2, w + 2, c, k)[:, 1:-1, 1:-1] = x.permute(0, 3, 4, 2, 1)
    windows = [padded.as_strided((places, 3 * c, k), (c * k, k, 1), row * width) for row in range(3)]
    out = matrices[0].flatten(0, 2) @ windows[0]
    for row in (1, 2):
        out.baddbmm_(matrices[row].flatten(0, 2), windows[row])
    out = out.view(n, h + 2, w + 2, 2, 2, -1, k)[:, :h, :w]
    return out.permute(0, 6, 5, 1, 3, 2, 4).reshape(n, k, -1, 2 * h, 2 * w)


def together(x: Tensor) -> Tensor:
    """The map that a map in phases stands for, (n, 4 c, h + 1, w + 1) -> (n, c, 2 h, 2 w), channels last."""
    n, channels, (height, width) = len(x), x.shape[1] // 4, x.shape[2:]
    down, right = (torch.arange(2 * (side - 1), device=x.device) for side in (height, width))
    pixel = (down + 1)[:, None] // 2 * width + (right + 1) // 2
    chosen = pixel * 4 + down[:, None] % 2 * 2 + right % 2  # (2 h, 2 w), among the pixels and phases of a map
    chosen = torch.arange(n, device=x.device)[:, None] * (height * width * 4) + chosen.flatten()
    found = x.permute(0, 2, 3, 1).reshape(-1, channels).index_select(0, chosen.flatten())
    return found.view(n, len(down), len(right), channels).permute(0, 3, 1, 2)
