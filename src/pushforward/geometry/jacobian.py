"""Jacobians of a generator at many latents: Frobenius norms, exact and estimated, and local Lipschitz constants.

`decode` is any callable from latents (n, d) to data (n, ...) whose row i depends on row i of z alone: a network must be
in evaluation mode. D is the number of data dimensions.
"""

import itertools
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.func import jvp, vjp, vmap
from torch.nn.functional import normalize

from pushforward.errors import InputError
from pushforward.geometry.pushing import push
from pushforward.geometry.tangents import Once

Decode = Callable[[Tensor], Tensor]

MOST_ENTRIES = 2**23  # of Jacobians held at a time, 64 MB in double precision
PASS = 2**18  # numbers of J v in a pass: enough work for the processor, not too much for its cache
FEWEST, MOST = 64, 4096  # tangents in a pass


@dataclass(frozen=True)
class Norms:
    """Frobenius norms (n,) of the Jacobians, with standard errors (n,): 0 where exact, NaN where unknown."""

    value: Tensor
    standard_error: Tensor


@dataclass(frozen=True)
class Lipschitz:
    """Largest singular values (n,) of the Jacobians, and whether each is exact or has converged (n,)."""

    value: Tensor
    converged: Tensor


def jacobian(decode: Decode, z: Tensor, chunk: int = 16) -> Tensor:
    """Jacobians (n, D, d) at z (n, d), by forward mode, `chunk` latent directions at a time."""
    return torch.cat([_pushed(decode, z, axes) for axes in _axes(z).split(chunk)], dim=1).mT


def jacobian_norms(
    decode: Decode,
    z: Tensor,
    method: str = "exact",
    *,
    generator: torch.Generator | None = None,
    draws: int = 16,
    scale: float = 1.0e-3,
    frame: Tensor | None = None,
) -> Norms:
    """Frobenius norms of the Jacobians at z (n, d).

    Args:
        decode: latents (n, d) to data (n, ...).
        z: latents (n, d).
        method: "exact", d forward-mode passes; "hutchinson", sqrt of the mean of |J v|^2 over `draws` random v of
            length sqrt(d), with its standard error; "difference", from the finite differences of `truncation_score`
            with `draws` steps.
        generator: source of the random directions, for the two estimates.
        draws: random directions, at least 2.
        scale: standard deviation of a step's coordinates, for "difference".
        frame: (d, d), orthonormal rows as `principal_frame` gives them, for "hutchinson": along its first rows, half
            of the draws, it is exact; the other draws have random signs along the rest, the same ones for all z. Still
            without bias, much closer where few directions carry most of the norm, and errors of one call go together.

    Raises:
        InputError: an unknown method, no generator where one is needed, too few draws, or a frame that does not fit.
    """
    if method == "exact":
        squares = _squares(decode, z, _axes(z)).sum(dim=1)
        return Norms(squares.sqrt(), torch.zeros_like(squares))
    if method not in ("hutchinson", "difference"):
        raise InputError(f"Methods are exact, hutchinson and difference; {method!r} came.")
    if generator is None or draws < 2:
        raise InputError(f"The {method} estimate needs a torch.Generator and at least 2 draws; draws = {draws} came.")
    if method == "difference":
        score = truncation_score(decode, z, generator=generator, draws=draws, scale=scale)
        return Norms((z.shape[1] * score / draws).sqrt(), torch.full_like(score, math.nan))
    if frame is None:
        squares = _squares(decode, z, _directions(z, draws, generator))
        return _estimated(torch.zeros_like(squares[:, 0]), squares)
    exact = min((draws + 1) // 2, draws - 2, z.shape[1])
    if frame.shape != (z.shape[1], z.shape[1]) or exact < 1:
        raise InputError(
            f"A frame for latents of dimension {z.shape[1]} is square of that size and needs 3 draws or more; "
            f"{tuple(frame.shape)} and {draws} came."
        )
    signs = torch.randint(2, (draws - exact, len(frame) - exact), generator=generator, device=z.device)
    squares = _squares(decode, z, torch.cat([frame[:exact], (2.0 * signs - 1).to(z) @ frame[exact:]]))
    return _estimated(squares[:, :exact].sum(dim=1), squares[:, exact:])


def _estimated(known: Tensor, squares: Tensor) -> Norms:
    """The norm from the part of its square that is known, and draws (n, k) of the rest."""
    norm = (known + squares.mean(dim=1)).sqrt()
    return Norms(norm, squares.std(dim=1) / math.sqrt(squares.shape[1]) / (2 * norm))


@torch.no_grad()
def principal_frame(decode: Decode, z: Tensor) -> Tensor:
    """Eigenvectors of the mean of J^T J over z (n, d), as rows (d, d), those along which data change most first.

    Some dozens of latents of the law do: the frame makes estimates better, it need not be exact.
    """
    mean = z.new_zeros(z.shape[1], z.shape[1], dtype=torch.float64)
    for part in z.split(max(1, MOST_ENTRIES // (decode(z[:1]).numel() * z.shape[1]))):
        rows = jacobian(decode, part).flatten(0, 1).double()
        mean += rows.mT @ rows / len(z)
    return torch.linalg.eigh(mean)[1].mT.flip(0).to(z.dtype)


def truncation_score(
    decode: Decode, z: Tensor, *, generator: torch.Generator, draws: int = 10, scale: float = 1.0e-3
) -> Tensor:
    """Score (n,) that ranks latents in Jacobian-based truncation (Tanielian et al., 2020), as the authors' code has it.

    The sum over draws of |G(z + e) - G(z - e)|^2 / |2 e|^2, e ~ N(0, scale^2 I); each term has expectation
    |J|_F^2 / d. The sum starts at zero, where the released code starts from memory it has not set.
    """
    score = z.new_zeros(len(z))
    with torch.no_grad():
        for _ in range(draws):
            e = scale * _normal(z, generator)
            change = (decode(z + e) - decode(z - e)).flatten(1)
            score += change.square().sum(dim=1) / (2 * e).square().sum(dim=1)
    return score


def local_lipschitz(
    decode: Decode,
    z: Tensor,
    *,
    exact_up_to: int = 128,
    generator: torch.Generator | None = None,
    tolerance: float = 1.0e-4,
    steps: int = 200,
) -> Lipschitz:
    """Largest singular value of the Jacobian at each z (n, d).

    Up to d = `exact_up_to` it is exact, from the d x d matrices J^T J in double precision. Beyond, power iteration on
    J^T J with one forward and one backward pass a step, until the estimate, which never exceeds the truth, grows by
    less than `tolerance` of itself in three steps on end; `converged` says for which z that came to pass.
    The largest value over samples is a lower bound on the Lipschitz constant of the generator.

    Raises:
        InputError: power iteration without a generator.
    """
    if z.shape[1] <= exact_up_to:
        with torch.no_grad():
            entries = decode(z[:1]).numel() * z.shape[1]
        parts = z.split(max(1, MOST_ENTRIES // entries))
        values = torch.cat([_largest_singular_value(jacobian(decode, part)) for part in parts])
        return Lipschitz(values, torch.ones_like(values, dtype=torch.bool))
    if generator is None:
        raise InputError(f"d = {z.shape[1]} > {exact_up_to}: power iteration needs a torch.Generator.")
    return power_iteration(decode, z, generator, tolerance, steps)


def power_iteration(
    decode: Decode, z: Tensor, generator: torch.Generator, tolerance: float = 1.0e-4, steps: int = 200
) -> Lipschitz:
    """Largest singular values by power iteration; see `local_lipschitz`."""
    direction = normalize(_normal(z, generator), dim=1)
    value, quiet = z.new_zeros(len(z)), torch.zeros(len(z), dtype=torch.int64, device=z.device)
    for _ in range(steps):
        image, pull = vjp(decode, z)[:2]
        pushed = _pushed(decode, z, direction[:, None])[:, 0]
        found = pushed.norm(dim=1)
        quiet = torch.where(found - value <= tolerance * found, quiet + 1, 0)
        value = torch.maximum(value, found)
        if bool((quiet >= 3).all()):
            break
        direction = normalize(pull(pushed.view_as(image))[0].detach(), dim=1)
    return Lipschitz(value.detach(), quiet >= 3)


def _axes(z: Tensor) -> Tensor:
    return torch.eye(z.shape[1], dtype=z.dtype, device=z.device)


def _squares(decode: Decode, z: Tensor, tangents: Tensor) -> Tensor:
    """|J v|^2 (n, k) of tangents as `_pushed` takes them, in passes of a fair size."""
    with torch.no_grad():
        rows = min(max(PASS // max(decode(z[:1]).numel(), 1), FEWEST), MOST)
    found = []
    for some in tangents.split(rows, dim=-2):
        size = max(1, rows // some.shape[-2])
        own = some.split(size) if some.dim() == 3 else itertools.repeat(some)
        once, parts = Once(), zip(z.split(size), own, strict=False)
        found.append(torch.cat([_pushed(decode, part, each, once).square().sum(dim=2) for part, each in parts]))
    return torch.cat(found, dim=1)


def _pushed(decode: Decode, z: Tensor, tangents: Tensor, once: Once | None = None) -> Tensor:
    """J v (n, k, D) for tangents v (n, k, d), or (k, d) where they are the same for all."""
    found = push(decode, z, tangents, once)
    if found is not None:
        return found
    with torch.no_grad(), warnings.catch_warnings():
        # Forward mode loads rules that torch itself still writes with torch.jit.script, which it deprecates.
        warnings.filterwarnings("ignore", r".*torch\.jit\.script.*", DeprecationWarning)
        many = vmap(
            lambda v: jvp(decode, (z,), (v.expand_as(z),))[1].flatten(1), in_dims=tangents.dim() - 2, out_dims=1
        )
        return many(tangents)


def _largest_singular_value(matrices: Tensor) -> Tensor:
    wide = matrices.double()
    gram = wide.mT @ wide if wide.shape[1] >= wide.shape[2] else wide @ wide.mT
    return torch.linalg.eigvalsh(gram)[:, -1].clamp(min=0).sqrt().to(matrices.dtype)


def _directions(z: Tensor, draws: int, generator: torch.Generator) -> Tensor:
    """Random vectors (n, draws, d) of length sqrt(d)."""
    found = torch.stack([_normal(z, generator) for _ in range(draws)], dim=1)
    return math.sqrt(z.shape[1]) * normalize(found, dim=2)


def _normal(z: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(z.shape, generator=generator, dtype=z.dtype, device=z.device)
