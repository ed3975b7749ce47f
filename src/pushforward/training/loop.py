"""The training loop: steps, snapshots, progress, a state to resume from bit by bit, and a stop at the first NaN.

There is this one loop; what is trained, and how, is in the trainer that it is given.
"""

import errno
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from pushforward.errors import InputError, Interrupted, Resource
from pushforward.training import checkpoints
from pushforward.training.checkpoints import States
from pushforward.training.guard import Guard, require_finite
from pushforward.training.history import History
from pushforward.training.interruption import Stop
from pushforward.training.progress import Progress

log = logging.getLogger(__name__)
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
REFRESH = 0.5  # seconds between two looks at the losses for the progress display


class Trainer(Protocol):
    """What the loop asks of a training method."""

    def step(self) -> dict[str, Tensor]:
        """Do one step; give its losses and gradient norms as 0-d tensors, without waiting for the device."""

    def snapshot(self) -> dict[str, Tensor]:
        """The weights to publish, parameters and buffers."""

    def state_dict(self) -> dict[str, Any]:
        """Everything the following steps depend on: weights, optimizers, random streams, data position."""

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take back what `state_dict` gave."""


@dataclass(frozen=True)
class Schedule:
    """When the loop does what.

    Args:
        steps: length of the run.
        snapshots: steps after which the weights are kept.
        log_every: steps between two rows of the CSV.
        save_every: steps between two saved states; None leaves it to the clock.
        save_seconds: seconds between two saved states.
    """

    steps: int
    snapshots: Sequence[int] = ()
    log_every: int = 100
    save_every: int | None = None
    save_seconds: float = 120.0

    def __post_init__(self) -> None:
        """Check that the snapshots lie inside the run."""
        late = [s for s in self.snapshots if not 0 < s <= self.steps]
        if late:
            raise InputError(f"snapshots must lie in 1..{self.steps} (steps), not {', '.join(map(str, late))}.")


@dataclass(frozen=True)
class Outcome:
    """What a finished run leaves.

    Args:
        snapshots: step -> weights on the CPU.
        seconds: time spent in steps, all sessions together.
        bit_exact: whether the weights are those of an uninterrupted run with this environment, bit by bit.
        history: the CSV of losses and gradient norms.
    """

    snapshots: dict[int, dict[str, Tensor]]
    seconds: float
    bit_exact: bool
    history: Path


class Loop:
    """One run: resumes from its newest good state, or starts.

    Args:
        trainer: what a step does.
        schedule: when to keep, log and save.
        folder: where the states, the lock and the growing CSV lie; the caller holds its lock.
        identity: every parameter that shapes the weights (JSON-able); a state of another identity is refused.
        environment: machine, threads and versions; a state from another one is taken, and the run marked.
        progress: told now and then how far the run is.

    Raises:
        InputError: the folder holds a state of other parameters.
        Corrupt: it holds states, but none can be read.
        Resource: the states would not fit on the disk.
    """

    def __init__(
        self,
        trainer: Trainer,
        schedule: Schedule,
        folder: str | Path,
        identity: Mapping[str, Any],
        environment: Mapping[str, Any],
        progress: Progress,
    ) -> None:
        self.trainer, self.schedule, self.progress = trainer, schedule, progress
        self.identity, self.environment = dict(identity), dict(environment)
        self.states = States(folder)
        self.step, self.seconds, self.bit_exact = 0, 0.0, True
        self.snapshots: dict[int, dict[str, Tensor]] = {}
        self._guard = Guard()
        checkpoints.clean(self.states.folder)
        position = self._resume()
        checkpoints.require_space(self.states.folder, _size(trainer.state_dict()))
        self.history = History(self.states.folder / "log.csv", position)  # last, as an error before would leave it open

    def run(self) -> Outcome:
        """Do the steps that are left.

        Raises:
            Diverged: a loss, a gradient norm or a weight stopped being finite; nothing of it is saved.
            Interrupted: SIGTERM or SIGINT came; the state is saved.
            Resource: memory or disk ran out; the newest state stays good.
        """
        try:
            with Stop() as stop:
                self._run(stop)
        except (torch.OutOfMemoryError, MemoryError) as error:
            raise Resource(f"step {self.step + 1}: out of memory. Make the batch or the networks smaller.") from error
        except OSError as error:
            if error.errno not in FULL:
                raise
            raise Resource(f"step {self.step}: {error.strerror}. Free some space and run again.") from error
        finally:
            self.history.close()
        return Outcome(self.snapshots, self.seconds, self.bit_exact, self.history.path)

    def _run(self, stop: Stop) -> None:
        clock = _Clock(self.seconds)
        self.progress(self.step, self.schedule.steps, {}, 0.0)
        while self.step < self.schedule.steps:
            metrics = self.trainer.step()
            self.step += 1
            self._guard.watch(metrics)
            now = self.seconds = clock.seconds()
            self._keep(metrics, clock)
            ended = self.step == self.schedule.steps
            if stop.number or ended or clock.save_due(now, self.step, self.schedule):
                self._save()
                clock.saved = now
            if stop.number and not ended:
                raise Interrupted(f"stopped by a signal after step {self.step}; run again to go on.", stop.number)

    def _keep(self, metrics: Mapping[str, Tensor], clock: "_Clock") -> None:
        """Whatever this step's numbers are wanted for: the guard, the display, a row, a snapshot."""
        step, schedule = self.step, self.schedule
        logged, kept = step % schedule.log_every == 0 or step == schedule.steps, step in schedule.snapshots
        shown = clock.refresh_due() or step == schedule.steps
        if logged or kept or shown or self._guard.on_cpu:
            self._guard.check(step, self.states.last_good())
        if logged or shown:
            numbers = {name: float(value) for name, value in metrics.items()}
            rate = clock.rate(step)
            if shown:
                self.progress(step, schedule.steps, numbers, rate)
            if logged:
                self.history.append({"step": step, **numbers, "steps_per_second": rate})
        if kept:
            snapshot = {name: value.detach().to("cpu", copy=True) for name, value in self.trainer.snapshot().items()}
            require_finite(snapshot, step, self.states.last_good())
            self.snapshots[step] = snapshot

    def _save(self) -> None:
        self._guard.check(self.step, self.states.last_good())
        state = {
            "step": self.step,
            "seconds": self.seconds,
            "bit_exact": self.bit_exact,
            "identity": self.identity,
            "environment": self.environment,
            "history": self.history.sync(),
            "trainer": self.trainer.state_dict(),
            "snapshots": self.snapshots,
        }
        self.states.save(self.step, state)

    def _resume(self) -> int:
        """Take over the newest good state, if there is one; give the position of its CSV."""
        state = self.states.latest()
        if state is None:
            return 0
        changed = checkpoints.differences(state["identity"], self.identity)
        if changed:
            raise InputError(
                f"{self.states.folder} holds a training with other parameters: {'; '.join(changed)}. "
                "Set them back, or remove the folder to start again."
            )
        moved = checkpoints.differences(state["environment"], self.environment)
        if moved:
            log.warning("resuming in another environment, so not bit by bit: %s", "; ".join(moved))
        self.bit_exact = state["bit_exact"] and not moved and self.environment.get("device") != "cuda"
        self.step, self.seconds, self.snapshots = state["step"], state["seconds"], state["snapshots"]
        self.trainer.load_state_dict(state["trainer"])
        log.info("resuming after step %d", self.step)
        return state["history"]


class _Clock:
    """Time spent, and what is due."""

    def __init__(self, before: float) -> None:
        self._start, self._before = time.monotonic(), before
        self.saved, self._shown = before, 0.0

    def seconds(self) -> float:
        """Seconds of the run, earlier sessions included."""
        return self._before + time.monotonic() - self._start

    def rate(self, step: int) -> float:
        """Steps/s over the whole run."""
        return step / max(self.seconds(), 1e-9)

    def refresh_due(self) -> bool:
        """Whether the display is due; if so, it counts as done."""
        now = time.monotonic()
        if now - self._shown < REFRESH:
            return False
        self._shown = now
        return True

    def save_due(self, now: float, step: int, schedule: Schedule) -> bool:
        """Whether a state is due."""
        on_step = schedule.save_every is not None and step % schedule.save_every == 0
        return on_step or now - self.saved >= schedule.save_seconds


def _size(state: Mapping[str, Any]) -> int:
    tensors: dict[str, Tensor] = {}
    checkpoints.pack(state, tensors)
    return sum(tensor.nbytes for tensor in tensors.values())
