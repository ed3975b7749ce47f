import json
import textwrap
from pathlib import Path

import pytest

from pushforward.errors import InputError, Missing
from pushforward.specs.load import load, merged
from pushforward.specs.params import Params

ROOT = Path(__file__).parents[2]


def edit(tmp_path: Path, old: str, new: str, file: str = "params.yaml") -> Path:
    """A copy of a scale's file with its first `old` replaced."""
    text = (ROOT / file).read_text()
    assert old in text, f"{old!r} is not in {file}"
    path = tmp_path / "params.yaml"
    path.write_text(text.replace(old, new, 1).replace("extends: ../params.yaml", f"extends: {ROOT}/params.yaml"))
    return path


@pytest.mark.parametrize("file", ["params.yaml", "demo/params.yaml", "reduced/params.yaml"])
def test_every_scale_loads(file):
    params = load(ROOT / file)
    assert all(params.recipe(run).steps >= 1 for run in params.runs)


@pytest.mark.fault("F43")
@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("critic_lr: 1.0e-4", "critic_lrr: 1.0e-4", "unknown key. Did you mean 'critic_lr'?"),
        ("steps: 100000", "steps: many", "defaults.mixture.steps: expected a valid integer, found 'many'"),
        ("steps: 100000", "steps: 1.5", "defaults.mixture.steps: expected a valid integer, found 1.5"),
        ("generator_lr: 5.0e-5", 'generator_lr: "1e-4"', "write the number without quotes, as in 1.0e-4"),
        ("generator_lr: 5.0e-5", "generator_lr: -5.0e-5", "expected greater than 0, found -5e-05"),
        ("penalty: 10.0", "penalty: .nan", "expected a finite number, found nan"),
        ("seeds:", "sedes:", "unknown key. Did you mean 'seeds'?"),
        ("scale: paper", "scale: paper\nscale: demo", "duplicate key scale"),
        ("scale: paper", "scale: &a paper\nother: *a", "aliases"),
        ("scale: paper", "scale: !!python/object:os.system paper", "refused"),
        ("scale: paper", "scale:\tpaper\n\tx: 1", "not YAML"),
        ("recipe: mixture", "recipe: mixtures", "there is no 'mixtures' in defaults. Did you mean 'mixture'?"),
        ("model: mlp,", "model: mpl,", "there is no 'mpl' in models. Did you mean 'mlp'?"),
        ("recipe: mixture}", "recipe: mixture, steps: 10}", "snapshots, 2000 steps apart, do not fit in 10 steps"),
        ("recipe: mixture}", "recipe: mixture, stepps: 10}", "unknown key. Did you mean 'steps'?"),
        (
            "recipe: mixture}",
            "recipe: mixture, cuda_graph: true, latent: {law: norm, acceptance: 0.5}}",
            "cuda_graph: the law norm redraws z until enough pass; no CUDA graph can",
        ),
    ],
)
def test_bad_parameters_are_named_with_file_and_line(tmp_path, old, new, says):
    path = edit(tmp_path, old, new)
    with pytest.raises(InputError) as caught:
        load(path)
    assert says in str(caught.value)
    assert f"{path}:" in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.fault("F43")
def test_an_empty_file_a_list_and_no_file(tmp_path):
    path = tmp_path / "params.yaml"
    with pytest.raises(Missing):
        load(path)
    path.write_text("# nothing\n")
    with pytest.raises(InputError, match="is empty"):
        load(path)
    path.write_text("- 1\n")
    with pytest.raises(InputError, match="expected a mapping of sections, found a sequence"):
        load(path)


@pytest.mark.fault("F43")
def test_a_missing_section_is_named(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text("scale: paper\n")
    with pytest.raises(InputError, match="datasets: this key is missing"):
        load(path)


def test_numbers_are_those_of_yaml_1_2(tmp_path):
    path = tmp_path / "numbers.yaml"
    path.write_text(
        textwrap.dedent("""\
        extends: base.yaml
        exponent: 1e-4
        word: no
        time: 1:30
        octal: 0o7
        null_value: ~
        """)
    )
    (tmp_path / "base.yaml").write_text("kept: 1\n")
    value, where = merged(path)
    assert value == {"kept": 1, "exponent": 1e-4, "word": "no", "time": "1:30", "octal": "0o7", "null_value": None}
    assert where[("kept",)] == (str(tmp_path / "base.yaml"), 1)
    assert where[("word",)] == (str(path), 3)


def test_an_overlay_merges_and_replaces(tmp_path):
    (tmp_path / "base.yaml").write_text("a: {x: 1, y: 2}\nb: {x: 1}\n")
    (tmp_path / "top.yaml").write_text("extends: base.yaml\nreplace: [b]\na: {x: 3}\nb: {z: 4}\n")
    assert merged(tmp_path / "top.yaml")[0] == {"a": {"x": 3, "y": 2}, "b": {"z": 4}}


def test_an_overlay_names_its_own_line(tmp_path):
    path = edit(tmp_path, "latent_dim: 16", "latent_dim: -1", "demo/params.yaml")
    with pytest.raises(InputError) as caught:
        load(path)
    assert f"{path}:" in str(caught.value)
    assert "found -1" in str(caught.value)


def test_a_run_overrides_its_recipe_with_null(tmp_path):
    path = edit(tmp_path, "recipe: transgan}", "recipe: transgan, clip: null}")
    assert load(path).recipe("cifar10-transgan-d256").clip is None
    assert load(ROOT / "params.yaml").recipe("cifar10-transgan-d256").clip == 5.0


def test_the_exported_schema_is_current():
    stored = json.loads((ROOT / "workflow/schemas/params.schema.json").read_text())
    assert stored == {"$schema": stored["$schema"], **Params.model_json_schema()}


def test_printed_rows_are_all_declared():
    from pushforward.report.printed import printed

    params = load(ROOT / "params.yaml")
    declared = {(t.source, r.dataset, r.model, r.variant) for t in params.tables.values() for r in t.rows.values()}
    frame = printed()
    tables = frame[frame["source"].str.contains("Table")]
    rows = set(tables[["source", "dataset", "model", "variant"]].fillna("").itertuples(index=False, name=None))
    assert not rows - declared


def test_an_overlay_keeps_the_papers_lines_as_not_run(tmp_path):
    base = "runs: {a: {}, b: {}}\ntables: {t: {features: [x], rows: {one: {run: a}, two: {run: b, sampling: s}}}}\n"
    (tmp_path / "base.yaml").write_text(base)
    top = "extends: base.yaml\nreplace: [runs]\nruns: {b: {}, c: {}}\n"
    top += "tables: {t: {features: [y], rows: {own: {run: c}, odd: {run: d}}}}\n"
    (tmp_path / "top.yaml").write_text(top)
    rows = merged(tmp_path / "top.yaml")[0]["tables"]["t"]["rows"]
    assert list(rows) == ["two", "own", "odd", "one"], "lines that are run stand first"
    assert rows["one"] == {"run": None, "sampling": None, "features": ["x"]}
    assert rows["two"] == {"run": "b", "sampling": "s"} and rows["odd"] == {"run": "d"}, (
        "a slip of the pen is no line of the paper"
    )


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "run: cifar10-resnet-d5-conditional, images",
            "run: cifar10-resnet-d6, images",
            "there is no 'cifar10-resnet-d6' in runs",
        ),
        ("sampling: [jbt90, jbt80]", "sampling: [jbt90, jbt70]", "there is no 'jbt70' in sampling"),
        (
            "jbt90: {method: jacobian, keep: 0.9",
            "jbt90: {method: jacobian, keep: 1.9",
            "keep: expected less than or equal to 1",
        ),
        (
            "tau0140: {method: threshold, tau: 0.14}",
            "tau0140: {method: threshold}",
            "give one of tau, acceptance and margin",
        ),
        ("metrics: [fid, precision", "metrics: [fidd, precision", "fidd"),
        ("space: clip-vit-b32, points", "space: klip, points", "klip"),
        (
            "figure6: {features: inception, runs",
            "figure6: {pairs: 6, features: inception, runs",
            "pairs and steps are of",
        ),
        ("    features: inception\n    runs: []\n    curves:", "    runs: []\n    curves:", "state their features"),
        ("oracles: [cifar10, cifar100]", "oracles: [cifar11]", "there is no 'cifar11' in oracles"),
    ],
)
def test_what_is_asked_for_exists(tmp_path, old, new, says):
    with pytest.raises(InputError) as caught:
        load(edit(tmp_path, old, new))
    assert says in str(caught.value) and caught.value.exit_code == 2


def test_the_architecture_tables_are_of_the_models_that_are_trained():
    params = load(ROOT / "params.yaml")
    for table, model in (("table4", "cnn"), ("table5", "resnet"), ("v1_table3", "cnn"), ("v1_table4", "resnet")):
        assert params.architectures[table].model == params.models[model]


def test_the_files_of_networks_are_called_as_their_publishers_call_them():
    from pushforward.features.weights import WEIGHTS
    from pushforward.ledger.names import NETWORKS

    assert {space: own.name for space, own in WEIGHTS.items()} == NETWORKS
