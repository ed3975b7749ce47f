import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def scale(tmp_path, monkeypatch):
    """A working folder with the demo's parameters, entered."""
    (tmp_path / "demo").mkdir()
    shutil.copy(ROOT / "params.yaml", tmp_path / "params.yaml")
    shutil.copy(ROOT / "demo/params.yaml", tmp_path / "demo/params.yaml")
    monkeypatch.chdir(tmp_path / "demo")
    return tmp_path / "demo"
