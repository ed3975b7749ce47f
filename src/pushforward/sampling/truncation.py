"""Laws of z at test time: the trained gate at another threshold, another gate, or Jacobian-based truncation.

Jacobian-based truncation (Tanielian et al. 2020) drops the latents at which the generator is steepest: those that it
sends between the modes.
"""

import copy
import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from pushforward import latents, rng
from pushforward.errors import InputError
from pushforward.geometry.jacobian import jacobian_norms
from pushforward.latents.directions import DirectionGate
from pushforward.latents.gate import Gate
from pushforward.latents.law import Acceptance, Law

Decode = Callable[[Tensor], Tensor]
CALIBRATION = 5000  # latents that a global threshold is read off
PATIENCE = 100  # times more latents than expected, then drawing gives up


def at_test_time(law: Law, spec: Mapping[str, Any], decode: Decode, seed: int) -> Law:
    """The law of z at test time.

    Args:
        law: that of the training.
        spec: `method` is "trained"; "threshold" with `tau`, `acceptance` or `margin`; "law" with the settings of
            another one as `latent`; or "jacobian" with the arguments of `JacobianTruncation`.
        decode: latents (n, d) to data (n, ...), row by row.
        seed: of whatever a law draws for itself.

    Raises:
        InputError: no such method, a threshold for a law without a gate, or one that is out of reach.
    """
    given = {key: value for key, value in spec.items() if key != "method"}
    if spec["method"] == "trained":
        return law
    if spec["method"] == "threshold":
        return _at_threshold(law, **given)
    if spec["method"] == "law":
        return latents.build(dim=law.dim, seed=rng.derive(seed, "law"), **given["latent"])
    if spec["method"] == "jacobian":
        return JacobianTruncation(law, decode, seed=seed, **given)
    raise InputError(f"methods at test time are trained, threshold, law and jacobian; {spec['method']!r} came.")


class JacobianTruncation(Law):
    """The latents of a law at which the Jacobian of the generator has a small Frobenius norm.

    Args:
        law: of the latents before truncation, truncated itself or not.
        decode: latents (n, d) to data (n, ...), row by row.
        keep: share that is kept.
        estimate: of the norm: "exact", "hutchinson", or "difference", the printed one (see `geometry.jacobian`).
        draws: random directions of an estimate.
        scope: "batch" keeps the `batch` smallest of every floor(batch / keep) latents, as the authors' code does;
            "global" compares each with one threshold, read off a sample, so that kept latents are independent.
        batch: latents kept together; with "global", looked at together.
        seed: of the sample for the threshold.

    Raises:
        InputError: a setting out of its range.
    """

    name = "jacobian"
    decode: Decode

    def __init__(
        self,
        law: Law,
        decode: Decode,
        keep: float,
        estimate: str = "exact",
        draws: int = 10,
        scope: str = "batch",
        batch: int = 100,
        seed: int = 0,
    ) -> None:
        super().__init__(law.dim)
        if not 0 < keep <= 1 or scope not in ("batch", "global") or batch < 1:
            raise InputError(
                f"law jacobian: keep in (0, 1], scope batch or global, batch at least 1; {keep}, {scope!r}, {batch}."
            )
        self.law, self.components = law, law.components
        self.__dict__["decode"] = decode  # a network is no part of the law of its latents
        self.keep, self.estimate, self.draws, self.scope, self.batch = keep, estimate, draws, scope, batch
        self.seed = seed
        self.drawn = math.floor(batch / keep + 1e-9)
        self.threshold = math.inf
        own = Acceptance(batch / self.drawn)
        if scope == "global":
            self.threshold, own = self._calibrate()
        before = law.acceptance()
        rate = before.rate * own.rate
        relative = math.hypot(before.error / before.rate, own.error / own.rate)
        self._accepted = Acceptance(rate, rate * relative, own.draws or before.draws)

    def norms(self, z: Tensor, generator: torch.Generator) -> Tensor:
        """Frobenius norms of the Jacobians, (n, d) -> (n,), as the estimate has them."""
        return jacobian_norms(self.decode, z, self.estimate, generator=generator, draws=self.draws).value

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw exactly `n` latents, in the order in which they were drawn.

        Raises:
            InputError: far fewer latents are kept than expected.
        """
        parts, found, tried = [self.law.sample(0, generator)], 0, 0
        while found < n:
            if tried > PATIENCE * (self.drawn / self.batch) * (found + self.batch):
                raise InputError(f"law jacobian: {found} of {n} latents after {tried}; raise keep (now {self.keep}).")
            z = self.law.sample(self.drawn, generator)
            kept = z[self._keeps(self.norms(z, generator))]
            parts.append(kept[: n - found])
            found, tried = found + len(parts[-1]), tried + len(z)
        return torch.cat(parts)

    def classify(self, z: Tensor) -> Tensor:
        """The class that the law before truncation gives each latent."""
        return self.law.classify(z)

    def acceptance(self) -> Acceptance:
        """Share of N(0, I) that passes the law and the truncation."""
        return self._accepted

    def _arguments(self) -> dict[str, Any]:
        own = {"keep": self.keep, "estimate": self.estimate, "draws": self.draws, "scope": self.scope}
        threshold = {"threshold": self.threshold} if self.scope == "global" else {"batch": self.batch}
        return {**super()._arguments(), **own, **threshold, "of": self.law.about()}

    def _keeps(self, norms: Tensor) -> Tensor:
        """Places of the latents that stay, in order."""
        if self.scope == "global":
            return (norms <= self.threshold).nonzero().flatten()
        return norms.argsort(stable=True)[: self.batch].sort().values

    def _calibrate(self) -> tuple[float, Acceptance]:
        """The threshold that keeps the share, read off one sample; the share that it keeps, measured on another."""
        norms = []
        for purpose in ("threshold", "acceptance"):
            stream = rng.generator(self.seed, "jacobian", purpose)
            parts = self.law.sample(CALIBRATION, stream).split(self.drawn)
            norms.append(torch.cat([self.norms(z, stream) for z in parts]))
        threshold = float(norms[0].double().quantile(self.keep))
        rate = float((norms[1] <= threshold).double().mean())
        return threshold, Acceptance(
            rate, math.sqrt(max(rate * (1 - rate), 1 / CALIBRATION) / CALIBRATION), CALIBRATION
        )


def _at_threshold(
    law: Law, tau: float | None = None, acceptance: float | None = None, margin: float | None = None
) -> Gate:
    """The gate of a law at another threshold."""
    if not isinstance(law, Gate):
        raise InputError(f"law {law.name} has no threshold; take method law, which puts a gate on any training.")
    if margin is None:
        return law.truncate(tau, acceptance)
    if not isinstance(law, DirectionGate):
        raise InputError(f"law {law.name} has no directions, so no margin; give tau or acceptance.")
    wide = copy.deepcopy(law)
    wide.rule = "gap"  # the theory's gate of the same cells
    return wide.truncate(margin)
