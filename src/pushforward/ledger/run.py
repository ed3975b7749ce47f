"""Run one job from its spec: lock, work, seal. Needs neither Snakemake nor DVC."""

import contextlib
import importlib
import logging
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from pushforward import artifacts
from pushforward.errors import InputError, Missing
from pushforward.ledger import devices, kept
from pushforward.ledger import job as jobs
from pushforward.ledger.digests import Digests
from pushforward.ledger.names import TRAININGS
from pushforward.locks import hold

log = logging.getLogger(__name__)
# Unfinished work of a job, by its spec: a job with other parameters or other code never goes on from it.
SCRATCH = Path("work/scratch")


def run(spec: dict[str, Any]) -> None:
    """Do the work of a spec and leave its record.

    Of several processes that torchrun started for one training, the first keeps the books; the others only work.

    Raises:
        Missing: an input is not here.
        Locked: another process makes the same file.
        InputError: several processes for a job that is no training, or more than there are GPUs.
    """
    name, scratch = spec["name"], SCRATCH / artifacts.digest_json(spec)[:16]
    if _processes() > 1 and os.environ["RANK"] != "0":
        with _machine(spec):
            _doorway(spec).run(spec["params"], spec["deps"], spec["outs"], scratch)
        return
    digest = Digests(None)
    with hold(Path("work/locks") / f"{name}.lock", f"making {name}"):
        for path in spec["deps"].values():
            if not os.path.exists(path):
                raise Missing(f"{path} is not here; {name} needs it. Make it first, or fetch it with `make pull`.")
        deps = {path: digest(path) for path in spec["deps"].values()}
        if spec["rule"] in TRAININGS and kept.take_back(spec, deps, digest):
            log.info("%s: its inputs came out as they were, so it stays", name)
            return
        with _machine(spec) as environment:
            started = time.monotonic()
            if spec["rule"] == "train" and "critic_steps" in spec["params"]["settings"]:
                _require_affordable(spec)
            _doorway(spec).run(spec["params"], spec["deps"], spec["outs"], scratch)
        for path in spec["outs"].values():
            if not os.path.exists(path):
                raise InputError(f"{name}: the job ended, but did not write {path}. This is a defect of the rule.")
        jobs.seal(spec, deps, {"seconds": round(time.monotonic() - started, 3), **environment})
        shutil.rmtree(scratch, ignore_errors=True)
    log.info("%s made in %.1f s", name, time.monotonic() - started)


def run_file(path: str | Path) -> None:
    """Run the job whose spec stands in a file."""
    run(artifacts.read_json(path))


def pool_sizes(threads: int) -> dict[str, str]:
    """What the environment says to libraries with pools of threads; they read it when they are loaded."""
    return dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))


def _doorway(spec: dict[str, Any]) -> ModuleType:
    """The module that does the work."""
    if _processes() == 1:
        return importlib.import_module(spec["module"])
    if spec["rule"] != "train":
        raise InputError(f"torchrun starts several processes for one training; {spec['name']} is none: run it without.")
    return importlib.import_module("pushforward.jobs.train_together")


def _processes() -> int:
    """How many processes torchrun started; 1 without it."""
    return int(os.environ.get("WORLD_SIZE", "1"))


@contextlib.contextmanager
def _machine(spec: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Within the block the job has its device and its threads; gives where the work is done."""
    os.environ.update(pool_sizes(spec["threads"]))  # for libraries that are loaded from here on
    with devices.assigned(spec["rule"], f"making {spec['name']}"):
        _doorway(spec)  # loads libraries whose threads are pinned here
        import torch
        from threadpoolctl import threadpool_limits

        from pushforward.provenance import device, environment

        torch.set_num_threads(spec["threads"])
        threadpool_limits(spec["threads"])
        several = {"processes": _processes()} if _processes() > 1 else {}
        yield {**environment(device()), **several}


def _require_affordable(spec: dict[str, Any]) -> None:
    """What a training would cost is told before it starts; here, so that the estimate is no part of its code."""
    from pushforward import data
    from pushforward.provenance import device
    from pushforward.training import cost

    cost.require_affordable(
        spec["wildcards"]["run"], spec["params"]["settings"], data.load(spec["deps"]["data"]), device()
    )
