"""YAML 1.2, read strictly: 1e-4 is a number, `no` a string; duplicate keys and aliases are refused; keys know lines."""

import re
from pathlib import Path
from typing import Any

import yaml

from pushforward.errors import InputError, Missing

Key = tuple[str, ...]


class _Loader(yaml.SafeLoader):
    """The core schema of YAML 1.2."""


_Loader.yaml_implicit_resolvers = {}
for tag, pattern, first in (
    ("null", r"^(?:null|Null|NULL|~|)$", ["n", "N", "~", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^[-+]?[0-9]+$", list("-+0123456789")),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", list("-+.0123456789")),
    ("float", r"^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$", list("-+.")),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), first)
# The stock float constructor reads 1:30 as sexagesimal; the patterns above never let it see one.


def read(path: str | Path) -> tuple[dict[str, Any], dict[Key, int]]:
    """Read a mapping and the line of each of its keys.

    Args:
        path: a YAML file.

    Returns:
        The mapping, and the line (from 1) of every nested key, by its path of keys.

    Raises:
        Missing: there is no such file.
        InputError: the file is empty, not a mapping, not YAML, has a duplicate key, an alias or a tag.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise Missing(f"{path} is not here. Run in the root of the project, or with --directory demo.") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: expected UTF-8 text, found a byte that is none at position {error.start}.") from None
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
        if root is None:
            raise InputError(f"{path} is empty: expected a mapping with the sections of params.yaml.")
        if not isinstance(root, yaml.MappingNode):
            kind = type(root).__name__.removesuffix("Node").lower()
            raise InputError(f"{path}:{root.start_mark.line + 1}: expected a mapping of sections, found a {kind}.")
        lines: dict[Key, int] = {}
        _walk(root, (), lines, path, set())
        return loader.construct_document(root), lines
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}" if mark else ""
        raise InputError(f"{path}{where}: not YAML: {getattr(error, 'problem', None) or error}.") from None
    finally:
        loader.dispose()


def _walk(node: yaml.Node, key: Key, lines: dict[Key, int], path: str | Path, seen: set[int]) -> None:
    line = node.start_mark.line + 1
    if id(node) in seen:
        raise InputError(f"{path}:{line}: {'.'.join(key)}: aliases (&, *) are not used here: write the value out.")
    seen.add(id(node))
    if not node.tag.startswith("tag:yaml.org,2002:") or "python" in node.tag:
        raise InputError(f"{path}:{line}: {'.'.join(key)}: the tag {node.tag} is refused: plain values only.")
    if isinstance(node, yaml.SequenceNode):
        for index, child in enumerate(node.value):
            _walk(child, (*key, str(index)), lines, path, seen)
    elif isinstance(node, yaml.MappingNode):
        for name, child in node.value:
            full = (*key, str(name.value))
            at = name.start_mark.line + 1
            if full in lines:
                raise InputError(
                    f"{path}:{at}: duplicate key {'.'.join(full)} (first on line {lines[full]}): keep one."
                )
            lines[full] = at
            _walk(child, full, lines, path, seen)
