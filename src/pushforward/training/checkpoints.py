"""The complete state of a training, in one file that is whole or not there.

A state is a tree of mappings, lists, plain values and tensors. Its tensors go into a safetensors file, the rest of the
tree into that file's header, and the sha256 of the whole into the file's name: nothing is unpickled, one rename
publishes everything, and a reader knows whether what it reads is what was written.
"""

import hashlib
import json
import logging
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
from safetensors.torch import save
from torch import Tensor

from pushforward import artifacts
from pushforward.errors import Corrupt, Resource
from pushforward.training.guard import require_finite

log = logging.getLogger(__name__)
NAME = re.compile(r"state-(\d+)-([0-9a-f]{32})\.safetensors")


class States:
    """The states of one run in one folder; the newest `keep` stay."""

    def __init__(self, folder: str | Path, keep: int = 2) -> None:
        self.folder, self.keep = Path(folder), keep
        self.good: list[Path] = []  # written or verified by this process, oldest first

    def paths(self) -> list[Path]:
        """Files of all states, oldest first."""
        return sorted((p for p in self.folder.glob("state-*") if NAME.fullmatch(p.name)), key=_step)

    def save(self, step: int, state: Mapping[str, Any]) -> Path:
        """Write the state reached after `step` steps, then drop all but the newest ones.

        Raises:
            Diverged: a tensor of the state is not finite; nothing is written.
            Resource: the disk is full; the states before stay as they were.
        """
        tensors: dict[str, Tensor] = {}
        tree = pack(state, tensors)
        require_finite(tensors, step, self.last_good())
        content = save(tensors, metadata={"tree": json.dumps(tree)})
        path = self.folder / f"state-{step:09d}-{hashlib.sha256(content).hexdigest()[:32]}.safetensors"
        artifacts.write_bytes(path, content)
        self.good = [*(p for p in self.good if p != path), path][-self.keep :]
        for old in set(self.paths()) - set(self.good):
            old.unlink()
        return path

    def latest(self) -> dict[str, Any] | None:
        """The newest state that is what was written, or None where there is none at all.

        Raises:
            Corrupt: there are states, but not one that can be trusted.
        """
        paths = self.paths()
        for path in reversed(paths):
            try:
                state = load(path)
            except Corrupt as error:
                log.warning("%s Trying the state before it.", error)
            else:
                self.good = [path]
                return state
        if paths:
            names = ", ".join(map(str, paths))
            raise Corrupt(f"no state of this training can be read: {names}. Remove them to start again from step 0.")
        return None

    def last_good(self) -> str:
        """The newest state written or verified here, for messages."""
        return str(self.good[-1]) if self.good else "none yet"


def load(path: Path) -> dict[str, Any]:
    """Read one state, after checking its sha256 against its name.

    Raises:
        Corrupt: the content is not what was written.
    """
    match = NAME.fullmatch(path.name)
    found = artifacts.digest_file(path)
    if match is None or not found.startswith(match[2]):
        raise Corrupt(f"{path} is not the state that was written (its sha256 is {found[:12]}...).")
    with safetensors.safe_open(path, "pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
        return unpack(json.loads(file.metadata()["tree"]), tensors)


def pack(value: Any, tensors: dict[str, Tensor], path: str = "") -> Any:
    """Move the tensors of a tree into `tensors`; give the JSON-able rest. Keys keep their type, integers too."""
    if isinstance(value, Tensor):
        tensors[path] = value.detach().to("cpu").contiguous()
        return {"tensor": path}
    if isinstance(value, Mapping):
        return {"items": [[k, pack(v, tensors, f"{path}/{k}")] for k, v in value.items()]}
    if isinstance(value, list | tuple):
        return [pack(v, tensors, f"{path}/{i}") for i, v in enumerate(value)]
    return value


def unpack(tree: Any, tensors: Mapping[str, Tensor]) -> Any:
    """The tree that `pack` took apart (tuples come back as lists)."""
    if isinstance(tree, list):
        return [unpack(v, tensors) for v in tree]
    if isinstance(tree, dict):
        return tensors[tree["tensor"]] if "tensor" in tree else {k: unpack(v, tensors) for k, v in tree["items"]}
    return tree


def require_space(folder: Path, size: int) -> None:
    """Refuse to start where the states would not fit.

    Args:
        folder: where they go.
        size: bytes of one state.

    Raises:
        Resource: less than three states' worth is free.
    """
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < 3 * size:
        raise Resource(
            f"{folder}: training needs {3 * size / 1e6:.0f} MB for its states, {free / 1e6:.0f} MB are free."
        )


def clean(folder: Path, name: str = "*") -> None:
    """Remove what a killed process left of its unfinished writes of `name`."""
    for path in folder.glob(f".{name}.*.part*"):
        path.unlink(missing_ok=True)


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """`name: old -> new` of every value that differs between two nested mappings."""
    a, b = _flat(before), _flat(now)
    return [f"{k}: {a.get(k)} -> {b.get(k)}" for k in sorted(a.keys() | b.keys()) if a.get(k) != b.get(k)]


def _flat(tree: Any, path: str = "") -> dict[str, Any]:
    if not isinstance(tree, Mapping):
        return {path: json.loads(json.dumps(tree))}
    return {name: v for k, sub in tree.items() for name, v in _flat(sub, f"{path}.{k}" if path else str(k)).items()}


def _step(path: Path) -> int:
    return int(path.name.split("-")[1])
