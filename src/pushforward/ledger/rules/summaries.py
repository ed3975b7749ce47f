"""Numbers that belong to no table of the paper, each kind in its own list."""

from collections.abc import Callable, Iterator
from typing import Any

from pushforward.ledger.job import Job
from pushforward.ledger.names import NETWORKS, outputs
from pushforward.ledger.rules.measuring import scored
from pushforward.ledger.rules.parts import data_file, law_module, plain, trained_files, trained_modules
from pushforward.ledger.rules.records import label, labels, paths, records, score
from pushforward.specs.params import Params
from pushforward.specs.report import (
    RELEASED,
    TRAINED,
    AcceptanceOf,
    ClassBalance,
    DisconnectednessOf,
    Intext,
    SecondOpinion,
)


def summary(params: Params, name: str) -> Job:
    """List numbers that belong to no table of the paper."""
    own = getattr(params.summaries, name)
    given = _SUMMARIES[name](params, own)
    return Job(
        rule="summary",
        wildcards={"summary": name},
        params={"scale": params.scale, **given},
        modules=tuple(dict.fromkeys(_loaded(params, own))),
        deps={path: path for path in paths(given)},
        outs=outputs("summary", summary=name),
        files=("report/printed.csv",),
        module=f"pushforward.jobs.summaries.{name}",
    )


def _loaded(params: Params, own: Any) -> Iterator[str]:
    """What is loaded by name to make a summary: the laws of its gates, the networks that it draws from."""
    if isinstance(own, AcceptanceOf):
        yield from (law_module(gate.latent.law) for gate in own.gates.values())
    if isinstance(own, SecondOpinion):
        for run in own.runs:
            yield from trained_modules(params, run)


def _class_balance(params: Params, own: ClassBalance) -> dict[str, Any]:
    return {"runs": {run: _balance(params, run) for run in own.runs}}


def _balance(params: Params, run: str) -> dict[str, Any]:
    seeds = {str(s): outputs("measure", run=run, seed=s)["measures"] for s in params.seeds_of(run)}
    own = params.runs[run]
    return {
        **labels(params, run),
        "model": params.models[own.model].kind,
        "seeds": seeds,
        "data": data_file(own.dataset),
    }


def _disconnectedness(params: Params, own: DisconnectednessOf) -> dict[str, Any]:
    return {"records": {label(params, name): outputs("embed", dataset=name)["record"] for name in own.datasets}}


def _acceptance(params: Params, own: AcceptanceOf) -> dict[str, Any]:
    scores = {
        f"{run}, seed {seed}, {sampling}": score(run, seed, space, sampling)
        for run, space, sampling in scored(params)
        if space == "oracle" and (params.runs[run].latent.law != "gaussian" or sampling != TRAINED)
        for seed in params.seeds_of(run)
    }
    return {
        "seed": params.seeds.measures,
        "gates": {name: plain(gate) for name, gate in own.gates.items()},
        "scores": scores,
    }


def _intext(params: Params, own: Intext) -> dict[str, Any]:
    oracles = {label(params, params.oracles[name].dataset): _oracle(params, name) for name in own.oracles}
    return {
        "balance": {run: _balance(params, run) for run in own.balance},
        "widths": {run: {**labels(params, run), "seeds": records(params, run, own.features)} for run in own.widths},
        "oracles": oracles,
        "disconnectedness": {label(params, name): outputs("embed", dataset=name)["record"] for name in own.datasets},
    }


def _second_opinion(params: Params, own: SecondOpinion) -> dict[str, Any]:
    other = own.classifier
    second = outputs("weights", network=NETWORKS[other]) if other == RELEASED else outputs("oracle", oracle=other)
    return {
        "seed": params.seeds.measures,
        "points": own.points,
        "classifier": other,
        "second": {key: second[key] for key in ("weights", "about") if key in second},
        "runs": {
            run: {
                **labels(params, run),
                "model": params.models[params.runs[run].model].kind,
                "threshold": params.measures.protocols[params.recipe(run).protocol].corrected.threshold,
                "seeds": {str(seed): trained_files(params, run, seed) for seed in params.seeds_of(run)},
            }
            for run in own.runs
        },
    }


def _oracle(params: Params, name: str) -> dict[str, str]:
    return {"about": outputs("oracle", oracle=name)["about"], "data": data_file(params.oracles[name].dataset)}


_SUMMARIES: dict[str, Callable[[Params, Any], dict[str, Any]]] = {
    "class_balance": _class_balance,
    "disconnectedness": _disconnectedness,
    "acceptance": _acceptance,
    "intext": _intext,
    "second_opinion": _second_opinion,
}
