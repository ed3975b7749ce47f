"""Laws of z at test time: the trained gate at another threshold, another gate, or Jacobian-based truncation."""

import copy
import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch

from pushforward import latents, rng
from pushforward.errors import InputError
from pushforward.latents.directions import DirectionGate
from pushforward.latents.gate import Gate
from pushforward.latents.law import Law
from pushforward.sampling.jacobian import Decode, JacobianTruncation


def at_test_time(
    law: Law, spec: Mapping[str, Any], decode: Decode, seed: int, device: str | torch.device = "cpu"
) -> Law:
    """The law of z at test time, on `device`.

    Args:
        law: that of the training, on the CPU, where thresholds are measured.
        spec: `method` is "trained"; "threshold" with `tau`, `acceptance` or `margin`; "law" with the settings of
            another one as `latent`; or "jacobian" with the arguments of `JacobianTruncation`.
        decode: latents (n, d) to data (n, ...), row by row.
        seed: of whatever a law draws for itself.
        device: where `decode` is; the law that is given back is put there, the trained one too where it is that one.

    Raises:
        InputError: no such method or argument, a threshold for a law without a gate, or one that is out of reach.
    """
    ways: dict[str, Callable[..., Law]] = {
        "trained": lambda: law,
        "threshold": partial(_at_threshold, law),
        "law": partial(_another, law.dim, seed),
        "jacobian": partial(JacobianTruncation, law, decode, seed=seed, device=device),
    }
    method, given = spec.get("method"), {key: value for key, value in spec.items() if key != "method"}
    if method not in ways:
        raise InputError(f"methods at test time are {', '.join(ways)}; {method!r} came.")
    try:
        inspect.signature(ways[method]).bind(**given)
    except TypeError as error:
        raise InputError(f"law of z at test time, method {method}: {error}.") from None
    return ways[method](**given).to(device)


def _another(dim: int, seed: int, latent: Mapping[str, Any]) -> Law:
    return latents.build(dim=dim, **{"seed": rng.derive(seed, "law"), **latent})


def _at_threshold(
    law: Law, tau: float | None = None, acceptance: float | None = None, margin: float | None = None
) -> Gate:
    """The gate of a law at another threshold."""
    if not isinstance(law, Gate):
        raise InputError(f"law {law.name} has no threshold; take method law, which puts a gate on any training.")
    given = [value for value in (tau, acceptance, margin) if value is not None]
    if len(given) != 1:
        raise InputError(f"a threshold is given once, as tau, acceptance or margin; {len(given)} of them came.")
    gate = copy.deepcopy(law).cpu()  # thresholds are measured there, the same on every machine
    if margin is None:
        return gate.truncate(tau, acceptance)
    if not isinstance(gate, DirectionGate):
        raise InputError(f"law {law.name} has no directions, so no margin; give tau or acceptance.")
    gate.rule = "gap"  # the theory's gate of the same cells
    return gate.truncate(margin)
