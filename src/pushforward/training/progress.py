"""How a training shows that it lives: a bar on a terminal, plain lines in a log."""

import logging
import sys
import time
from collections.abc import Mapping
from typing import Protocol

log = logging.getLogger(__name__)


class Progress(Protocol):
    """Told now and then how far a run is."""

    def __call__(self, step: int, steps: int, metrics: Mapping[str, float], rate: float) -> None:
        """`step` of `steps` done, the last step's metrics, `rate` in steps/s."""


def choose(name: str) -> Progress:
    """A bar where standard error is a terminal, lines in the log otherwise."""
    return Bar(name) if sys.stderr.isatty() else Lines(name)


class Lines:
    """A log line at the start, at most every `seconds`, and at the end."""

    def __init__(self, name: str, seconds: float = 30.0) -> None:
        self.name, self.seconds, self._last = name, seconds, float("-inf")

    def __call__(self, step: int, steps: int, metrics: Mapping[str, float], rate: float) -> None:
        """Write a line if one is due."""
        now = time.monotonic()
        if now - self._last < self.seconds and step < steps:
            return
        self._last = now
        numbers = " ".join(f"{key}={value:.4g}" for key, value in metrics.items())
        left = (steps - step) / rate if rate else float("nan")
        log.info("%s step %d/%d %s %.1f steps/s, %.0f s left", self.name, step, steps, numbers, rate, left)


class Bar:
    """A tqdm bar with the losses."""

    def __init__(self, name: str) -> None:
        from tqdm import tqdm

        self._bar = tqdm(desc=name, unit="step", dynamic_ncols=True)

    def __call__(self, step: int, steps: int, metrics: Mapping[str, float], rate: float) -> None:
        """Move the bar to `step`."""
        self._bar.total = steps
        self._bar.set_postfix({k: f"{v:.3g}" for k, v in metrics.items()}, refresh=False)
        self._bar.initial = self._bar.initial or self._bar.n or step
        self._bar.update(step - self._bar.n)
        if step >= steps:
            self._bar.close()
