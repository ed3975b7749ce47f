"""A training as a job: locked, resumed, run to its end, published."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from pushforward import artifacts
from pushforward.data.dataset import Dataset
from pushforward.locks import hold
from pushforward.training import checkpoints
from pushforward.training.loop import Loop, Outcome, Schedule, Trainer
from pushforward.training.progress import Progress, choose


def conduct(
    trainer: Trainer,
    schedule: Schedule,
    *,
    out: str | Path,
    state_dir: str | Path,
    identity: Mapping[str, Any],
    about: Mapping[str, Any],
    environment: Mapping[str, Any],
    log: str | Path | None = None,
    result: Callable[[], Mapping[str, Any]] = dict,
    progress: Progress | None = None,
) -> None:
    """Run a training to its end and publish its snapshots; killed at any moment, the same call goes on from there.

    Published are `out` with the tensors `{step}/{name}`, its JSON sidecar, and the CSV of losses. The states
    in `state_dir` stay: whoever records the result removes them, so that nothing is trained twice.

    Args:
        trainer: what a step does.
        schedule: when to keep, log and save.
        out: the .safetensors file.
        state_dir: this run's own folder for states.
        identity: every parameter that shapes the weights.
        about: what a reader needs to use them, for the sidecar.
        environment: machine, threads and versions.
        log: the CSV to write; by default beside `out`.
        result: asked after the last step for what else belongs in the sidecar.
        progress: display; None chooses a bar or log lines.

    Raises:
        Locked: another process trains this run.
        InputError, Corrupt, Diverged, Resource, Interrupted: see `training.loop`.
    """
    out, state_dir = Path(out), Path(state_dir)
    history = Path(log) if log else out.with_suffix(".csv")
    with hold(state_dir / "lock", f"training {out}"):
        for folder in (out.parent, history.parent):
            require_writable(folder)
            checkpoints.clean(folder, f"{out.stem}.*")
        loop = Loop(trainer, schedule, state_dir, identity, environment, progress or choose(out.parent.name))
        outcome = loop.run()
        facts = {**about, **result(), "training": dict(identity), "environment": dict(environment)}
        artifacts.write_bytes(history, outcome.history.read_bytes())
        _publish(outcome, out, facts, schedule.steps)


def digest_data(data: Dataset) -> str:
    """What a training sees of a data set, as a short sha256."""
    law = [t for t in (data.centres, data.weights) if t is not None]
    content = hashlib.sha256(f"{data.low} {data.high} {data.sigma}".encode())
    for tensor in law or [data.train, data.train_labels]:
        content.update(tensor.contiguous().numpy().data)
    return content.hexdigest()[:16]


def require_writable(folder: Path) -> None:
    """Meet a folder that cannot be written before the training, not after it.

    Raises:
        OSError: the reason.
    """
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / ".writable"
    probe.touch()
    probe.unlink(missing_ok=True)


def _publish(outcome: Outcome, out: Path, about: Mapping[str, Any], steps: int) -> None:
    tensors: dict[str, Tensor] = {f"{s}/{k}": v for s, weights in outcome.snapshots.items() for k, v in weights.items()}
    facts = {
        "steps": list(outcome.snapshots),
        "seconds": round(outcome.seconds, 3),
        "steps_per_second": round(steps / outcome.seconds, 3),
        "bit_exact": outcome.bit_exact,
    }
    artifacts.save_tensors(out, tensors, {**about, **facts})
