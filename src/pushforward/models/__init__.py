"""Networks by name: one architecture one file, generator and critic together.

An architecture is looked up when it is built, so the code a job depends on is the architecture it names and no other.
Every architecture takes its sizes as plain keyword arguments under the same names: `latent_dim` (d), `data_dim` (D, for
vectors), `image_size` and `image_channels` (for images), `classes`, `width`, `depth`, `channels`.
"""

import difflib
import importlib
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from pushforward.errors import InputError

KINDS = ("mlp", "cnn", "resnet", "transgan", "vae", "rbf", "classifier")
PARTS = {"generator": "Generator", "critic": "Critic", "classifier": "Classifier", "encoder": "Encoder"}


def build(kind: str, part: str, *, seed: int | None = None, **sizes: Any) -> nn.Module:
    """Build one network.

    Args:
        kind: name of the architecture, one of `KINDS`.
        part: "generator", "critic", "classifier" or "encoder".
        seed: seed of the initial weights (PyTorch's layer defaults); None draws them from the default generator, which
            is right where weights are loaded afterwards.
        **sizes: the architecture's own arguments.

    Raises:
        InputError: no such architecture, part or size.
    """
    network = find(kind, part)
    try:
        inspect.signature(network).bind(**sizes)
    except TypeError as error:
        raise InputError(f"{kind} {part}: {error}; its sizes are {', '.join(accepted(kind, part))}.") from None
    if seed is None:
        return network(**sizes)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return network(**sizes)


def sizes(kind: str, part: str, given: Mapping[str, Any], shape: Sequence[int], **follow: Any) -> dict[str, Any]:
    """All sizes of one part: those given, and of those that follow from the data the ones it takes.

    Args:
        kind: name of the architecture.
        part: name of the part.
        given: sizes chosen; they win.
        shape: of one sample, (C, H, W) or (D,).
        **follow: more that is known, such as `latent_dim` or `classes`.
    """
    of_data = {"data_dim": shape[0]} if len(shape) == 1 else {"image_channels": shape[0], "image_size": shape[-1]}
    known = accepted(kind, part)
    return {name: value for name, value in {**follow, **of_data}.items() if name in known} | dict(given)


def find(kind: str, part: str) -> type[nn.Module]:
    """The class of one part of one architecture.

    Raises:
        InputError: no such architecture, or it has no such part.
    """
    _known(kind, KINDS, "architecture")
    _known(part, tuple(PARTS), "part")
    module = importlib.import_module(f"pushforward.models.{kind}")
    if not hasattr(module, PARTS[part]):
        has = ", ".join(name for name, cls in PARTS.items() if hasattr(module, cls))
        raise InputError(f"{kind} has no {part}; it has: {has}.")
    return getattr(module, PARTS[part])


def accepted(kind: str, part: str) -> tuple[str, ...]:
    """Names of the sizes one part of one architecture takes."""
    return tuple(inspect.signature(find(kind, part)).parameters)


def _known(name: str, names: tuple[str, ...], what: str) -> None:
    if name not in names:
        near = difflib.get_close_matches(name, names, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise InputError(f"no {what} {name!r}; there are: {', '.join(names)}.{hint}")
