"""Prepare one data set."""

from pathlib import Path
from typing import Any

from pushforward import data


def run(params: dict[str, Any], deps: dict[str, str], outs: dict[str, str], scratch: Path) -> None:
    """Write the arrays of a data set."""
    data.save(outs["data"], data.prepare(**params, **deps))
