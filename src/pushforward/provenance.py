"""Where and with what a result was computed."""

import os
import platform
from importlib.metadata import version
from typing import Any

import torch

from pushforward.errors import InputError

PACKAGES = ("torch", "numpy", "scipy", "scikit-learn")


def environment(device: str | torch.device = "cpu") -> dict[str, Any]:
    """Versions, threads and device: what must be equal for a run to be repeated bit by bit."""
    kind = torch.device(device)
    name = torch.cuda.get_device_name(kind) if kind.type == "cuda" else processor()
    return {
        "device": kind.type,
        "device_name": name,
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
    }


def processor() -> str:
    """The processor's model name, or the architecture where the system does not tell."""
    try:
        with open("/proc/cpuinfo") as file:
            names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return f"{names[0]} ({os.cpu_count()} cores)" if names else platform.machine()


def device() -> torch.device:
    """The device to work on: that of PUSHFORWARD_DEVICE (`cpu`, `cuda`, `cuda:1`), else a GPU if there is one.

    Raises:
        InputError: the device that was asked for is not here.
    """
    wanted = os.environ.get("PUSHFORWARD_DEVICE", "auto")
    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(wanted)
    except RuntimeError:
        raise InputError(f"PUSHFORWARD_DEVICE={wanted}: expected auto, cpu, cuda or cuda:N.") from None
    if chosen.type == "cuda" and not torch.cuda.is_available():
        raise InputError(f"PUSHFORWARD_DEVICE={wanted}, but no GPU is available here. Unset it, or say cpu.")
    return chosen
