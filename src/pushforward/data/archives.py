"""Unpack archives that others made: everything is looked at before anything is written."""

import shutil
import stat
import tarfile
import zipfile
import zlib
from lzma import LZMAError
from pathlib import Path, PurePosixPath

from pushforward.errors import Corrupt, Resource

MEMBERS = 10_000  # more than any data set here has
BROKEN = (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, LZMAError, NotImplementedError)


def extract(archive: str | Path, folder: str | Path, limit: int) -> list[Path]:
    """Unpack a tar (plain, gz, bz2, xz) or zip file into `folder`.

    Args:
        archive: the file.
        folder: where its members go; made if needed.
        limit: bytes that all members together may have.

    Returns:
        The files written.

    Raises:
        Corrupt: broken or of another kind, or it holds an absolute path, a path out of `folder`, a link, a device,
            the same name twice, or more than `limit` bytes; nothing has been written then. (Only a checksum that fails
            while a zip member is read leaves the members before it.)
        Resource: not enough room on the disk.
    """
    archive, folder = Path(archive), Path(folder)
    try:
        if tarfile.is_tarfile(archive):
            return _extract_tar(archive, folder, limit)
        if zipfile.is_zipfile(archive):
            return _extract_zip(archive, folder, limit)
    except BROKEN as error:
        raise Corrupt(f"{archive} is damaged ({error}). Remove it and fetch it again.") from None
    raise Corrupt(f"{archive} is neither a tar nor a zip file. Remove it and fetch it again.")


def _extract_tar(archive: Path, folder: Path, limit: int) -> list[Path]:
    with tarfile.open(archive) as file:
        audit = _Audit(archive, limit)
        for member in file:  # headers come one by one, so a bomb is refused at its header
            audit.look(member.name, member.size, member.isdir(), plain=member.isreg() or member.isdir())
        _check_room(folder, audit.total)
        folder.mkdir(parents=True, exist_ok=True)
        file.extractall(folder, filter="data")
    return [folder / name for name in audit.files.values()]


def _extract_zip(archive: Path, folder: Path, limit: int) -> list[Path]:
    with zipfile.ZipFile(archive) as file:
        audit = _Audit(archive, limit)
        for info in file.infolist():
            mode = stat.S_IFMT(info.external_attr >> 16)
            plain = mode in (0, stat.S_IFREG, stat.S_IFDIR) and not info.flag_bits & 1  # bit 0: encrypted
            audit.look(info.filename, info.file_size, info.is_dir(), plain=plain)
        _check_room(folder, audit.total)
        folder.mkdir(parents=True, exist_ok=True)
        file.extractall(folder)
    return [folder / name for name in audit.files.values()]


class _Audit:
    """Looks at member after member; keeps the files' names and the bytes so far."""

    def __init__(self, archive: Path, limit: int) -> None:
        self.archive, self.limit = archive, limit
        self.total = self.members = 0
        self.files: dict[PurePosixPath, str] = {}
        self.folders: set[PurePosixPath] = set()

    def look(self, name: str, size: int, directory: bool, *, plain: bool) -> None:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or "\0" in name:
            self._refuse(f"member {name!r} would leave the folder")
        if not plain:
            self._refuse(f"member {name!r} is a link, a device or encrypted; expected plain files and folders")
        if not directory and path.name != name.rpartition("/")[2]:
            self._refuse(f"member {name!r} is a file without a name")
        above = [path, *path.parents] if directory else list(path.parents)
        if any(folder in self.files for folder in above) or (not directory and path in self.folders):
            self._refuse(f"member {name!r} makes a folder of a file")
        self.folders.update(above)
        if not directory:
            if path in self.files:
                self._refuse(f"member {name!r} is there twice")
            self.files[path] = name
        self.total, self.members = self.total + size, self.members + 1
        if self.total > self.limit:
            self._refuse(f"it unpacks to more than {self.limit} bytes (at member {name!r})")
        if self.members > MEMBERS:
            self._refuse(f"it has more than {MEMBERS} members")

    def _refuse(self, reason: str) -> None:
        raise Corrupt(f"{self.archive}: {reason}. Nothing was unpacked; get the archive from its publisher.")


def _check_room(folder: Path, total: int) -> None:
    place = next(parent for parent in (folder, *folder.resolve().parents) if parent.exists())
    free = shutil.disk_usage(place).free
    if total > free:
        raise Resource(f"{folder}: {total / 1e6:.0f} MB to unpack, {free / 1e6:.0f} MB are free. Free some space.")
