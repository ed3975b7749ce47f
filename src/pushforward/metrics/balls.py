"""Which points of one set lie in which balls of another, exact."""

import threading
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pushforward.arrays import Doubles, Floats, Integers
from pushforward.metrics.distances import GROUP, Block, Columns, Frame, Groups, Ladder, below, pair_distances
from pushforward.metrics.neighbours import CLOSE_CALLS, LOWEST, sweep

SLACK = 2.0**-49  # more than the rounding of a threshold
Booleans = NDArray[np.bool_]


@dataclass(frozen=True)
class Hits:
    """Who lies in whose open ball, between n real and m fake points."""

    balls: Integers  # (m,) how many real balls a fake point lies in
    real_covering: Booleans  # (n,) its ball holds at least one fake point
    real_inside: Booleans  # (n,) in at least one fake ball


@dataclass(frozen=True)
class Limits:
    """Radii as limits of g = -d^2/2: at most `outside` is out of the ball, more than `inside` is in it."""

    outside: Tensor
    inside: Tensor

    @classmethod
    def of(cls, radii: Doubles, frame: Frame) -> "Limits":
        """Limits in the unit of `frame`; an open ball of radius 0 is empty."""
        g = torch.from_numpy(np.where(radii > 0, np.maximum(-0.5 * (radii * frame.scale) ** 2, LOWEST), np.inf))
        return cls(g * (1 + SLACK), g * (1 - SLACK))


def hits(
    real: Floats,
    real_radii: Doubles,
    fake: Floats,
    fake_radii: Doubles,
    threads: int | None = None,
    block: int | None = None,
) -> Hits:
    """Compare all distances between two sets with the radii around both.

    Args:
        real: (n, D), finite.
        real_radii: (n,).
        fake: (m, D), finite.
        fake_radii: (m,).
        threads: workers; None for as many as torch may use.
        block: rows a block; None for a size that suits the cache.
    """
    n, m = len(real), len(fake)
    order = np.argsort(fake_radii)  # columns beside each other get like limits: one look at a group serves both radii
    frame = Frame.around(real, fake)
    ladder = Ladder(fake, order, frame)
    around_real = Limits.of(real_radii, frame)
    padding = np.zeros(-m % GROUP)
    around_fake = Limits.of(np.concatenate([fake_radii[order], padding]), frame)
    balls, real_covering, real_inside = np.zeros(m, np.int64), np.zeros(n, bool), np.zeros(n, bool)
    lock = threading.Lock()

    def settle(rows: Integers) -> None:
        limits = Limits(around_real.outside[rows, None], around_real.inside[rows, None])
        sure = _compare(ladder, real[rows], limits, around_fake)
        i, j = rows[sure.close_real[0]], order[sure.close_real[1]]
        near = pair_distances(real, i, fake, j) < real_radii[i]
        i_other, j_other = rows[sure.close_fake[0]], order[sure.close_fake[1]]
        near_other = pair_distances(real, i_other, fake, j_other) < fake_radii[j_other]
        with lock:  # what needs memory is done: a block that failed for want of it has not counted yet
            real_covering[rows[sure.covering]] = real_covering[i[near]] = True
            real_inside[rows[sure.inside]] = real_inside[i_other[near_other]] = True
            balls[order] += sure.balls[:m]
            np.add.at(balls, j[near], 1)

    sweep(settle, np.arange(n), m, threads, block)
    return Hits(balls, real_covering, real_inside)


class _Sure(NamedTuple):
    """What the bounds decide between some real rows and all fake columns, and the pairs (2, p) that they do not."""

    balls: Integers  # (width,) real balls around a column
    covering: Booleans  # (rows,) ball holds a column
    inside: Booleans  # (rows,) in a column's ball
    close_real: Integers  # too close to a real ball's rim
    close_fake: Integers  # too close to a fake ball's rim


def _compare(ladder: Ladder, rows: Floats, around_rows: Limits, around_columns: Limits) -> _Sure:
    for columns in ladder:
        block = columns.block(rows)
        balls, covering, close_real = _in_row_balls(columns, block, around_rows)
        inside, close_fake = _in_column_balls(columns, block, around_columns)
        if close_real.shape[1] + close_fake.shape[1] <= CLOSE_CALLS * len(rows):
            break
    return _Sure(balls, covering, inside, close_real, close_fake)


def _in_row_balls(columns: Columns, block: Block, limits: Limits) -> tuple[Integers, Booleans, Integers]:
    """How many of the rows' balls surely hold a column (width,), which rows surely hold any, and the close pairs."""
    floor = below(limits.outside, columns.dtype)
    counts = torch.zeros(columns.width // GROUP, GROUP, dtype=torch.int64)
    covering = torch.zeros(len(floor), dtype=torch.bool)
    close = []
    for groups in columns.groups(block, block.peaks >= floor):
        inside = groups.lower > limits.inside[groups.row]
        counts.index_add_(0, groups.group, inside.long())
        covering[groups.row[inside.any(dim=1)]] = True
        close.append(_pairs(groups, (groups.upper >= floor[groups.row]) & ~inside))
    return counts.ravel().numpy(), covering.numpy(), _joined(close)


def _in_column_balls(columns: Columns, block: Block, limits: Limits) -> tuple[Booleans, Integers]:
    """Which rows are surely inside some column's ball, and for the others the close pairs."""
    outside, inside = (limit.view(-1, GROUP) for limit in (below(limits.outside, columns.dtype), limits.inside))
    hit = (block.assured > inside.amax(dim=1)).any(dim=1)
    close = []
    for groups in columns.groups(block, (block.peaks >= outside.amin(dim=1)) & ~hit[:, None]):
        sure = groups.lower > inside[groups.group]
        hit[groups.row[sure.any(dim=1)]] = True
        close.append(_pairs(groups, (groups.upper >= outside[groups.group]) & ~hit[groups.row, None]))
    return hit.numpy(), _joined(close)


def _pairs(groups: Groups, mask: Tensor) -> Tensor:
    """Rows and columns (2, p) of the marked elements."""
    place, column = mask.nonzero(as_tuple=True)
    return torch.stack([groups.row[place], groups.group[place] * GROUP + column])


def _joined(parts: list[Tensor]) -> Integers:
    return torch.cat(parts, dim=1).numpy() if parts else np.empty((2, 0), np.int64)
