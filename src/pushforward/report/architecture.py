"""Tables of architectures: our networks layer by layer, each beside the printed row that it stands for."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from pushforward.report.printed_layers import ANY, LATENT, Row

COMPARED = {
    "kernel": "kernel",
    "stride": "strides",
    "feature_maps": "feature maps",
    "conditional_bn": "conditional BN",
    "activation": "activation",
}
PRINTED = {f"printed_{name}": name for name in ("operation", *COMPARED, "parameters")}
COLUMNS = (
    "part", "operation", *COMPARED, "parameters", "value", *PRINTED, "printed_value", "authors_parameters",
    "differs", "difference",
)  # fmt: skip
TOTAL = "Total"
OTHER = "Parameters outside of layers"
ANOTHER_OPERATION = 4.0  # cost of taking one operation for another, in differing cells
UNPAIRED = 3.0


def rows_of(layers: Iterable[Any], latent_dim: int | None, total: int) -> list[Row]:
    """Our rows: what `models.walk` found, after the latent where there is one, and what no layer holds.

    Args:
        layers: of one network.
        latent_dim: d for a generator, None for a critic.
        total: parameters of the network.
    """
    rows = [Row(LATENT, feature_maps=str(latent_dim), parameters=0)] if latent_dim else []
    rows += [_row(layer) for layer in layers]
    other = total - sum(row.parameters or 0 for row in rows)
    return [*rows, Row(OTHER, parameters=other)] if other else rows


def frame(part: str, ours: Sequence[Row], printed: Sequence[Row], authors: int | None) -> list[dict[str, Any]]:
    """Rows of one network beside the printed ones, and their totals.

    Args:
        part: "generator" or "critic".
        ours: rows of our network.
        printed: those of the paper, with parameters where they tell.
        authors: parameters of this network in the authors' code, if known.
    """
    by_row = [_pair(part, here, there) for here, there in align(ours, printed)]
    counts = [row.parameters for row in printed]
    stated = None if not counts or None in counts else sum(count or 0 for count in counts)
    total = sum(row.parameters or 0 for row in ours)
    last = {"part": part, "operation": TOTAL, "parameters": total, "printed_parameters": stated}
    told = [f"{stated:,} as printed, {total:,} here"] if stated not in (None, total) else []
    told += [f"{authors:,} in the authors' code"] if authors not in (None, total) else []
    return [*by_row, last | {"authors_parameters": authors, **_difference(told)}]


def settings(ours: Mapping[str, Any], printed: Sequence[Row]) -> list[dict[str, Any]]:
    """The printed settings of the training beside ours, where ours are known."""
    found = []
    for row in printed:
        own = ours.get(row.operation)
        same = own is None or float(own) == float(row.value)
        told = [] if same else [f"{row.value} printed, {own:g} here"]
        facts = {"part": "training", "operation": row.operation, "printed_operation": row.operation}
        value = "" if own is None else row.value if same else f"{own:g}"
        found.append(facts | {"value": value, "printed_value": row.value, **_difference(told)})
    return found


def table(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """The frame of all parts, as it stands in the CSV: an empty cell is ""."""
    return pd.DataFrame(
        [{name: "" if each.get(name) is None else str(each[name]) for name in COLUMNS} for each in rows],
        columns=list(COLUMNS),
        dtype=str,
    )


def align(ours: Sequence[Row], printed: Sequence[Row]) -> list[tuple[Row | None, Row | None]]:
    """Pair the rows of two tables in their order, with as few differing cells and unpaired rows as can be."""
    best: dict[tuple[int, int], tuple[float, list[tuple[Row | None, Row | None]]]] = {(0, 0): (0.0, [])}
    for i in range(len(ours) + 1):
        for j in range(len(printed) + 1):
            ways = []
            if i and j:
                cost, pairs = best[i - 1, j - 1]
                ways.append((cost + _cost(ours[i - 1], printed[j - 1]), [*pairs, (ours[i - 1], printed[j - 1])]))
            if i:
                cost, pairs = best[i - 1, j]
                ways.append((cost + UNPAIRED, [*pairs, (ours[i - 1], None)]))
            if j:
                cost, pairs = best[i, j - 1]
                ways.append((cost + UNPAIRED, [*pairs, (None, printed[j - 1])]))
            if ways:
                best[i, j] = min(ways, key=lambda way: way[0])
    return best[len(ours), len(printed)][1]


def _cost(here: Row, there: Row) -> float:
    return ANOTHER_OPERATION * (here.operation != there.operation) + len(_unequal(here, there))


def _unequal(here: Row, there: Row) -> list[str]:
    names = [name for name in COMPARED if getattr(here, name) != getattr(there, name)]
    return [name for name in names if not (name == "feature_maps" and there.feature_maps == ANY)]


def _pair(part: str, here: Row | None, there: Row | None) -> dict[str, Any]:
    cells: dict[str, Any] = {"part": part}
    if here is not None:
        cells |= {name: getattr(here, name) for name in ("operation", *COMPARED, "parameters")}
        cells["operation"] += f" ({here.note})" if here.note else ""
    if there is not None:
        cells |= {name: getattr(there, own) for name, own in PRINTED.items()}
    return cells | _difference(_told(here, there))


def _told(here: Row | None, there: Row | None) -> list[str]:
    """What differs, in words, and what is known about the printed row."""
    if here is None or there is None:
        told = ["printed only" if here is None else "not in the printed table"]
    else:
        told = [f"operation: {there.operation} printed"] if here.operation != there.operation else []
        told += [
            f"{COMPARED[name]}: {getattr(there, name) or 'none'} printed, {getattr(here, name) or 'none'} here"
            for name in _unequal(here, there)
        ]
        if not told and there.parameters not in (None, here.parameters):
            told = [f"parameters: the printed rows amount to {there.parameters:,}, here {here.parameters:,}"]
    return told + ([there.note] if told and there is not None and there.note else [])


def _difference(told: Sequence[str]) -> dict[str, str]:
    return {"differs": "yes" if told else "no", "difference": "; ".join(told)}


def _row(layer: Any) -> Row:
    shape = [*layer.shape[1:], layer.shape[0]] if len(layer.shape) == 3 else layer.shape
    return Row(
        operation=layer.operation,
        kernel=layer.kernel,
        stride=layer.stride,
        feature_maps="x".join(map(str, shape)),
        conditional_bn="Y" if layer.modulated else "",
        activation=layer.activation,
        note="no bias" if layer.unbiased else "",
        parameters=layer.parameters,
    )
