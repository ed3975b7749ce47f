"""Records of numbers as tables, figures and summaries are told of them."""

from collections.abc import Iterator, Mapping
from typing import Any

from pushforward.ledger.names import outputs
from pushforward.specs.params import Params
from pushforward.specs.report import TRAINED


def records(params: Params, run: str, space: Any) -> dict[str, dict[str, str]]:
    """The numbers of a run's trainings, by seed."""
    return {
        str(seed): {
            "measure": outputs("measure", run=run, seed=seed)["measures"],
            "score": score(run, seed, space, TRAINED),
        }
        for seed in params.seeds_of(run)
    }


def score(run: str, seed: int, space: Any, sampling: str) -> str:
    """The file of scores."""
    return outputs("score", run=run, seed=seed, space=space, sampling=sampling)["scores"]


def labels(params: Params, run: str) -> dict[str, Any]:
    """A run as a reader knows it."""
    own = params.runs[run]
    width = params.models[own.model].generator.get("width")
    return {"dataset": label(params, own.dataset), "latent_dim": own.latent_dim, "width": width}


def label(params: Params, dataset: str) -> str:
    """A data set as a reader knows it."""
    return params.data[dataset].label or dataset


def paths(value: Any) -> Iterator[str]:
    """Every file that a job is told of."""
    if isinstance(value, Mapping):
        value = value.values()
    elif isinstance(value, str):
        if value.startswith(("results/", "data/")):
            yield value
        return
    elif not isinstance(value, list):
        return
    for each in value:
        yield from paths(each)
