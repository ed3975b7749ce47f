"""Numbers of trainings and of data: probes of the latent space, metrics in feature spaces."""

from typing import Any

from pushforward.ledger.job import Job
from pushforward.ledger.names import outputs
from pushforward.ledger.rules.parts import (
    data_file,
    is_gan,
    label_module,
    law_module,
    network_modules,
    plain,
    space_files,
    space_modules,
    trained_files,
    trained_modules,
)
from pushforward.specs.metrics import FRECHET
from pushforward.specs.params import Params
from pushforward.specs.report import TRAINED

PROBES = ("separability", "convexity", "balance", "isoperimetry")
Scored = tuple[str, str, str]  # run, feature space, law of z at test time


def reference(params: Params, dataset: str, space: str) -> Job:
    """Compute the real side of the metrics of one data set in one feature space."""
    return Job(
        rule="reference",
        wildcards={"dataset": dataset, "space": space},
        params={"space": space, "seed": params.seeds.measures, **_metrics(params)},
        modules=space_modules(params, dataset, space),
        deps={"data": data_file(dataset), **space_files(params, dataset, space)},
        outs=outputs("reference", dataset=dataset, space=space),
    )


def measure(params: Params, run: str, seed: int) -> Job:
    """Probe the latent space of one training."""
    own, measures = params.runs[run], params.measures
    encoded = () if is_gan(params, run) else ("pushforward.sampling.autoencoder",)
    return Job(
        rule="measure",
        wildcards={"run": run, "seed": str(seed)},
        params={
            "run": run,
            "seed": params.seeds.measures,
            **{name: plain(getattr(measures, name)) for name in PROBES},
            "protocols": _protocols(params, run),
        },
        modules=(*network_modules(params, run), label_module(params, own.dataset), *encoded),
        deps=trained_files(params, run, seed),
        outs=outputs("measure", run=run, seed=seed),
    )


def score(params: Params, run: str, seed: int, space: str, sampling: str) -> Job:
    """Compute the metrics of one training in one feature space, with one law of z at test time."""
    dataset = params.runs[run].dataset
    spec: dict[str, Any] = {"method": TRAINED} if sampling == TRAINED else plain(params.sampling[sampling])
    other = (law_module(spec["latent"]["law"]),) if "latent" in spec else ()
    return Job(
        rule="score",
        wildcards={"run": run, "seed": str(seed), "space": space, "sampling": sampling},
        params={
            **{"run": run, "training": seed, "space": space, "sampling": sampling, "law": spec},
            "seed": params.seeds.measures,
            **_metrics(params),
            "frechet_name": FRECHET[space],
            "sets": params.measures.protocols[params.recipe(run).protocol].sets,
            "protocols": _protocols(params, run),
        },
        modules=(*trained_modules(params, run), *other, *space_modules(params, dataset, space)),
        deps={
            **trained_files(params, run, seed),
            **space_files(params, dataset, space),
            "reference": outputs("reference", dataset=dataset, space=space)["reference"],
        },
        outs=outputs("score", run=run, seed=seed, space=space, sampling=sampling),
    )


def embed(params: Params, dataset: str) -> Job:
    """Hold the clusters of a data set in a feature space against those of one Gaussian."""
    check = plain(params.measures.disconnectedness)
    return Job(
        rule="embed",
        wildcards={"dataset": dataset},
        params={**check, "seed": params.seeds.measures},
        modules=space_modules(params, dataset, check["space"]),
        deps={"data": data_file(dataset), **space_files(params, dataset, check["space"])},
        outs=outputs("embed", dataset=dataset),
        module="pushforward.jobs.embedding",
    )


def scored(params: Params) -> list[Scored]:
    """Every combination that something asks for: each run with its own law, and what tables and figures show."""
    wanted: dict[Scored, None] = {(run, "oracle", TRAINED): None for run in params.runs}
    for table in params.tables.values():
        if table.is_scored:
            for row in table.rows.values():
                if row.run is not None:
                    for space in row.features or table.features:
                        wanted[row.run, space, row.sampling or TRAINED] = None
    for figure in params.figures.values():
        if figure.features:
            wanted |= dict.fromkeys((run, figure.features, TRAINED) for run in figure.runs)
            for curve in (figure.curves or {}).values():
                wanted |= dict.fromkeys((curve.run, figure.features, sampling) for sampling in curve.sampling)
    intext = params.summaries.intext
    wanted |= dict.fromkeys((run, intext.features, TRAINED) for run in intext.widths)
    return list(wanted)


def checked(params: Params) -> list[str]:
    """Data sets whose clusters are checked."""
    return list(dict.fromkeys([*params.summaries.disconnectedness.datasets, *params.summaries.intext.datasets]))


def _metrics(params: Params) -> dict[str, Any]:
    return {"prdc": plain(params.measures.prdc), "frechet": plain(params.measures.frechet)}


def _protocols(params: Params, run: str) -> dict[str, Any]:
    protocols = params.measures.protocols[params.recipe(run).protocol]
    return {name: plain(getattr(protocols, name)) for name in ("printed", "corrected")}
