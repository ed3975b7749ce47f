"""The processes of one training, started by torchrun: who is who, who takes which rows, and what they tell each other.

Gradients are averaged by a plain all-reduce after the backward pass. DistributedDataParallel would do it in hooks of
that pass, but its reducer expects one backward pass a forward pass: the gradient penalty differentiates twice, and a
step of the critic goes back twice. Nor does it know unequal shares, which the last batch of an epoch has.
"""

import functools
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

import torch
import torch.distributed as dist
from torch import Tensor

from pushforward.errors import InputError, PushforwardError

PATIENCE = timedelta(minutes=10)  # for another process to come to the same place
FOREVER = timedelta(days=365)


@dataclass(frozen=True)
class Share:
    """What one process takes of a batch.

    Attributes:
        total: samples of the whole batch.
        rows: those of this process.
        weight: of the mean over these rows in the mean over the batch.
    """

    total: int
    rows: slice
    weight: float

    @property
    def size(self) -> int:
        """How many rows."""
        return self.rows.stop - self.rows.start


def share(total: int, rank: int, size: int) -> Share:
    """The share of process `rank` of `size`: as equal as can be, the first ones take what is left over.

    Where there are fewer samples than processes, those without any compute the first one with weight 0, so that all
    meet in the same collectives.
    """
    few, more = divmod(total, size)
    first = rank * few + min(rank, more)
    rows = few + (rank < more)
    return Share(total, slice(first, first + rows), rows / total) if rows else Share(total, slice(0, 1), 0.0)


class World:
    """The processes of one training; every method is called by all of them, in the same order.

    Args:
        store: where they meet.
        rank: number of this one; 0 leads.
        size: how many there are.

    Attributes:
        local_rank: number of this one among those of this machine.
        local_size: how many this machine has.
        share: what this process takes of the batch in work.
    """

    def __init__(self, store: dist.Store, rank: int, size: int) -> None:
        self.store, self.rank, self.size = store, rank, size
        self.local_rank = int(os.environ.get("LOCAL_RANK", rank))
        self.local_size = int(os.environ.get("LOCAL_WORLD_SIZE", size))
        self.share = share(1, rank, size)

    def settle(self, decide: Callable[[], str]) -> str:
        """What the first process of this machine decides; needs no `join`, and may take as long as it wants."""
        key = f"settled/{os.environ.get('GROUP_RANK', '0')}"
        if self.local_rank == 0:
            self.store.set(key, decide())
        self.store.wait([key], FOREVER)
        return self.store.get(key).decode()

    @contextmanager
    def join(self, device: torch.device, patience: timedelta = PATIENCE) -> Iterator[Self]:
        """Be connected within the block: by gloo, and where the device is a GPU also by NCCL.

        Raises:
            PushforwardError: another process does not come.
        """
        on_gpu = device.type == "cuda"
        if on_gpu:
            torch.cuda.set_device(device)
        backend = "cpu:gloo,cuda:nccl" if on_gpu else "gloo"
        with self._answered():
            dist.init_process_group(backend, store=self.store, rank=self.rank, world_size=self.size, timeout=patience)
        try:
            yield self
        finally:
            dist.destroy_process_group()

    def split(self, total: int) -> Share:
        """Take up a batch of `total` samples."""
        self.share = share(total, self.rank, self.size)
        return self.share

    def mean(self, x: Tensor) -> Tensor:
        """The mean over the batch of what each process has as mean over its rows; differentiable.

        Gradients stand for means over the rows of a process, as everything before `average_`.
        """
        return _Mean.apply(x, self)

    def average_(self, gradients: Sequence[Tensor]) -> None:
        """Replace gradients of means over own rows by those of the mean over the batch, in one collective."""
        whole = self.sum(torch.cat([g.flatten() for g in gradients]).mul_(self.share.weight))
        for gradient, part in zip(gradients, whole.split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(part.view(gradient.shape))

    def sum(self, x: Tensor) -> Tensor:
        """Sum over the processes, in place of `x`, which is contiguous."""
        with self._answered():
            dist.all_reduce(x)
        return x

    def tell(self, value: Any = None) -> Any:
        """What process 0 gives."""
        box = [value]
        with self._answered():
            dist.broadcast_object_list(box, 0)
        return box[0]

    def gather(self, value: Any) -> list[Any]:
        """What each process gives, by rank."""
        box: list[Any] = [None] * self.size
        with self._answered():
            dist.all_gather_object(box, value)
        return box

    @contextmanager
    def _answered(self) -> Iterator[None]:
        try:
            yield
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:  # gloo has no class of its own for it
            raise PushforwardError(
                f"process {self.rank} of {self.size}: another process of this training ended or does not answer "
                f"({str(error).splitlines()[0][:200]}). Its own message says why; run again to go on from the newest "
                "state."
            ) from error


class _Mean(torch.autograd.Function):
    """Sum over processes of weight * x. Its adjoint is itself where gradients stand for means over own rows."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, world: World) -> Tensor:
        ctx.world, ctx.weight = world, world.share.weight
        return world.sum((x * ctx.weight).contiguous())

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return ctx.world.sum((gradient * ctx.weight).contiguous()), None


@functools.cache
def world() -> World:
    """The processes that torchrun started this one with.

    Raises:
        InputError: it was not started by torchrun.
    """
    if "RANK" not in os.environ:
        raise InputError("several processes are started by `torchrun --nproc-per-node 2 -m pushforward job SPEC`.")
    store, rank, size = next(iter(dist.rendezvous("env://")))
    return World(store, rank, size)
