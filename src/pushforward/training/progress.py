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
        text = [self.name, f"step {step}/{steps}", *(f"{key}={value:.4g}" for key, value in metrics.items())]
        if rate:
            text.append(f"{rate:.1f} steps/s, {(steps - step) / rate:.0f} s left")
        log.info(" ".join(text))


class Bar:
    """A tqdm bar with the losses."""

    def __init__(self, name: str) -> None:
        from tqdm import tqdm

        self._bar = tqdm(desc=name, unit="step", dynamic_ncols=True)
        self._begun = False

    def __call__(self, step: int, steps: int, metrics: Mapping[str, float], rate: float) -> None:
        """Move the bar to `step`; where it is first seen is where its speed is counted from."""
        if not self._begun:
            self._begun, self._bar.total, self._bar.initial = True, steps, step
            self._bar.n = self._bar.last_print_n = step
        self._bar.set_postfix({k: f"{v:.3g}" for k, v in metrics.items()}, refresh=False)
        self._bar.update(step - self._bar.n)
        if step >= steps:
            self._bar.close()
