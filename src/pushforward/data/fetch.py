"""Published files, checked by size and sha256: from a local mirror, or from the first address that has them."""

import errno
import logging
import os
import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from pushforward.artifacts import digest_file
from pushforward.data.download import Unexpected, Unreachable, download, glimpse, redact
from pushforward.errors import Corrupt, InputError, Missing, Resource

log = logging.getLogger(__name__)

MIRROR = "PUSHFORWARD_MIRROR"  # environment variable naming a local folder
RESUMES = 20  # times that one broken connection is taken up again


@dataclass(frozen=True)
class Published:
    """A file as its publisher describes it.

    `also` holds the sha256 of other copies with the same content (unpacked, or packed by another program) that a
    mirror may have.
    """

    name: str
    urls: tuple[str, ...]
    size: int | None
    sha256: str
    also: tuple[str, ...] = ()

    def fetch(self, folder: str | Path, mirror: str | Path | None = None) -> Path:
        """See `fetch`; the destination is `folder`/`name`."""
        return fetch(self.urls, self.sha256, self.size, Path(folder) / self.name, mirror, also=self.also)


def fetch(
    urls: Sequence[str],
    sha256: str,
    size: int | None,
    destination: str | Path,
    mirror: str | Path | None = None,
    *,
    also: Collection[str] = (),
) -> Path:
    """Get a published file: what is at `destination`, else a mirror's copy, else the first address that has it.

    A mirror is a local folder; the file may lie in it or in one of its subfolders, under its own name or without
    `.gz`, and is known by its sha256. An unfinished download stays as `.part` and is taken up by the next call.
    Processes that want the same file wait for each other.

    Args:
        urls: addresses, tried in order.
        sha256: of the file, hexadecimal.
        size: bytes, if known.
        destination: where a download goes.
        mirror: the folder; else the environment variable PUSHFORWARD_MIRROR.
        also: sha256 of other copies that a mirror may have.

    Returns:
        Path of the checked file: `destination`, or the mirror's copy where it lies.

    Raises:
        Missing: not here, and no address can be reached.
        Corrupt: an address gave something else; it is deleted.
        InputError: the mirror is not a folder.
        Resource: not enough room on the disk.
    """
    destination = Path(destination)
    if destination.exists() and digest_file(destination) == sha256:
        return destination
    strangers: list[str] = []
    copy = _in_mirror(destination.name, {sha256, *also}, mirror, strangers)
    if copy is not None:
        log.info("%s: taken from %s", destination.name, copy.parent)
        return copy
    destination.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(destination.with_name(f".{destination.name}.lock")):
        return _to_destination(urls, sha256, size, destination, strangers)


def _in_mirror(name: str, digests: set[str], mirror: str | Path | None, strangers: list[str]) -> Path | None:
    """The mirror's copy; files of that name that are something else are noted in `strangers`."""
    chosen = mirror or os.environ.get(MIRROR)
    if not chosen:
        return None
    folder = Path(chosen).expanduser()
    if not folder.is_dir():
        raise InputError(f"mirror: {folder} is not a folder. Name one that holds {name}, or unset {MIRROR}.")
    names = dict.fromkeys((name, name.removesuffix(".gz")))
    for path in [place / name for name in names for place in (folder, *sorted(folder.iterdir()))]:
        if path.is_file():
            found = digest_file(path)
            if found in digests:
                return path
            strangers.append(f"{path}: another file (sha256 {found[:12]}...)")
    return None


def _to_destination(urls: Sequence[str], sha256: str, size: int | None, destination: Path, failures: list[str]) -> Path:
    if destination.exists():
        if digest_file(destination) == sha256:  # another process was faster
            return destination
        log.warning("%s is not the published file; it is fetched again", destination)
        destination.unlink()
    part = destination.with_name(f"{destination.name}.part")
    altered = not urls and bool(failures)
    for url in urls:
        try:
            _check_room(part, size)
            _complete(url, part, sha256, size)
        except (Unreachable, Unexpected) as problem:
            log.warning("%s: %s", redact(url), problem)
            failures.append(f"{redact(url)}: {problem}")
            altered |= isinstance(problem, Unexpected)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise Resource(f"{part} could not be written: {error.strerror}. Free some space, run again.") from None
            raise
        else:
            os.replace(part, destination)
            log.info("%s: complete, sha256 as published", destination.name)
            return destination
    raise (Corrupt if altered else Missing)(_advice(destination, sha256, size, failures))


def _complete(url: str, part: Path, sha256: str, size: int | None) -> None:
    """Bring `part` to the whole, checked file."""
    log.info("%s: from %s", part.stem, redact(url))
    begun = part.exists()
    _insist(url, part, size)
    try:
        _check(part, sha256, size)
    except Unexpected:
        if not begun:
            raise
        # What was here before may have been the wrong part: one try from the start.
        _insist(url, part, size)
        _check(part, sha256, size)


def _insist(url: str, part: Path, size: int | None) -> None:
    """Download; take a broken connection up again as long as every attempt brings something."""
    for _ in range(RESUMES):
        before = part.stat().st_size if part.exists() else 0
        try:
            return download(url, part, size)
        except Unreachable as problem:
            after = part.stat().st_size if part.exists() else 0
            if after <= before:
                raise
            log.info("%s: %s; going on", part.stem, problem)
    return download(url, part, size)


def _check(part: Path, sha256: str, size: int | None) -> None:
    """Accept the finished file and see it safely on the disk, or delete it."""
    with open(part, "rb+") as file:
        head = file.read(1024)
        os.fsync(file.fileno())
    found, length = digest_file(part), part.stat().st_size
    if found != sha256:
        part.unlink()
        wanted = f"{size} bytes with " if size is not None else ""
        raise Unexpected(f"gave {length} bytes with sha256 {found}, expected {wanted}{sha256}; {glimpse(head)}")


def _check_room(part: Path, size: int | None) -> None:
    missing = (size or 0) - (part.stat().st_size if part.exists() else 0)
    free = shutil.disk_usage(part.parent).free
    if missing > free:
        raise Resource(f"{part} needs {missing / 1e6:.0f} MB more, {free / 1e6:.0f} MB are free. Free some space.")


def _advice(destination: Path, sha256: str, size: int | None, failures: list[str]) -> str:
    told = "\n".join(f"  {failure}" for failure in failures) or "  no address is known for it"
    length = f", {size} bytes" if size is not None else ""
    return (
        f"{destination.name} (sha256 {sha256}{length}) could not be had:\n{told}\n"
        f"Put it at {destination}, or set {MIRROR} (or `mirror` of this data set) to a folder that holds it."
    )
