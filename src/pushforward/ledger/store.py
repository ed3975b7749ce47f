"""What DVC keeps of this scale's outputs: in dvc.lock, in its cache, and on the remote."""

import contextlib
import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pushforward import artifacts
from pushforward.errors import Corrupt, InputError, PushforwardError

log = logging.getLogger(__name__)
FOLDER = ".dir"  # how the name of an object ends that lists a folder


@dataclass(frozen=True)
class Kept:
    """A file or folder of which DVC keeps the content.

    Attributes:
        path: relative to the scale's folder.
        stage: that makes it.
        command: of that stage.
        digest: md5 of the content, ending in `.dir` for a folder; empty where dvc.lock knows none.
    """

    path: str
    stage: str
    command: str
    digest: str

    def covers(self, path: str) -> bool:
        """Whether a file is this one, or lies in this folder."""
        return path == self.path or path.startswith(f"{self.path}/")


class Store:
    """Outputs that DVC keeps, and the places where their content lies by its md5.

    Attributes:
        kept: outputs with content in the cache; those that travel in git are not among them.
        cache: folder of the local objects.
        remote: folder of the remote's objects, where the remote is a folder; else None.
        remote_name: as .dvc/config calls it; empty where there is none.
    """

    def __init__(self, repo: Any) -> None:
        self._repo = repo
        here = Path.cwd()
        self.kept = [
            Kept(os.path.relpath(out.fs_path, here), out.stage.addressing, out.stage.cmd, out.hash_info.value or "")
            for out in repo.index.outs
            if out.use_cache and out.stage.path.startswith(str(here))
        ]
        self.cache = Path(repo.cache.local.path)
        self.remote_name = repo.config["core"].get("remote", "")
        self._odb = repo.cloud.get_remote_odb() if self.remote_name else None
        local = self._odb is not None and self._odb.fs.protocol == "local"
        self.remote = Path(self._odb.path) if self._odb is not None and local else None

    def keeper(self, path: str) -> Kept | None:
        """The output that holds a file; None for one that travels in git, or that no stage makes."""
        return next((kept for kept in self.kept if kept.covers(path)), None)

    def object(self, digest: str) -> Path:
        """Where the cache has, or would have, a content."""
        return self.cache / digest[:2] / digest[2:]

    def on_remote(self, digest: str) -> str:
        """How an object lies on the remote: missing, there, or altered as far as its content can be read from here.

        Where nobody answers everything is missing.
        """
        if self.remote is not None:
            place = self.remote / digest[:2] / digest[2:]
            return "missing" if not place.exists() else "there" if is_whole(digest, place) else "altered"
        try:
            return "there" if self._odb is not None and self._odb.exists(digest) else "missing"
        except Exception as error:  # a remote fails in as many ways as there are protocols
            log.warning("remote %s: %s", self.remote_name, redacted(str(error)))
            self._odb = None  # ask once
            return "missing"

    def fetch(self, paths: Sequence[str]) -> str:
        """Bring the content of outputs into the cache, as far as it is to be had; gives what DVC complains of."""
        return _dvc("fetch", *paths) if paths else ""

    def checkout(self, paths: Sequence[str]) -> str:
        """Put the cache's content in place of files; gives what DVC complains of."""
        return _dvc("checkout", "--force", *paths) if paths else ""


@contextlib.contextmanager
def opened() -> Iterator[Store]:
    """The store of the working folder.

    Raises:
        InputError: the folder is no DVC repository.
        Corrupt: DVC cannot read dvc.yaml, dvc.lock or its configuration.
    """
    from dvc.exceptions import DvcException, NotDvcRepoError
    from dvc.repo import Repo

    try:
        repo = Repo(str(Path.cwd()))
    except NotDvcRepoError:
        raise InputError(
            f"{Path.cwd()} is no DVC repository: clone the project with git, rather than copy it."
        ) from None
    except DvcException as error:
        raise _unreadable(error) from None
    with repo:
        try:
            store = Store(repo)
        except DvcException as error:
            raise _unreadable(error) from None
        yield store


def objects(folder: Path, wanted: frozenset[str] | None = None) -> Iterator[tuple[str, Path]]:
    """Name and path of every object in a folder of objects.

    Args:
        folder: `files/md5` of a cache or a remote.
        wanted: names to look at; all if None.
    """
    for path in sorted(folder.glob("??/*")):
        name = path.parent.name + path.name
        if re.fullmatch(r"[0-9a-f]{32}(\.dir)?", name) and (wanted is None or name in wanted):
            yield name, path


def is_whole(name: str, path: Path) -> bool:
    """Whether an object's content is what its name says."""
    return artifacts.digest_file(path, "md5") == name.removesuffix(FOLDER)


def members(store: Store, kept: Kept) -> dict[str, str]:
    """Path and md5 of every file of an output, as far as the cache knows them."""
    if not kept.digest.endswith(FOLDER):
        return {kept.path: kept.digest} if kept.digest else {}
    try:
        listing = artifacts.read_json(store.object(kept.digest))
        return {f"{kept.path}/{entry['relpath']}": entry["md5"] for entry in listing}
    except (PushforwardError, KeyError, TypeError):
        return {}


def redacted(text: str) -> str:
    """A message without the user and password of an address."""
    return re.sub(r"://[^/@\s]+@", "://***@", text)


def _unreadable(error: Exception) -> PushforwardError:
    return Corrupt(f"DVC: {redacted(str(error))}. Restore the file with `git checkout -- dvc.lock dvc.yaml`.")


def _dvc(*arguments: str) -> str:
    """Run DVC; gives its complaints. On a terminal it shows its progress, and complains there."""
    shown = None if sys.stderr.isatty() else subprocess.PIPE
    command = [sys.executable, "-m", "dvc", *arguments]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=shown, text=True)
    lines = [line for line in (done.stderr or "").splitlines() if line.startswith("ERROR")]
    return redacted(" ".join(lines)) if done.returncode else ""
