"""Read params.yaml of a scale: the paper's file, or an overlay that states differences from it."""

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pushforward.errors import InputError
from pushforward.specs import yaml12
from pushforward.specs.params import Params
from pushforward.specs.references import references
from pushforward.specs.report import TRAINED

Where = dict[yaml12.Key, tuple[str, int]]


def load(path: str | Path = "params.yaml") -> Params:
    """Read, merge and check the parameters.

    An overlay has the keys `extends` (the file it differs from) and `replace` (sections that it states whole,
    so that the other file's entries do not show through); everything else is merged key by key. Lines of tables whose
    run only the other file has stay, as lines that are not run at this scale, after the overlay's own.

    Raises:
        Missing: a file is not here.
        InputError: anything in it is not as it must be; the message names file, line, key, what was expected, and the
            nearest valid key.
    """
    value, where = merged(Path(path))
    try:
        params = Params.model_validate(value)
    except ValidationError as error:
        raise InputError(_explain(error, where, str(path))) from None
    _check_references(params, where, str(path))
    return params


def merged(path: Path) -> tuple[dict[str, Any], Where]:
    """The parameters as plain values, and the file and line of every key."""
    value, lines = yaml12.read(path)
    where: Where = {key: (str(path), line) for key, line in lines.items()}
    if "extends" not in value:
        return value, where
    extends, replace = value.pop("extends"), value.pop("replace", [])
    if not isinstance(extends, str) or not isinstance(replace, list):
        raise InputError(f"{path}: `extends` names a file, `replace` lists sections.")
    base, base_where = merged(path.parent / extends)
    for section in replace:
        if section not in base:
            raise InputError(
                f"{path}:{lines[('replace',)]}: replace: {extends} has no section {section!r}.{_nearest(section, base)}"
            )
        base[section] = {}
    features = {name: table.get("features") for name, table in base.get("tables", {}).items()}
    both = _over(base, value)
    _mark_not_run(both, set(base_where), features)
    return both, base_where | where


def _mark_not_run(value: dict[str, Any], stated: set[yaml12.Key], features: dict[str, Any]) -> None:
    """Lines of tables whose run this scale does not have; they keep the features of the printed numbers."""
    for name, table in value.get("tables", {}).items():
        if not isinstance(table, dict) or not isinstance(table.get("rows"), dict):
            continue
        for row in table["rows"].values():
            absent = isinstance(row, dict) and row.get("run") not in value.get("runs", {})
            if absent and ("runs", row.get("run")) in stated:
                row |= {"run": None, "sampling": None, "features": row.get("features") or features.get(name)}
        rows = table["rows"].items()
        table["rows"] = dict(sorted(rows, key=lambda item: isinstance(item[1], dict) and item[1].get("run") is None))


def _over(base: Any, top: Any) -> Any:
    if isinstance(base, dict) and isinstance(top, dict):
        return {k: _over(base[k], top[k]) if k in base and k in top else top.get(k, base.get(k)) for k in base | top}
    return top


def _explain(error: ValidationError, where: Where, path: str) -> str:
    """One line a problem: file:line: key: what was expected, what came, the nearest valid key."""
    return "\n".join(dict.fromkeys(_problem(detail, where, path) for detail in error.errors(include_url=False)))


def _problem(detail: Any, where: Where, path: str) -> str:
    # Discriminators and type names that pydantic adds are no keys of the file.
    key: list[str] = []
    for part in map(str, detail["loc"]):
        if (*key, part) in where or part == detail["loc"][-1]:
            key.append(part)
    file, line = next((where[tuple(key[:n])] for n in range(len(key), 0, -1) if tuple(key[:n]) in where), (path, 1))
    name, message, came = ".".join(key), detail["msg"], detail["input"]
    if detail["type"] == "extra_forbidden":
        message = f"unknown key.{_nearest(key[-1], _valid_keys(detail['loc']))}"
    elif detail["type"] == "missing":
        message = "this key is missing"
    else:
        shown = f", found {came!r}" if not isinstance(came, dict) else ""
        message = message.removeprefix("Value error, ").replace("Input should be", "expected") + shown
        if detail["type"] == "float_type" and isinstance(came, str):
            message += ": write the number without quotes, as in 1.0e-4"
    return f"{file}:{line}: {name}: {message}"


def _valid_keys(loc: Iterable[Any]) -> list[str]:
    """Keys that the schema allows in the mapping at `loc[:-1]`."""
    schema = Params.model_json_schema()
    places = [schema]
    for part in list(loc)[:-1]:
        following = []
        for place in places:
            for node in _expand(place, schema):
                if str(part) in node.get("properties", {}):
                    following.append(node["properties"][str(part)])
                elif isinstance(node.get("additionalProperties"), dict):
                    following.append(node["additionalProperties"])
                elif "patternProperties" in node:
                    following.extend(node["patternProperties"].values())
        places = following or places  # a discriminator's value: stay
    return [key for place in places for node in _expand(place, schema) for key in node.get("properties", {})]


def _expand(node: dict[str, Any], schema: dict[str, Any]) -> list[dict[str, Any]]:
    """A schema node with its references and alternatives followed."""
    if "$ref" in node:
        return _expand(schema["$defs"][node["$ref"].rsplit("/", 1)[1]], schema)
    branches = node.get("oneOf", []) + node.get("anyOf", [])
    return [leaf for branch in branches for leaf in _expand(branch, schema)] if branches else [node]


def _nearest(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(str(name), [str(k) for k in known], n=1, cutoff=0.5)
    return f" Did you mean {close[0]!r}?" if close else ""


def _check_references(params: Params, where: Where, path: str) -> None:
    """Every name that one section takes from another exists there."""
    problems = []
    for key, name, section in references(params):
        options = params.measures.protocols if section == "protocols" else getattr(params, section)
        if name not in options and not (section == "sampling" and name == TRAINED):
            file, line = where.get(key, (path, 1))
            shown = "datasets" if section == "data" else section
            problems.append(
                f"{file}:{line}: {'.'.join(key)}: there is no {name!r} in {shown}.{_nearest(name, options)}"
            )
    if not problems:
        problems = _recipes_that_do_not_fit(params, where, path)
    if problems:
        raise InputError("\n".join(problems))


def _recipes_that_do_not_fit(params: Params, where: Where, path: str) -> list[str]:
    """Runs whose own numbers and recipe's numbers do not go together."""
    problems = []
    for name in params.runs:
        try:
            params.recipe(name)
        except ValueError as error:
            file, line = where.get(("runs", name), (path, 1))
            found = error.errors() if isinstance(error, ValidationError) else [{"msg": str(error)}]
            reasons = "; ".join(d["msg"].removeprefix("Value error, ") for d in found)
            problems.append(f"{file}:{line}: runs.{name}: {reasons}")
    return problems
