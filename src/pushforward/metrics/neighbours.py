"""Distances to the k-th neighbour, exact, and the walk over row blocks that one worker a core does."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from pushforward.arrays import Doubles, Floats, Integers
from pushforward.errors import Resource
from pushforward.metrics.distances import GROUP, Block, Columns, Frame, Ladder, below, pair_distances

logger = logging.getLogger(__name__)

CLOSE_CALLS = 16  # undecided pairs a row beyond which double precision is cheaper
BLOCK_ELEMENTS = 1 << 21  # bounds in a block: few enough for a cache, enough rows for a fast product
LOWEST = -4.0  # below every g in a frame's unit


def kth_distances(features: Floats, k: int, threads: int | None = None, block: int | None = None) -> Doubles:
    """Distance of every row to its k-th nearest other row, as float64 differences give it.

    Args:
        features: (n, D), n >= k + 1, finite.
        k: which neighbour, 1 the nearest.
        threads: workers; None for as many as torch may use.
        block: rows a block; None for a size that suits the cache.
    """
    n = len(features)
    out = np.zeros(n)
    ladder = Ladder(features, np.arange(n), Frame.around(features))
    # more than k copies of a row leave its radius at 0, and would be one long tie
    rows = np.flatnonzero(~repeated(features, k))

    def settle(part: Integers) -> None:
        out[part] = _radii_of(part, features, k, ladder)

    sweep(settle, rows, n, threads, block)
    return out


def sweep(work: Callable[[Integers], None], rows: Integers, width: int, threads: int | None, block: int | None) -> None:
    """Give `rows` to `work` block by block, on single-threaded workers.

    Raises:
        Resource: memory does not suffice for a single row.
    """
    size = block or int(np.clip(BLOCK_ELEMENTS // width, 32, 512))
    parts = [rows[start : start + size] for start in range(0, len(rows), size)]
    before = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(threads or before, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            for _ in pool.map(partial(_in_halves, work), parts):
                pass
    finally:
        torch.set_num_threads(before)  # the setting of a worker is also that of threads started later


def _in_halves(work: Callable[[Integers], None], rows: Integers) -> None:
    """Give `rows` to `work`, half by half where memory is short."""
    try:
        work(rows)
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "allocate memory" not in str(error):
            raise
        if len(rows) == 1:
            raise Resource("memory does not hold one row of distances: free some, or use fewer threads.") from error
        logger.warning("memory is short: a block of %d rows is halved", len(rows))
        for half in np.array_split(rows, 2):
            _in_halves(work, half)


def repeated(features: Floats, k: int) -> NDArray[np.bool_]:
    """Which rows have more than k copies, themselves counted; (n,)."""
    out = np.zeros(len(features), bool)
    # rows of different norm differ: only the bytes of rows that share one are compared
    _, inverse, counts = np.unique(np.einsum("ij,ij->i", features, features), return_inverse=True, return_counts=True)
    shared = np.flatnonzero(counts[inverse] > k)
    content = np.ascontiguousarray(features[shared] + 0.0)  # -0.0 becomes 0.0
    content = content.view(np.dtype((np.void, content.dtype.itemsize * content.shape[1]))).ravel()
    _, inverse, counts = np.unique(content, return_inverse=True, return_counts=True)
    out[shared] = counts[inverse] > k
    return out


class _Candidates(NamedTuple):
    """Pairs that may be among a row's k + 1 nearest, with certified bounds of g; sorted by row."""

    i: Integers
    j: Integers
    lower: Doubles
    upper: Doubles


def _radii_of(rows: Integers, features: Floats, k: int, ladder: Ladder) -> Doubles:
    for columns in ladder:
        found = _candidates(columns, columns.block(features[rows]), k)
        if len(found.i) <= (k + 1 + CLOSE_CALLS) * len(rows):
            break
    i, j, rank = _bracket(found, np.full(len(rows), k))
    return _ranked(pair_distances(features, rows[i], features, j), i, rank)


def _candidates(columns: Columns, block: Block, k: int) -> _Candidates:
    threshold = torch.full((len(block.peaks),), LOWEST, dtype=torch.float64)
    if block.peaks.shape[1] > k:  # each of the k + 1 best groups holds a point at least as near as it assures
        threshold = block.assured.topk(k + 1, dim=1).values[:, -1]
    floor = below(threshold, columns.dtype)[:, None]
    found = []
    for groups in columns.groups(block, block.peaks >= floor):
        place, column = (groups.upper >= floor[groups.row]).nonzero(as_tuple=True)
        bounds = groups.lower[place, column], groups.upper[place, column].double()
        found.append((groups.row[place], groups.group[place] * GROUP + column, *bounds))
    return _Candidates(*(torch.cat(parts).numpy() for parts in zip(*found, strict=True)))


def _bracket(found: _Candidates, rank: Integers) -> tuple[Integers, Integers, Integers]:
    """The pairs that may be the neighbour of that rank (rows,), and its rank among them."""
    far = -_ranked(-found.lower, found.i, rank)  # it is not farther than this
    near = -_ranked(-found.upper, found.i, rank)  # and not nearer than this
    nearer = np.bincount(found.i[found.lower > near[found.i]], minlength=len(rank))
    open_ = (found.upper >= far[found.i]) & (found.lower <= near[found.i])
    return found.i[open_], found.j[open_], rank - nearer


def _ranked(values: Doubles, rows: Integers, rank: Integers) -> Doubles:
    """Of every row's values the one of the given rank, 0 the smallest; `rows` is sorted and has every row."""
    order = np.lexsort((values, rows))
    first = np.searchsorted(rows, np.arange(len(rank)))
    return values[order[first + rank]]
