"""Device, threads and number format of a training."""

import contextlib
from collections.abc import Iterator

import torch

from pushforward.errors import InputError

PRECISIONS = ("fp32", "tf32", "bf16")


@contextlib.contextmanager
def setting(device: str = "cpu", threads: int | None = None, precision: str = "fp32") -> Iterator[torch.device]:
    """Compute on `device` with `threads` threads within the block; give the device.

    Args:
        device: "cpu", "cuda", "cuda:1", ... or "auto" (the GPU where there is one).
        threads: threads of the CPU kernels; None leaves them as they are.
        precision: "fp32" (really: TF32 is off on a GPU too), "tf32" (GPU only) or "bf16" (autocast).

    Raises:
        InputError: no such device here, or not this precision on it.
    """
    chosen = resolve(device)
    if precision not in PRECISIONS:
        raise InputError(f"precision must be one of {', '.join(PRECISIONS)}, not {precision!r}.")
    if precision == "tf32" and chosen.type != "cuda":
        raise InputError("precision tf32 exists on a GPU only; use fp32 or bf16 here.")
    backends = (torch.backends.cuda.matmul, torch.backends.cudnn.conv)  # type: ignore[attr-defined]
    before = [backend.fp32_precision for backend in backends]
    threads_before = torch.get_num_threads()
    torch.set_num_threads(threads or threads_before)
    for backend in backends:
        backend.fp32_precision = "tf32" if precision == "tf32" else "ieee"
    try:
        yield chosen
    finally:
        torch.set_num_threads(threads_before)
        for backend, value in zip(backends, before, strict=True):
            backend.fp32_precision = value


def resolve(device: str) -> torch.device:
    """The torch device of a name, "auto" included.

    Raises:
        InputError: a GPU is asked for and there is none.
    """
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise InputError(f"device {device} is not available here; use device: cpu, or auto.")
    return torch.device(device)
