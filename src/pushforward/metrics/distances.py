"""Euclidean distances compared without error: fast products with certified bounds, close calls settled in float64.

The truth is what float64 gives for `sqrt(sum((x - y)**2))`, differences taken first. A matrix product gives
g = x.y - |x|^2/2 - |y|^2/2 = -d^2/2 about a hundred times faster, but rounded. `Columns.block` returns an upper bound
U >= g and errors e with U - 2 (e_i + e_j) <= g: whatever these two bounds do not decide is computed as the truth is. So
neither the block size, nor the number of threads, nor the BLAS library can change a result.

The bound is the a-priori one of Higham, Accuracy and Stability of Numerical Algorithms, section 3.1, valid for any
order of summation, with or without fused operations. With unit round-off u and gamma_n = n u / (1 - n u), rounding the
D coordinates, the D + 2 products and the half norms moves g by less than gamma_{D+16} (|x| + |y|)^2 / 2, hence by less
than e_x + e_y with e = gamma_{D+16} |x|^2. What the truth itself and our own sums lose in float64 is below the same
expression with gamma_{2D+16} of float64, which is added.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from pushforward.arrays import Doubles, Floats, Integers
from pushforward.errors import InputError
from pushforward.metrics.products import Product, blas, honest, kernels

GROUP = 32  # columns whose largest bound is looked at before any of them
FAR = 8.0  # g >= -2 in a frame's unit, so a column at -FAR is near nothing
ROWS_AT_ONCE = 256
LARGEST = 1e150  # of a feature: squares beyond would overflow
SAMPLE = 500  # rows of a set that tell where it lies
GROUPS_AT_ONCE = 1 << 14
ELEMENTS_AT_ONCE = 1 << 17  # float64 differences that stay in a second-level cache


@dataclass(frozen=True)
class Frame:
    """An origin and a power of two that bring sets close to 0 and inside the unit ball; distances keep their order."""

    centre: Doubles  # (D,)
    scale: float

    @classmethod
    def around(cls, *sets: Floats) -> "Frame":
        """The frame of the union of `sets`, each (n, D)."""
        low = np.min([s.min(axis=0) for s in sets], axis=0).astype(np.float64)
        high = np.max([s.max(axis=0) for s in sets], axis=0).astype(np.float64)
        largest = float(np.maximum(np.abs(low), np.abs(high)).max())
        if largest > LARGEST:
            raise InputError(f"features reach {largest:.0e}: distances between them overflow; scale them down.")
        sample = np.concatenate([s[:: -(-len(s) // SAMPLE)] for s in sets])
        centre = np.median(sample, axis=0).astype(np.float64)  # unlike the mean it stays put when a point is far off
        reach = np.maximum(high - centre, centre - low)
        largest = float(reach.max())
        radius = largest * float(np.linalg.norm(reach / largest)) if largest > 0 else 0.0
        # the exponent has a limit, so that what underflows in the float64 truth stays negligible in this unit
        exponent = min(-int(np.frexp(radius)[1]) - 1, 450) if radius > 0 else 0
        return cls(centre, float(np.ldexp(1.0, exponent)))

    def place(self, rows: Floats, dtype: torch.dtype) -> tuple[Tensor, Doubles]:
        """Coordinates of rows (n, D) in the frame, rounded to `dtype`, and half their squared norms (n,)."""
        points = torch.from_numpy((rows.astype(np.float64) - self.centre) * self.scale).to(dtype)
        doubles = points.double().numpy()
        return points, 0.5 * np.einsum("ij,ij->i", doubles, doubles)


class Block(NamedTuple):
    """Bounds of g between some rows and all columns."""

    upper: Tensor  # (rows, groups, GROUP)
    error: Tensor  # (rows,) float64
    peaks: Tensor  # (rows, groups): the largest `upper` of a group
    assured: Tensor  # (rows, groups): some g of the group is at least this


class Groups(NamedTuple):
    """Certified bounds lower <= g <= upper in some groups of a block; (p, GROUP)."""

    row: Tensor  # (p,) sorted
    group: Tensor  # (p,)
    lower: Tensor  # float64
    upper: Tensor


class Columns:
    """One set laid out so that a product with any rows gives certified bounds of g = -d^2/2 in the frame's unit."""

    def __init__(self, features: Floats, order: Integers, frame: Frame, dtype: torch.dtype) -> None:
        self.frame, self.dtype = frame, dtype
        n, D = len(order), features.shape[1]
        self.width = -(-n // GROUP) * GROUP
        self.right = torch.zeros(self.width, D + 2, dtype=dtype)
        self.right[:, D] = 1.0
        self.right[n:, D + 1] = -FAR
        self.error = torch.zeros(self.width, dtype=torch.float64)
        for start in range(0, n, ROWS_AT_ONCE):
            part = slice(start, min(n, start + ROWS_AT_ONCE))
            points, half = frame.place(features[order[part]], dtype)
            error = error_bound(half, D, dtype)
            self.right[part, :D] = points
            self.right[part, D + 1] = torch.from_numpy(error - half)
            self.error[part] = torch.from_numpy(error)
        self.group_error = self.error.view(-1, GROUP).amax(dim=1)
        self._product = Product(kernels() if dtype == torch.float32 else (blas,))
        self._scratch = threading.local()

    def block(self, rows: Floats) -> Block:
        """Bounds of g between `rows` (n, D) and all columns; good until the thread's next block."""
        points, half = self.frame.place(rows, self.dtype)
        error = error_bound(half, rows.shape[1], self.dtype)
        offset = torch.from_numpy(error - half).to(self.dtype)
        left = torch.cat([points, offset[:, None], torch.ones_like(offset)[:, None]], dim=1)
        upper = self._product(left, self.right, self._space(len(rows))).view(len(rows), -1, GROUP)
        peaks = upper.amax(dim=2)
        spread = torch.from_numpy(error)
        return Block(upper, spread, peaks, peaks - 2 * (spread[:, None] + self.group_error))

    def _space(self, rows: int) -> Tensor:
        """Memory of this thread for a block: fresh memory would cost as much as a third of the product."""
        space = getattr(self._scratch, "space", None)
        if space is None or len(space) < rows:
            space = self._scratch.space = torch.empty(rows, self.width, dtype=self.dtype)
        return space[:rows]

    def groups(self, block: Block, chosen: Tensor) -> Iterator[Groups]:
        """Bounds in the groups that `chosen` (rows, groups) marks, piece by piece."""
        for row, group in zip(*(t.split(GROUPS_AT_ONCE) for t in chosen.nonzero(as_tuple=True)), strict=True):
            upper = block.upper[row, group]
            error = block.error[row, None] + self.error.view(-1, GROUP)[group]
            yield Groups(row, group, upper - 2 * error, upper)


class Ladder:
    """The columns in single precision and, built when first needed, in double precision."""

    def __init__(self, features: Floats, order: Integers, frame: Frame) -> None:
        self._make = lambda dtype: Columns(features, order, frame, dtype)
        self._lock = threading.Lock()
        self._rungs: dict[torch.dtype, Columns] = {}

    def __iter__(self) -> Iterator[Columns]:
        for dtype in (torch.float32, torch.float64) if honest() else (torch.float64,):
            with self._lock:
                if dtype not in self._rungs:
                    self._rungs[dtype] = self._make(dtype)
            yield self._rungs[dtype]


def error_bound(half: Doubles, D: int, dtype: torch.dtype) -> Doubles:
    """The error e of points with half squared norms `half`: |computed g - g| <= e_x + e_y.

    The last term covers underflow, also where the processor flushes subnormal numbers to 0.
    """
    products = (D + 16) * torch.finfo(dtype).eps / 2
    truth = (2 * D + 16) * float(np.finfo(np.float64).eps) / 2
    relative = products / (1 - products) + truth / (1 - truth)
    return 2 * relative * half + torch.finfo(dtype).tiny * 2.0**26


def pair_distances(a: Floats, i: Integers, b: Floats, j: Integers) -> Doubles:
    """The truth: float64 distances between rows a[i] and b[j], in pieces that fit a cache."""
    out = np.empty(len(i))
    step = max(1, ELEMENTS_AT_ONCE // a.shape[1])
    for start in range(0, len(i), step):
        part = slice(start, start + step)
        difference = np.subtract(a[i[part]], b[j[part]], dtype=np.float64)
        out[part] = np.sqrt(np.multiply(difference, difference, out=difference).sum(axis=1))
    return out


def below(values: Tensor, dtype: torch.dtype) -> Tensor:
    """Numbers of `dtype` surely not above `values`, and next to them."""
    rounded = values.to(dtype)
    return torch.nextafter(rounded, torch.full_like(rounded, -torch.inf))
