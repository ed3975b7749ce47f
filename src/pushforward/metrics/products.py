"""Matrix products in honest single or double precision, by whichever of torch's libraries is faster here."""

import functools
import os
import time
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

COLUMNS = 1024  # given to oneDNN at once
TRIALS = 2  # blocks given to each library before one is chosen
REDUCED = ("ONEDNN_DEFAULT_FPMATH_MODE", "DNNL_DEFAULT_FPMATH_MODE", "MKL_BLAS_COMPUTE_MODE")
Kernel = Callable[[Tensor, Tensor, Tensor], Tensor]


def blas(left: Tensor, right: Tensor, space: Tensor) -> Tensor:
    """Product of left (r, K) and right (w, K) transposed, into space (r, w)."""
    return torch.mm(left, right.T, out=space)


def onednn(left: Tensor, right: Tensor, space: Tensor) -> Tensor:
    """The same by oneDNN, twice as fast as MKL on some processors; in pieces, since it copies `right` to pack it."""
    for piece, place in zip(right.split(COLUMNS), space.split(COLUMNS, dim=1), strict=True):
        place.copy_(torch.ops.mkldnn._linear_pointwise(left, piece, None, "none", [], ""))
    return space


@functools.cache
def kernels() -> tuple[Kernel, ...]:
    """The libraries that work here: the operator of oneDNN is private to torch and may be missing or differ."""
    one = torch.ones(1, 1)
    try:
        works = torch.backends.mkldnn.is_available() and onednn(one, one, torch.zeros(1, 1)).item() == 1.0
    except (AttributeError, RuntimeError, TypeError):
        works = False
    return (blas, onednn) if works else (blas,)


def honest() -> bool:
    """Whether float32 products keep single precision: torch and both libraries can be told to round to bfloat16."""
    return torch.get_float32_matmul_precision() == "highest" and not any(os.environ.get(name) for name in REDUCED)


class Product:
    """Tries the libraries on its first calls, then stays with the one that took less processor time a row.

    Who relies only on bounds valid for any order of summation does not see the choice in a result.
    """

    def __init__(self, candidates: Sequence[Kernel]) -> None:
        self._costs: dict[Kernel, list[float]] = {kernel: [] for kernel in candidates}

    def __call__(self, left: Tensor, right: Tensor, space: Tensor) -> Tensor:
        """Product of left (r, K) and right (w, K) transposed, into `space` (r, w)."""
        known = self._costs  # other threads may put another one in its place
        untried = [kernel for kernel, costs in known.items() if len(costs) < TRIALS]
        kernel = untried[0] if untried else min(known, key=lambda kernel: min(known[kernel]))
        started = time.thread_time()
        try:
            result = kernel(left, right, space)
        except RuntimeError:  # where memory is short, oneDNN "could not create a primitive", and BLAS may do
            others = {each: costs for each, costs in known.items() if each is not kernel}
            if not others:
                raise
            self._costs = others
            return self(left, right, space)
        known[kernel].append((time.thread_time() - started) / len(left))
        return result
