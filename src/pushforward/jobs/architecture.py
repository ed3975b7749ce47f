"""The papers' tables of architectures, from the networks that are trained here."""

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from pushforward import models
from pushforward.artifacts import write_bytes
from pushforward.models.walk import walk
from pushforward.report import architecture, layers
from pushforward.report.printed_layers import authors_count, counted, printed_layers

SETTINGS = {
    "Batch size": "batch",
    "Gradient Penalty weight": "penalty",
    "Learning Rate Discriminator": "critic_lr",
    "Learning Rate Generator": "generator_lr",
    "Discriminator steps": "critic_steps",
}
SLOPE = "Leaky ReLU slope"


def run(params: dict[str, Any], deps: dict[str, str], outs: dict[str, str], scratch: Path) -> None:
    """Write the CSV with every layer beside its printed row, and the table as Markdown and LaTeX.

    Params: `table`, `title`, `source` (the printed table), `model` (kind, sizes of generator and critic), `shape` of an
    image, `latent_dim`, and optionally `recipe`, the settings of the training.
    """
    rows, slopes = [], set[float]()
    for part in ("generator", "critic"):
        found, own = _part(params, part)
        rows += found
        slopes |= own
    ours = {name: params["recipe"][key] for name, key in SETTINGS.items()} if params.get("recipe") else {}
    if ours:
        ours |= {f"Adam beta{i}": beta for i, beta in enumerate(params["recipe"]["betas"], 1)}
    if len(slopes) == 1:
        ours[SLOPE] = slopes.pop()
    if params.get("recipe"):
        rows += architecture.settings(ours, printed_layers(params["source"], "training"))
    frame = architecture.table(rows)
    write_bytes(outs["csv"], frame.to_csv(index=False, lineterminator="\n").encode())
    write_bytes(outs["markdown"], layers.markdown(frame, params["title"]).encode())
    write_bytes(outs["latex"], layers.latex(frame, params["title"], f"tab:{params['table']}").encode())


def _part(params: Mapping[str, Any], part: str) -> tuple[list[dict[str, Any]], set[float]]:
    """Rows of one network, and the slopes of its leaky activations; nothing is computed, only shapes."""
    kind, shape, d = params["model"]["kind"], tuple(params["shape"]), params["latent_dim"]
    sizes = models.sizes(kind, part, params["model"].get(part, {}), shape, latent_dim=d)
    with torch.device("meta"):
        network = models.build(kind, part, **sizes).eval()
        found = walk(network, torch.empty(2, *((d,) if part == "generator" else shape)))
    total = sum(p.numel() for p in network.parameters())
    ours = architecture.rows_of(found, d if part == "generator" else None, total)
    inputs = (d,) if part == "generator" else (*shape[1:], shape[0])
    printed = counted(printed_layers(params["source"], part), inputs)
    defaults = inspect.signature(models.find(kind, part)).parameters
    whole = {name: each.default for name, each in defaults.items()} | sizes
    rows = architecture.frame(part, ours, printed, authors_count(kind, part, whole))
    return rows, {layer.slope for layer in found if layer.slope}
