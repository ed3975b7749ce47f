"""Fetch the published weights of a network, or take a local copy of them."""

import os
import shutil
from pathlib import Path
from typing import Any

from pushforward.artifacts import atomic_path
from pushforward.features import weights


def run(params: dict[str, Any], deps: dict[str, str], outs: dict[str, str], scratch: Path) -> None:
    """Put the file where jobs of this scale find it: as a hard link where that is possible."""
    found = weights.fetch(params["network"])
    with atomic_path(outs["weights"]) as path:
        path.unlink(missing_ok=True)
        try:
            os.link(found, path)
        except OSError:  # another disk, or a file system without links
            shutil.copyfile(found, path)
