"""md5 of files, as DVC counts them, remembered by size, times and inode."""

import os
from pathlib import Path

from pushforward import artifacts
from pushforward.errors import PushforwardError

CACHE = Path("work/digests.json")


class Digests:
    """md5 of a file; hashed again only when its size, times or inode changed."""

    def __init__(self, cache: Path | None = CACHE) -> None:
        self.cache = cache
        self.changed = False
        self.known: dict[str, list] = {}
        if cache is not None and cache.exists():
            try:
                self.known = artifacts.read_json(cache)
            except PushforwardError:
                cache.unlink(missing_ok=True)  # only a memory: hashed again

    def __call__(self, path: str) -> str:
        """Digest of the file's content, hexadecimal."""
        stat = os.stat(path)
        key = [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]
        if (hit := self.known.get(path)) and hit[0] == key:
            return hit[1]
        value = artifacts.digest_file(path, "md5")
        self.known[path], self.changed = [key, value], True
        return value

    def save(self) -> None:
        """Keep what was hashed for the next call."""
        if self.changed and self.cache is not None:
            artifacts.write_json(self.cache, self.known)
            self.changed = False
