"""Notices numbers that are not finite, before anything made of them is kept."""

from collections.abc import Mapping

import torch
from torch import Tensor

from pushforward.errors import Diverged


class Guard:
    """Finds the first step with a number that is not finite; asks the device only when it is told to."""

    def __init__(self) -> None:
        self.on_cpu = True
        self._fine: Tensor | bool = True  # all steps so far were finite
        self._count: Tensor | int = 0  # finite steps before the first other one
        self._watched = 0

    def watch(self, metrics: Mapping[str, Tensor]) -> None:
        """Note one step's 0-d tensors, on their device."""
        values = torch.stack([value.detach() for value in metrics.values()])
        self.on_cpu = values.device.type == "cpu"
        self._fine = values.isfinite().all() & self._fine
        self._count = self._count + self._fine.to(torch.int32)
        self._watched += 1

    def check(self, step: int, last_good: str) -> None:
        """Look whether all numbers up to `step` were finite.

        Raises:
            Diverged: they were not; the message names the first such step and the last good state.
        """
        bad = self._watched - int(self._count)
        if bad:
            raise _diverged(step - bad + 1, "the loss or a gradient", last_good)


def require_finite(tensors: Mapping[str, Tensor], step: int, last_good: str) -> None:
    """Refuse tensors that hold NaN or infinity.

    Raises:
        Diverged: one does; the message names it, the step and the last good state.
    """
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise _diverged(step, name.strip("/"), last_good)


def _diverged(step: int, what: str, last_good: str) -> Diverged:
    return Diverged(
        f"step {step}: {what} is not finite. Last good state: {last_good}; nothing after it was saved. "
        "Lower the learning rate, or look for NaN in the data."
    )
