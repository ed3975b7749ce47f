"""Digest of the code that a job runs: the syntax trees of its import closure, without docstrings and comments."""

import ast
import functools
import hashlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path

ROOT = "pushforward"


def closure(modules: tuple[str, ...], files: tuple[str, ...] = ()) -> dict[str, str]:
    """Digest of every project module that `modules` import, at any depth, and of `files` of the package.

    Imports are read from the source, nothing is executed; what a registry loads by name must be listed in `modules`.

    Args:
        modules: dotted names, all inside this package.
        files: package data that the job reads, relative to the package.

    Returns:
        name -> hexadecimal digest.
    """
    seen: dict[str, str] = {}
    queue = list(modules)
    while queue:
        name = queue.pop()
        if name in seen:
            continue
        seen[name], imported = _read(name)
        queue.extend(imported)
    package = _package()
    return dict(sorted(seen.items())) | {f: hashlib.sha256((package / f).read_bytes()).hexdigest() for f in files}


@functools.cache
def _read(name: str) -> tuple[str, tuple[str, ...]]:
    path = _origin(name)
    if path is None:
        raise ModuleNotFoundError(f"the plan names {name}, which is not a module of this package")
    tree = ast.parse(Path(path).read_text(encoding="utf-8"))
    parents = tuple(name.rsplit(".", n)[0] for n in range(1, name.count(".") + 1))
    imported = tuple(dict.fromkeys((*parents, *_imports(tree))))
    return hashlib.sha256(repr(_plain(_without_docstrings(tree))).encode()).hexdigest(), imported


@functools.cache
def _package() -> Path:
    spec = importlib.util.find_spec(ROOT)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{ROOT} is not installed: `make install`")
    return Path(spec.origin).parent


@functools.cache
def _origin(name: str) -> str | None:
    """Source file of a module, found without importing it."""
    place = _package().joinpath(*name.split(".")[1:])
    for path in (place / "__init__.py", place.with_suffix(".py")):
        if path.is_file():
            return str(path)
    return None


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in _statements(tree, only_at_run_time=True):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == ROOT)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == ROOT:
            yield node.module
            # `from pushforward.models import cnn` names a module, `from ... import build` does not.
            yield from (f for a in node.names if _origin(f := f"{node.module}.{a.name}"))


def _statements(node: ast.AST, only_at_run_time: bool = False) -> Iterator[ast.AST]:
    """A node and the statements in it, at any depth; no expressions, of which there are ten times as many.

    Args:
        node: a module or a statement.
        only_at_run_time: whether to leave out what only a type checker sees.
    """
    yield node
    if only_at_run_time and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
        return
    for field in ("body", "handlers", "orelse", "finalbody", "cases"):
        for child in getattr(node, field, ()):
            yield from _statements(child, only_at_run_time)


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in _statements(tree):
        body = getattr(node, "body", None)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and body:
            first = body[0]
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                del body[0]
    return tree


def _plain(node: object) -> object:
    """The tree as nested tuples without empty fields, so that it is the same under every version of Python."""
    if isinstance(node, ast.AST):
        values = ((name, getattr(node, name, None)) for name in node._fields)
        return (type(node).__name__, *[(name, _plain(value)) for name, value in values if value not in (None, [])])
    if isinstance(node, list):
        return tuple(map(_plain, node))
    return (type(node).__name__, repr(node))
