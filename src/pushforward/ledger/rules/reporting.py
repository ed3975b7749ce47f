"""What a reader asks for: sheets of samples, tables, figures."""

from typing import Any

from pushforward.ledger.job import Job
from pushforward.ledger.names import outputs
from pushforward.ledger.rules.parts import plain, trained_files, trained_modules
from pushforward.ledger.rules.records import labels, paths, records, score
from pushforward.specs.params import Params
from pushforward.specs.report import TRAINED, Curve, Figure, Row, Table

STYLE = "report/pushforward.mplstyle"
PRINTED = "report/printed.csv"


def sheet(params: Params, run: str) -> Job:
    """Draw samples of a run's first training."""
    return Job(
        rule="sheet",
        wildcards={"run": run},
        params={"run": run, "seed": params.seeds.measures},
        modules=trained_modules(params, run),
        deps=trained_files(params, run, params.seeds_of(run)[0]),
        outs=outputs("sheet", run=run),
        files=(STYLE,),
    )


def table(params: Params, name: str) -> Job:
    """Tabulate the numbers of a table's runs."""
    table = params.tables[name]
    rows = [_row(params, table, row) for row in table.rows.values()]
    return Job(
        rule="table",
        wildcards={"table": name},
        params={**plain(table), "table": name, "rows": rows, "scale": params.scale},
        modules=(),
        deps={path: path for row in rows for files in row.get("seeds", {}).values() for path in paths(files)},
        outs=outputs("table", table=name),
        files=(PRINTED,),
    )


def architecture(params: Params, name: str) -> Job:
    """Tabulate the layers of a model beside the printed ones."""
    own = params.architectures[name]
    return Job(
        rule="table",
        wildcards={"table": name},
        params={**plain(own), "table": name, "recipe": plain(params.defaults[own.recipe])},
        modules=(f"pushforward.models.{own.model.kind}",),
        deps={},
        outs=outputs("table", table=name),
        files=("report/printed_layers.csv", "report/parameter_counts.csv"),
        module="pushforward.jobs.architecture",
    )


def figure(params: Params, name: str) -> Job:
    """Draw one figure of the paper: from checkpoints, or from numbers."""
    own = params.figures[name]
    settings = {key: value for key, value in plain(own).items() if key in ("features", "pairs", "steps")}
    return (_drawing if own.features is None else _study)(params, name, own, settings)


def theory(params: Params) -> Job:
    """Hold the bounds against the trained toy generators, and the printed statements against counterexamples."""
    return _of_checkpoints(params, params.theory.runs, "theory", "pushforward.jobs.theory", {}, {})


def _row(params: Params, table: Table, row: Row) -> dict[str, Any]:
    given = plain(row) | {"run": row.run, "features": row.features or table.features}
    if row.run is None:
        return given
    seeds = {
        str(seed): {
            "measure": outputs("measure", run=row.run, seed=seed)["measures"],
            "scores": {
                space: score(row.run, seed, space, row.sampling or TRAINED)
                for space in (given["features"] if table.is_scored else ())
            },
        }
        for seed in params.seeds_of(row.run)
    }
    protocol = params.recipe(row.run).protocol
    return given | {"latent_dim": params.runs[row.run].latent_dim, "seeds": seeds, "protocol": protocol}


def _drawing(params: Params, name: str, own: Figure, settings: dict[str, Any]) -> Job:
    return _of_checkpoints(
        params, own.runs, "figure", f"pushforward.jobs.figures.{name}", {"figure": name}, {"figure": name, **settings}
    )


def _of_checkpoints(
    params: Params, runs: list[str], rule: str, module: str, wildcards: dict[str, str], settings: dict[str, Any]
) -> Job:
    """A job that reads checkpoints of several runs."""
    files = {run: {str(seed): trained_files(params, run, seed) for seed in params.seeds_of(run)} for run in runs}
    return Job(
        rule=rule,
        wildcards=wildcards,
        params={
            **settings,
            "runs": {run: {"seeds": files[run], **_about(params, run)} for run in runs},
            "seed": params.seeds.measures,
            "scale": params.scale,
        },
        modules=tuple(sorted({m for run in runs for m in trained_modules(params, run)})),
        deps={path: path for seeds in files.values() for own in seeds.values() for path in own.values()},
        outs=outputs(rule, **wildcards),
        files=(STYLE,),
        module=module,
    )


def _study(params: Params, name: str, own: Figure, settings: dict[str, Any]) -> Job:
    """A figure of numbers that other jobs computed."""
    runs = {run: {**labels(params, run), "seeds": records(params, run, own.features)} for run in own.runs}
    curves = {label: _curve(params, curve, own.features) for label, curve in (own.curves or {}).items()}
    given = {"runs": runs} if own.curves is None else {"curves": curves}
    return Job(
        rule="figure",
        wildcards={"figure": name},
        params={"figure": name, "scale": params.scale, **settings, **given},
        modules=(),
        deps={path: path for path in paths(given)},
        outs=outputs("figure", figure=name),
        files=(STYLE, PRINTED),
        module=f"pushforward.jobs.figures.{name}",
    )


def _curve(params: Params, curve: Curve, space: Any) -> dict[str, Any]:
    points = []
    for sampling in curve.sampling:
        scores = {str(seed): score(curve.run, seed, space, sampling) for seed in params.seeds_of(curve.run)}
        points.append({"sampling": sampling, "seeds": scores})
    return {"method": curve.method, "dataset": curve.dataset, "points": points}


def _about(params: Params, run: str) -> dict[str, Any]:
    return {"dataset": params.runs[run].dataset, "latent_dim": params.runs[run].latent_dim}
