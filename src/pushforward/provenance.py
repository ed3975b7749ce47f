"""Where and with what a result was computed."""

import os
import platform
from importlib.metadata import version
from typing import Any

import torch

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
