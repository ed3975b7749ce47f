"""The stages of every scale, read by DVC itself; nothing is run."""

from pathlib import Path

import pytest
import yaml

from .conftest import ROOT


@pytest.mark.parametrize("scale", [".", "demo", "reduced"])
def test_every_parameter_that_a_stage_names_is_there(scale, monkeypatch):
    """One that is missing fails `dvc repro` and `dvc commit` of the whole scale; Snakemake does not notice."""
    from dvc.dependency.param import ParamsDependency
    from dvc.repo import Repo

    monkeypatch.chdir(ROOT / scale)
    with Repo(str(ROOT / scale)) as repo:
        named = [dep for stage in repo.index.stages for dep in stage.deps if isinstance(dep, ParamsDependency)]
        assert len(named) > 20
        wanted = {(dep.fs_path, name) for dep in named for name in dep.params}
    values = {path: yaml.safe_load(Path(path).read_text()) for path, _ in wanted}
    assert sorted(name for path, name in wanted if not has(values[path], name)) == []


def has(values, name):
    """Whether a nested mapping has a key whose levels are told apart by dots."""
    for level in name.split("."):
        if level not in values:
            return False
        values = values[level]
    return True
