"""How fast this machine multiplies matrices: what estimates of cost rest on where nothing was recorded."""

import time

import numpy as np
from threadpoolctl import threadpool_limits


def speed(threads: int, size: int = 1024, seconds: float = 0.2) -> float:
    """Floating-point operations a second of a float32 matrix product with so many threads."""
    a = np.ones((size, size), np.float32)
    with threadpool_limits(threads):
        a @ a
        count, started = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - started) < seconds:
            a @ a
            count += 1
    return count * 2 * size**3 / elapsed
