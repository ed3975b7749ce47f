"""How large a data set is, known from its parameters before it is prepared."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pushforward.ledger.plan import Plan

# What a job was or is given: its `params` and `deps`, found by a file that it makes.
Lookup = Callable[[str], Mapping[str, Any] | None]


@dataclass(frozen=True)
class Extent:
    """Shape of a sample, (C, H, W) or (D,); samples in the training split; classes."""

    shape: tuple[int, ...]
    samples: int
    classes: int


PUBLISHED = {
    "mnist": Extent((1, 28, 28), 60_000, 10),
    "fashion-mnist": Extent((1, 28, 28), 60_000, 10),
    "cifar10": Extent((3, 32, 32), 50_000, 10),
    "cifar10-jpeg": Extent((3, 32, 32), 50_000, 10),
    "cifar100": Extent((3, 32, 32), 50_000, 100),
    "stl10": Extent((3, 96, 96), 105_000, 10),
    "digits": Extent((1, 8, 8), 1_500, 10),
}
POINTS = 10_000  # of a mixture, unless it says otherwise


def given(everything: Plan) -> Lookup:
    """What the jobs of a plan are given."""

    def lookup(path: str) -> Mapping[str, Any] | None:
        job = everything.owner(path)
        return {"params": job.params, "deps": job.deps} if job else None

    return lookup


def extent(lookup: Lookup, path: str) -> Extent | None:
    """Extent of the data set at a path; None where what it is made from is not known.

    Args:
        lookup: gives the job that makes a file.
        path: of the prepared data set.
    """
    job = lookup(path)
    if job is None:
        return None
    params = job["params"]
    if params["kind"] == "gaussians":
        return _mixture(params)
    if params["kind"] == "synthetic":
        return _generated(lookup, job)
    source = PUBLISHED[params["kind"]]
    channels, height, width = source.shape
    side = params.get("size")
    classes = len(params.get("classes") or range(source.classes))
    shape = (params.get("colours", channels), side or height, side or width)
    return Extent(shape, source.samples * classes // source.classes, classes)


def _mixture(params: Mapping[str, Any]) -> Extent:
    centres = params.get("centres")
    modes, dim = (len(centres), len(centres[0])) if centres else (params["modes"], params["dim"])
    return Extent((dim,), params.get("samples") or POINTS, modes)


def _generated(lookup: Lookup, job: Mapping[str, Any]) -> Extent | None:
    """As the data of the generator that made the images."""
    maker = lookup(next(iter(job["deps"].values())))
    trained = maker and lookup(maker["deps"]["weights"])
    source = extent(lookup, trained["deps"]["data"]) if trained else None
    return Extent(source.shape, maker["params"]["images"], source.classes) if maker and source else None
