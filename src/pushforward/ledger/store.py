"""What DVC keeps of this scale's outputs: in dvc.lock, in its cache, and on the remote."""

import contextlib
import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pushforward import artifacts
from pushforward.errors import Corrupt, InputError, PushforwardError

log = logging.getLogger(__name__)
FOLDER = ".dir"  # how the name of an object ends that lists a folder
# Settings of a remote and variables of the environment whose value nobody may see.
SECRET = re.compile(r"passw|passphrase|secret|token|auth_header|account_key|access_key|api_key", re.IGNORECASE)


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
        closed: why nobody answers on the remote, as far as that was noticed.
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
        self.closed = ""
        self._secrets = _secrets(repo.config.get("remote", {}).get(self.remote_name, {}))
        self._odb = self._opened(repo) if self.remote_name else None
        local = self._odb is not None and self._odb.fs.protocol == "local"
        self.remote = Path(self._odb.path) if self._odb is not None and local else None

    def _opened(self, repo: Any) -> Any:
        """DVC's view of the remote; None where what speaks its protocol is not installed."""
        try:
            return repo.cloud.get_remote_odb()
        except ImportError as error:
            self.closed = f"{error} (docs/remotes.md: `python -m pip install -e '.[remotes]'` in the project's folder)"
            log.warning("remote %s: %s", self.remote_name, self.closed)
            return None

    def keeper(self, path: str) -> Kept | None:
        """The output that holds a file; None for one that travels in git, or that no stage makes."""
        return next((kept for kept in self.kept if kept.covers(path)), None)

    def object(self, digest: str) -> Path:
        """Where the cache has, or would have, a content."""
        return self.cache / digest[:2] / digest[2:]

    def on_remote(self, digest: str) -> str:
        """How an object lies on the remote: missing, there, or altered as far as its content can be read from here.

        Where nobody answers everything is missing, and `closed` says why.
        """
        if self.remote is not None:
            place = self.remote / digest[:2] / digest[2:]
            return "missing" if not place.exists() else "there" if is_whole(digest, place) else "altered"
        try:
            if self._odb is None or self._odb.exists(digest):
                return "missing" if self._odb is None else "there"
            self._greet(self._odb)
        except Exception as error:  # a remote fails in as many ways as there are protocols
            self.closed = self._redacted(f"{type(error).__name__}: {error}")
            log.warning("remote %s: %s", self.remote_name, self.closed)
            self._odb = None  # ask once
        return "missing"

    @staticmethod
    def _greet(odb: Any) -> None:
        """Fail where the remote refuses us: WebDAV calls what it does not show to strangers missing."""
        with contextlib.suppress(FileNotFoundError):
            odb.fs.info(odb.path)

    def fetch(self, paths: Sequence[str] | None) -> str:
        """Bring content into the cache, as far as it is to be had; gives what DVC complains of.

        Args:
            paths: outputs; all of them if None, which spares DVC to read dvc.yaml anew for each.
        """
        return self._redacted(_dvc("fetch", *(paths or ()))) if paths is None or paths else ""

    def checkout(self, paths: Sequence[str]) -> dict[str, str]:
        """Put the cache's content in place of files of outputs; gives what DVC complains of, by file.

        Each file is handed to the output that holds it: the command would read dvc.yaml anew for each.
        """
        from dvc.exceptions import DvcException

        here = {os.path.relpath(out.fs_path): out for out in self._repo.index.outs if out.use_cache}
        said, unlisted = {}, []
        with self._repo.lock:
            for path in paths:
                keeper, full = self.keeper(path), os.path.abspath(path)
                out = here[keeper.path] if keeper is not None else None
                try:
                    if out is not None and out.get_obj(filter_info=full) is not None:
                        out.checkout(force=True, filter_info=full)
                    else:
                        unlisted.append(path)
                except (DvcException, OSError) as error:
                    said[path] = self._redacted(str(error))
        # The list of a folder of which a file did not come is on the remote only; the command reads it there.
        if unlisted and (complaint := self._redacted(_dvc("checkout", "--force", *unlisted))):
            said |= dict.fromkeys(unlisted, complaint)
        return said

    def _redacted(self, text: str) -> str:
        return redacted(text, self._secrets)


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


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """A message without the user and password of an address, and without words that are secret."""
    for word in secrets:
        text = text.replace(word, "***")
    return re.sub(r"://[^/@\s]+@", "://***@", text)


def _secrets(settings: Mapping[str, Any]) -> list[str]:
    """Words of a remote's settings and of the environment that nobody may see, the longest first."""
    named = [*settings.items(), *os.environ.items()]
    # A switch such as `ask_password = true` is no secret, nor is a word so short that it stands in any message.
    words = {str(value) for name, value in named if SECRET.search(name) and len(str(value)) > 5}
    words |= {password for value in settings.values() if (password := urlsplit(str(value)).password)}
    return sorted(words, key=len, reverse=True)


def _unreadable(error: Exception) -> PushforwardError:
    return Corrupt(f"DVC: {redacted(str(error))}. Restore the file with `git checkout -- dvc.lock dvc.yaml`.")


def _dvc(*arguments: str) -> str:
    """Run DVC; gives its complaints. On a terminal it shows its progress, and complains there."""
    shown = None if sys.stderr.isatty() else subprocess.PIPE
    command = [sys.executable, "-m", "dvc", *arguments]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=shown, text=True)
    lines = [line for line in (done.stderr or "").splitlines() if line.startswith("ERROR")]
    return redacted(" ".join(lines)) if done.returncode else ""
