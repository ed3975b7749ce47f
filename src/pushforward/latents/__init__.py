"""Laws of z by name: objects that sample latents, tell their classes and store themselves with a checkpoint.

A law is looked up when it is built, so the code a job depends on is the law it names and no other.
"""

import difflib
import importlib
import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pushforward.errors import Corrupt, InputError

if TYPE_CHECKING:
    from torch import Tensor

    from pushforward.latents.law import Law

LAWS = {
    "gaussian": "gaussian:Gaussian",
    "simplicial": "simplicial:Simplicial",
    "linear": "linear:Linear",
    "mixture": "mixture:Mixture",
    "random_directions": "controls:RandomDirections",
    "norm": "controls:NormTruncation",
}


def build(law: str, *, dim: int, seed: int = 0, **params: Any) -> "Law":
    """Build a law of z.

    Args:
        law: its name, one of `LAWS`.
        dim: latent dimension d.
        seed: of its random directions or first means; a law that draws neither takes none of it.
        **params: the law's own arguments; those that are None count as not given.

    Raises:
        InputError: no such law or argument, or a threshold that cannot be reached.
    """
    kind = find(law)
    known = inspect.signature(kind).parameters
    given = {"dim": dim, **{name: value for name, value in params.items() if value is not None}}
    if "seed" in known:
        given["seed"] = seed
    try:
        inspect.signature(kind).bind(**given)
    except TypeError as error:
        raise InputError(f"law {law}: {error}; its arguments are {', '.join(known)}.") from None
    return kind(**given)


def restore(about: Mapping[str, Any], tensors: Mapping[str, "Tensor"]) -> "Law":
    """Rebuild the very same law from `law.about()` and `law.state_dict()`; nothing is drawn or measured again.

    Raises:
        Corrupt: the two do not belong together.
    """
    try:
        return find(about["law"]).from_state(about, tensors)
    except (KeyError, TypeError, RuntimeError) as error:
        raise Corrupt(f"this is not the record of a law of z with its tensors ({error}). Restore the file.") from error


def find(law: str) -> "type[Law]":
    """The class of a law.

    Raises:
        InputError: no such law.
    """
    if law not in LAWS:
        near = difflib.get_close_matches(law, LAWS, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise InputError(f"no law of z {law!r}; there are: {', '.join(LAWS)}.{hint}")
    module, name = LAWS[law].split(":")
    return getattr(importlib.import_module(f"pushforward.latents.{module}"), name)
