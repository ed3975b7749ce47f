"""Files that are whole or not there: atomic writes, digests, and weights that are checked before they are read."""

import contextlib
import errno
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pushforward.errors import Corrupt, InputError, Missing, Resource

SIDECAR = 1  # layout version of the JSON beside a tensor file


@contextlib.contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Give a temporary name beside `path`; move it there when the block ends well, remove it when it does not.

    The content reaches the disk before the name does, so a crash leaves the old file or the new one.

    Raises:
        Resource: the disk is full or the file system is read-only.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise Resource(f"{path} could not be written: {error.strerror}. Free some space and run again.") from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: str | Path, content: bytes) -> None:
    """Write `content` to `path`, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def write_json(path: str | Path, value: Any) -> None:
    """Write `value` as indented JSON, keys in their order; NaN and infinity become null, as JSON has neither."""
    write_bytes(path, (json.dumps(_plain(value), indent=1, allow_nan=False) + "\n").encode())


def read_json(path: str | Path) -> Any:
    """Read a JSON file.

    Raises:
        Missing: there is no such file.
        Corrupt: the file is not JSON.
    """
    try:
        return json.loads(Path(path).read_text())
    except FileNotFoundError:
        raise Missing(f"{path} is not here.") from None
    except ValueError as error:
        raise Corrupt(f"{path} is not JSON ({error}).") from None


def digest_file(path: str | Path, algorithm: str = "sha256") -> str:
    """Hexadecimal digest of a file's content."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def digest_json(value: Any) -> str:
    """sha256 of a JSON-able value, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def sidecar(path: str | Path) -> Path:
    """The JSON beside a tensor file: `s0.safetensors` -> `s0.json`."""
    return Path(path).with_suffix(".json")


def save_tensors(path: str | Path, tensors: Mapping[str, Any], about: Mapping[str, Any]) -> None:
    """Write tensors as safetensors, with a sidecar that holds their sha256 and `about`.

    Args:
        path: where to write; ends in `.safetensors`.
        tensors: name -> torch tensor on any device.
        about: what a reader needs to use them (JSON-able).
    """
    from safetensors.torch import save

    if Path(path).suffix != ".safetensors":
        raise InputError(f"{path}: tensors are stored as .safetensors.")
    content = save({k: v.detach().to("cpu").contiguous() for k, v in tensors.items()})
    write_bytes(path, content)
    facts = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    write_json(sidecar(path), {**about, **facts, "layout": SIDECAR})


def load_tensors(path: str | Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read tensors (on the CPU) and what stands in their sidecar, after checking the sha256.

    Raises:
        Missing: the file or its sidecar is not here.
        Corrupt: the content is not what was written.
    """
    from safetensors.torch import load_file

    path = Path(path)
    if not path.exists():
        raise Missing(f"{path} is not here. Fetch it with `make pull`, or train it.")
    about = read_json(sidecar(path))
    found = digest_file(path)
    if found != about.get("sha256"):
        wanted = str(about.get("sha256"))
        raise Corrupt(
            f"{path} is not the file that was written: sha256 {found[:12]}..., expected {wanted[:12]}... "
            f"Restore it with `make pull`."
        )
    return load_file(path), about


def _plain(value: Any) -> Any:
    """JSON-able form: mappings, sequences and numpy scalars down to plain values."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        value = value.item()
    elif hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and value - value != 0.0:
        return None
    return value
