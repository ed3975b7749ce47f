"""What each rule reads and writes: one function a rule, from parameters to jobs."""

from typing import Any

from pushforward.ledger.job import Job
from pushforward.ledger.names import AUGMENTED, DATA_MODULES, LAW_MODULES, MEASURED, outputs
from pushforward.specs.params import Params, Table
from pushforward.specs.training import VaeRecipe


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


def prepare(params: Params, name: str) -> Job:
    """Prepare one data set."""
    spec = params.datasets[name]
    return Job(
        rule="prepare",
        wildcards={"dataset": name},
        params=_plain(spec),
        modules=(_data_module(spec.kind),),
        deps={},
        outs=outputs("prepare", dataset=name),
    )


def oracle(params: Params, name: str) -> Job:
    """Train one oracle."""
    oracle = params.oracles[name]
    return Job(
        rule="oracle",
        wildcards={"oracle": name},
        params=_plain(oracle),
        modules=("pushforward.models.classifier",),
        deps={"data": f"data/{oracle.dataset}.npz"},
        outs=outputs("oracle", oracle=name),
        precious=True,
    )


def train(params: Params, run: str, seed: int) -> Job:
    """Train one run from one seed."""
    own, recipe = params.runs[run], params.recipe(run)
    trainer = _trainer(params, run)
    left_out = ("method", "threads", "protocol", "snapshots", *(() if trainer == "augmented" else AUGMENTED))
    return Job(
        rule="train",
        wildcards={"run": run, "seed": str(seed)},
        params={
            "trainer": trainer,
            "settings": {
                **{name: value for name, value in recipe.model_dump(mode="json").items() if name not in left_out},
                "model": _plain(params.models[own.model]),
                "latent": {**_plain(own.latent), "dim": own.latent_dim},
                "seed": seed,
                "snapshots": _snapshot_steps(recipe.steps, recipe.snapshots.count, recipe.snapshots.every),
            },
        },
        modules=(f"pushforward.training.{trainer}", *_network_modules(params, run)),
        deps={"data": f"data/{own.dataset}.npz"},
        outs=outputs("train", run=run, seed=seed),
        threads=recipe.threads,
        precious=True,
    )


def _trainer(params: Params, run: str) -> str:
    """The module that trains a run: each holds only what it needs, so a change of one leaves other runs fresh."""
    own, recipe = params.runs[run], params.recipe(run)
    if isinstance(recipe, VaeRecipe):
        return "vae"
    augmented = recipe.augment != "none" or recipe.mutual_information.weight > 0 or own.latent.law == "mixture"
    conditional = "classes" in params.models[own.model].generator
    return "augmented" if augmented else "conditional" if conditional else "wgan"


def _snapshot_steps(steps: int, count: int, every: int) -> list[int]:
    """Steps whose generator is kept: `count` of them, `every` apart, the last at the end."""
    return [steps - every * back for back in reversed(range(count))]


def _oracle_deps(params: Params, dataset: str) -> dict[str, str]:
    oracle = params.oracle_of(dataset)
    if oracle is None:
        return {}
    outs = outputs("oracle", oracle=oracle)
    return {"oracle": outs["weights"], "oracle_about": outs["about"]}


def reference(params: Params, dataset: str) -> Job:
    """Compute the real side of the metrics of one data set."""
    measures = params.measures
    return Job(
        rule="reference",
        wildcards={"dataset": dataset},
        params={**_plain(measures.prdc), "seed": params.seeds.measures},
        modules=(_label_module(params, dataset),),
        deps={"data": f"data/{dataset}.npz", **_oracle_deps(params, dataset)},
        outs=outputs("reference", dataset=dataset),
    )


def measure(params: Params, run: str, seed: int) -> Job:
    """Measure one training."""
    own, recipe, measures = params.runs[run], params.recipe(run), params.measures
    trained = outputs("train", run=run, seed=seed)
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
            "reference": outputs("reference", dataset=own.dataset)["reference"],
            **_oracle_deps(params, own.dataset),
        },
        outs=outputs("measure", run=run, seed=seed),
    )


def sheet(params: Params, run: str) -> Job:
    """Draw samples of a run's first training."""
    own, seed = params.runs[run], params.seeds_of(run)[0]
    trained = outputs("train", run=run, seed=seed)
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
        outs=outputs("sheet", run=run),
        files=("report/pushforward.mplstyle",),
    )


def table(params: Params, name: str) -> Job:
    """Tabulate the measures of a table's runs."""
    table = params.tables[name]
    rows = []
    for row in table.rows.values():
        own_row = _plain(row) | {"run": row.run}
        if row.run is not None:
            own, recipe = params.runs[row.run], params.recipe(row.run)
            own_row |= {
                "latent_dim": own.latent_dim,
                "measures": {
                    str(s): outputs("measure", run=row.run, seed=s)["measures"] for s in params.seeds_of(row.run)
                },
                "protocol": recipe.protocol,
            }
        rows.append(own_row)
    return Job(
        rule="table",
        wildcards={"table": name},
        params={**_plain(table), "table": name, "rows": rows, "scale": params.scale},
        modules=(),
        deps={path: path for row in rows for path in row.get("measures", {}).values()},
        outs=outputs("table", table=name),
        files=("report/printed.csv",),
        refusal=_not_measured(table),
    )


def _not_measured(table: Table) -> str:
    """What a table needs that `measure` does not compute; refused before any training that it would ask for."""
    unknown = [metric for metric in (*table.metrics, *table.extra) if metric not in MEASURED]
    sampled = sorted({row.sampling for row in table.rows.values() if row.sampling})
    parts = [f"the metrics {', '.join(unknown)}"] if unknown else []
    parts += [f"the laws of z at test time {', '.join(sampled)}"] if sampled else []
    return (
        f"this version does not measure {' nor '.join(parts)} yet; the other columns are in results/measures"
        if parts
        else ""
    )


def figure(params: Params, name: str) -> Job:
    """Draw one figure of the paper from the trainings that it shows."""
    runs = params.figures[name].runs
    return _drawing(params, runs, "figure", f"pushforward.jobs.figures.{name}", {"figure": name})


def theory(params: Params) -> Job:
    """Hold the bounds against the trained toy generators, and the printed statements against counterexamples."""
    return _drawing(params, params.theory.runs, "theory", "pushforward.jobs.theory", {})


def _drawing(params: Params, runs: list[str], rule: str, module: str, wildcards: dict[str, str]) -> Job:
    """A job that reads checkpoints of several runs."""
    files = {run: {str(seed): _trained(params, run, seed) for seed in params.seeds_of(run)} for run in runs}
    return Job(
        rule=rule,
        wildcards=wildcards,
        params={
            **wildcards,
            "runs": {run: {"seeds": files[run], **_about(params, run)} for run in runs},
            "seed": params.seeds.measures,
            "scale": params.scale,
        },
        modules=tuple(sorted({m for run in runs for m in _modules_of(params, run)})),
        deps={path: path for seeds in files.values() for own in seeds.values() for path in own.values()},
        outs=outputs(rule, **wildcards),
        files=("report/pushforward.mplstyle",),
        module=module,
    )


def _trained(params: Params, run: str, seed: int) -> dict[str, str]:
    """Files of a training, of its data and of its oracle."""
    made, dataset = outputs("train", run=run, seed=seed), params.runs[run].dataset
    given = {"weights": made["weights"], "about": made["about"], "data": f"data/{dataset}.npz"}
    return given | _oracle_deps(params, dataset)


def _about(params: Params, run: str) -> dict[str, Any]:
    return {"dataset": params.runs[run].dataset, "latent_dim": params.runs[run].latent_dim}


def _modules_of(params: Params, run: str) -> tuple[str, ...]:
    return (*_network_modules(params, run), _label_module(params, params.runs[run].dataset))
