"""What tests of several rooms need."""

import os
from pathlib import Path

import pytest


@pytest.fixture
def flip():
    """Flip a bit of a file and leave its times and mode as they were: what a disk does."""

    def damage(path):
        path = Path(path)
        stat = path.stat()
        path.chmod(0o644)
        content = bytearray(path.read_bytes())
        content[-5] ^= 1
        path.write_bytes(content)
        path.chmod(stat.st_mode)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    return damage
