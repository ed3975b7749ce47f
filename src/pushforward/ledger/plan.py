"""The plan: every job that params.yaml asks for, from data to tables, as plain objects."""

from collections.abc import Iterable, Iterator
from typing import Any

from pushforward.errors import InputError
from pushforward.ledger.job import Job
from pushforward.specs.params import Params

# The first pattern of a rule names its jobs; the Snakemake rules take theirs from here.
PATTERNS: dict[str, dict[str, str]] = {
    "prepare": {"data": "data/{dataset}.npz"},
    "oracle": {
        "weights": "results/oracles/{oracle}.safetensors",
        "about": "results/oracles/{oracle}.json",
        "log": "results/logs/oracles/{oracle}.csv",
    },
    "train": {
        "weights": "results/models/{run}/s{seed}.safetensors",
        "about": "results/models/{run}/s{seed}.json",
        "log": "results/logs/{run}/s{seed}.csv",
    },
    "reference": {"reference": "results/references/{dataset}.npz"},
    "measure": {"measures": "results/measures/{run}/s{seed}.json"},
    "sheet": {"png": "results/samples/{run}.png", "pdf": "results/samples/{run}.pdf"},
    "table": {"csv": "results/{table}.csv", "markdown": "results/{table}.md", "latex": "results/{table}.tex"},
}
DATA_MODULES = {
    "fashion-mnist": "mnist",
    "cifar10": "cifar",
    "cifar100": "cifar",
    "cifar10-jpeg": "cifar10_jpeg",
}
LAW_MODULES = {"random_directions": "controls", "norm": "controls"}


class Plan:
    """All jobs of one scale, found by the file that they make."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        self.jobs: dict[str, Job] = {job.name: job for job in jobs}
        self._owners = {path: job for job in self.jobs.values() for path in job.outs.values()}

    def owner(self, path: str) -> Job | None:
        """The job that makes a file; None for a file that no job makes."""
        return self._owners.get(path)

    def of(self, rule: str, **wildcards: str) -> list[Job]:
        """Jobs of a rule whose wildcards agree with those given."""
        return [j for j in self.jobs.values() if j.rule == rule and wildcards.items() <= j.wildcards.items()]

    def job(self, rule: str, wildcards: dict[str, str]) -> Job:
        """The job of a rule with these wildcards.

        Raises:
            InputError: params.yaml declares no such job.
        """
        first = next(iter(PATTERNS[rule].values()))
        path = first.format(**wildcards)
        if path not in self.jobs:
            raise InputError(
                f"{path}: params.yaml declares nothing of this name. `pushforward list` shows what there is."
            )
        return self.jobs[path]

    def upstream(self, job: Job) -> Iterator[Job]:
        """Everything that a job rests on, deepest first, without the job."""
        seen: set[str] = set()

        def walk(node: Job) -> Iterator[Job]:
            for path in node.deps.values():
                if (above := self.owner(path)) and above.name not in seen:
                    seen.add(above.name)
                    yield from walk(above)
                    yield above

        yield from walk(job)


def plan(params: Params) -> Plan:
    """All jobs that the parameters declare."""
    jobs = [_prepare(params, name) for name in params.datasets if params.datasets[name].kind != "synthetic"]
    jobs += [_oracle(params, name) for name in params.oracles]
    jobs += [_reference(params, name) for name in params.datasets]
    for run in params.runs:
        jobs += [
            job for seed in params.seeds_of(run) for job in (_train(params, run, seed), _measure(params, run, seed))
        ]
        jobs.append(_sheet(params, run))
    jobs += [_table(params, name) for name in params.tables]
    return Plan(jobs)


def _outs(rule: str, **wildcards: Any) -> dict[str, str]:
    return {name: pattern.format(**wildcards) for name, pattern in PATTERNS[rule].items()}


def _plain(section: Any) -> dict[str, Any]:
    return section.model_dump(mode="json", exclude_none=True)


def _data_module(kind: str) -> str:
    return f"pushforward.data.{DATA_MODULES.get(kind, kind)}"


def _network_modules(params: Params, run: str) -> tuple[str, ...]:
    """What is loaded by name to build a run's networks and law of z."""
    own = params.runs[run]
    law = LAW_MODULES.get(own.latent.law, own.latent.law)
    return f"pushforward.models.{params.models[own.model].kind}", f"pushforward.latents.{law}"


def _label_module(params: Params, dataset: str) -> str:
    """What is loaded by name to label samples."""
    return "pushforward.models.classifier" if params.oracle_of(dataset) else "pushforward.data.gaussians"


def _prepare(params: Params, name: str) -> Job:
    spec = params.datasets[name]
    return Job(
        rule="prepare",
        wildcards={"dataset": name},
        params=_plain(spec),
        modules=(_data_module(spec.kind),),
        deps={},
        outs=_outs("prepare", dataset=name),
    )


def _oracle(params: Params, name: str) -> Job:
    oracle = params.oracles[name]
    return Job(
        rule="oracle",
        wildcards={"oracle": name},
        params=_plain(oracle),
        modules=("pushforward.models.classifier",),
        deps={"data": f"data/{oracle.dataset}.npz"},
        outs=_outs("oracle", oracle=name),
        precious=True,
    )


def _train(params: Params, run: str, seed: int) -> Job:
    own, recipe = params.runs[run], params.recipe(run)
    model = params.models[own.model]
    given = {k: v for k, v in recipe.model_dump(mode="json").items() if k not in ("threads", "protocol")}
    return Job(
        rule="train",
        wildcards={"run": run, "seed": str(seed)},
        params={
            "run": run,
            "seed": seed,
            "dataset": own.dataset,
            "model": _plain(model),
            "latent": {**_plain(own.latent), "dim": own.latent_dim},
            **given,
        },
        modules=_network_modules(params, run),
        deps={"data": f"data/{own.dataset}.npz"},
        outs=_outs("train", run=run, seed=seed),
        threads=recipe.threads,
        precious=True,
    )


def _oracle_deps(params: Params, dataset: str) -> dict[str, str]:
    oracle = params.oracle_of(dataset)
    if oracle is None:
        return {}
    outs = _outs("oracle", oracle=oracle)
    return {"oracle": outs["weights"], "oracle_about": outs["about"]}


def _reference(params: Params, dataset: str) -> Job:
    measures = params.measures
    return Job(
        rule="reference",
        wildcards={"dataset": dataset},
        params={**_plain(measures.prdc), "seed": params.seeds.measures},
        modules=(_label_module(params, dataset),),
        deps={"data": f"data/{dataset}.npz", **_oracle_deps(params, dataset)},
        outs=_outs("reference", dataset=dataset),
    )


def _measure(params: Params, run: str, seed: int) -> Job:
    own, recipe, measures = params.runs[run], params.recipe(run), params.measures
    trained = _outs("train", run=run, seed=seed)
    return Job(
        rule="measure",
        wildcards={"run": run, "seed": str(seed)},
        params={
            "run": run,
            "seed": params.seeds.measures,
            **{
                name: _plain(getattr(measures, name))
                for name in ("prdc", "separability", "convexity", "balance", "isoperimetry")
            },
            "protocols": _plain(measures.protocols[recipe.protocol]),
        },
        modules=(*_network_modules(params, run), _label_module(params, own.dataset)),
        deps={
            "weights": trained["weights"],
            "about": trained["about"],
            "data": f"data/{own.dataset}.npz",
            "reference": _outs("reference", dataset=own.dataset)["reference"],
            **_oracle_deps(params, own.dataset),
        },
        outs=_outs("measure", run=run, seed=seed),
    )


def _sheet(params: Params, run: str) -> Job:
    own, seed = params.runs[run], params.seeds_of(run)[0]
    trained = _outs("train", run=run, seed=seed)
    return Job(
        rule="sheet",
        wildcards={"run": run},
        params={"run": run, "seed": params.seeds.measures},
        modules=(*_network_modules(params, run), _label_module(params, own.dataset)),
        deps={
            "weights": trained["weights"],
            "about": trained["about"],
            "data": f"data/{own.dataset}.npz",
            **_oracle_deps(params, own.dataset),
        },
        outs=_outs("sheet", run=run),
        files=("report/pushforward.mplstyle",),
    )


def _table(params: Params, name: str) -> Job:
    table = params.tables[name]
    rows = {}
    for key, row in table.rows.items():
        rows[key] = _plain(row) | {"run": row.run}
        if row.run is not None:
            own, recipe = params.runs[row.run], params.recipe(row.run)
            rows[key] |= {
                "latent_dim": own.latent_dim,
                "measures": {
                    str(s): _outs("measure", run=row.run, seed=s)["measures"] for s in params.seeds_of(row.run)
                },
                "protocol": recipe.protocol,
            }
    return Job(
        rule="table",
        wildcards={"table": name},
        params={**_plain(table), "table": name, "rows": rows, "scale": params.scale},
        modules=(),
        deps={path: path for row in rows.values() for path in row.get("measures", {}).values()},
        outs=_outs("table", table=name),
        files=("report/printed.csv",),
    )

