import importlib
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def load_bench(monkeypatch):
    """Import a benchmark by its name, as a run of its file would; it is forgotten after the test."""
    loaded = ["interleave"]
    monkeypatch.syspath_prepend(str(FOLDER))

    def load(name):
        loaded.append(name)
        return importlib.import_module(name)

    yield load
    for name in loaded:
        sys.modules.pop(name, None)
