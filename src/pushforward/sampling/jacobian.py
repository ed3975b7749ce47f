"""Jacobian-based truncation (Tanielian et al. 2020): drop the latents at which the generator is steepest.

Those are the ones that it sends between the modes.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from pushforward import rng
from pushforward.errors import Diverged, InputError
from pushforward.geometry.jacobian import jacobian_norms, principal_frame
from pushforward.latents.law import Acceptance, Law

Decode = Callable[[Tensor], Tensor]
CALIBRATION = 5000  # latents that a global threshold is read off
FRAME = 64  # latents whose mean metric gives "hutchinson" its frame
PATIENCE = 100  # times more latents than expected, then drawing gives up


class JacobianTruncation(Law):
    """The latents of a law at which the Jacobian of the generator has a small Frobenius norm.

    Args:
        law: of the latents before truncation, truncated itself or not.
        decode: latents (n, d) to data (n, ...), row by row.
        keep: share that is kept.
        estimate: of the norm: "exact", "hutchinson", or "difference", the printed one (see `geometry.jacobian`).
        draws: directions of an estimate; with 3 or more, "hutchinson" takes half of them along a principal frame.
        scope: "batch" keeps the `batch` smallest of every floor(batch / keep) latents, as the authors' code does;
            "global" compares each with one threshold, read off a sample, so that kept latents are independent.
        batch: latents kept together; with "global", looked at together.
        scale: standard deviation of a step's coordinates, for "difference".
        seed: of the sample for the threshold.
        device: where `decode` is and the law is put.

    Raises:
        InputError: a setting out of its range.
        Diverged: norms that are not finite.
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
        scale: float = 1.0e-3,
        seed: int = 0,
        device: str | torch.device = "cpu",
    ) -> None:
        super().__init__(law.dim)
        if not 0 < keep <= 1 or scope not in ("batch", "global") or batch < 1:
            raise InputError(
                f"law jacobian: keep in (0, 1], scope batch or global, batch at least 1; {keep}, {scope!r}, {batch}."
            )
        self.law, self.components = law.to(device), law.components
        self.__dict__["decode"] = decode  # a network is no part of the law of its latents
        self.keep, self.estimate, self.draws, self.scope, self.batch = keep, estimate, draws, scope, batch
        self.scale, self.seed, self.device = scale, seed, device
        self.frame: Tensor | None = None
        if estimate == "hutchinson" and draws > 2:
            some = self.law.sample(FRAME, rng.generator(seed, "jacobian", "frame", device=device))
            self.frame = principal_frame(decode, some)
        self.drawn = math.floor(batch / keep + 1e-9)
        self.threshold = math.inf
        own = Acceptance(batch / self.drawn)
        if scope == "global" and keep < 1:
            self.threshold, own = self._calibrate()
        before = law.acceptance()
        rate = before.rate * own.rate
        relative = math.hypot(before.error / before.rate, own.error / own.rate)
        self._accepted = Acceptance(rate, rate * relative, own.draws or before.draws)

    def norms(self, z: Tensor, generator: torch.Generator) -> Tensor:
        """Frobenius norms of the Jacobians, (n, d) -> (n,), as the estimate has them.

        Raises:
            Diverged: some are not finite.
        """
        settings = {"generator": generator, "draws": self.draws, "scale": self.scale, "frame": self.frame}
        found = jacobian_norms(self.decode, z, self.estimate, **settings).value  # type: ignore[arg-type]
        bad = int((~found.isfinite()).sum())
        if bad:
            raise Diverged(f"the generator has no finite Jacobian norm at {bad} of {len(z)} latents; take a good one.")
        return found

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw exactly `n` latents, in the order in which they were drawn.

        Raises:
            InputError: far fewer latents are kept than expected.
            Diverged: see `norms`.
        """
        return self._draw(n, generator, lambda: (self.law.sample(self.drawn, generator),))[0]

    def sample_labelled(self, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw exactly `n` latents with their classes; of a mixture, those that they were drawn from."""
        z, label = self._draw(n, generator, lambda: self.law.sample_labelled(self.drawn, generator))
        return z, label

    @torch.no_grad()
    def _draw(self, n: int, generator: torch.Generator, more: Callable[[], tuple[Tensor, ...]]) -> list[Tensor]:
        """The first `n` rows that stay of what `more` gives, latents first."""
        parts, found, tried = [tuple(part[:0] for part in more())] if n < 1 else [], 0, 0
        while found < n:
            if tried > PATIENCE * (self.drawn / self.batch) * (found + self.batch):
                raise InputError(f"law jacobian: {found} of {n} latents after {tried}; raise keep (now {self.keep}).")
            drawn = more()
            kept = self._keeps(self.norms(drawn[0], generator))[: n - found]
            parts.append(tuple(part[kept] for part in drawn))
            found, tried = found + len(kept), tried + len(drawn[0])
        return [torch.cat(part) for part in zip(*parts, strict=True)]

    def classify(self, z: Tensor) -> Tensor:
        """The class that the law before truncation gives each latent."""
        return self.law.classify(z)

    def acceptance(self) -> Acceptance:
        """Share of N(0, I) that passes the law and the truncation."""
        return self._accepted

    def _arguments(self) -> dict[str, Any]:
        about: dict[str, Any] = {"keep": self.keep, "estimate": self.estimate, "scope": self.scope}
        if self.estimate != "exact":
            about["draws"] = self.draws
        if self.frame is not None:
            about["frame"] = FRAME
        if self.estimate == "difference":
            about["scale"] = self.scale
        if self.scope == "batch":
            about |= {"batch": self.batch, "drawn": self.drawn}
        else:
            about |= {"threshold": self.threshold, "calibration": CALIBRATION, "seed": self.seed}
        return {**super()._arguments(), **about, "of": self.law.about()}

    def _keeps(self, norms: Tensor) -> Tensor:
        """Places of the latents that stay, in order."""
        if self.scope == "global":
            return (norms <= self.threshold).nonzero().flatten()
        return norms.argsort(stable=True)[: self.batch].sort().values

    def _calibrate(self) -> tuple[float, Acceptance]:
        """The threshold that keeps the share, read off one sample; the share that it keeps, measured on another."""
        norms = []
        for purpose in ("threshold", "acceptance"):
            stream = rng.generator(self.seed, "jacobian", purpose, device=self.device)
            with torch.no_grad():
                parts = self.law.sample(CALIBRATION, stream).split(self.drawn)
            norms.append(torch.cat([self.norms(z, stream) for z in parts]))
        threshold = float(norms[0].double().quantile(self.keep))
        rate = float((norms[1] <= threshold).double().mean())
        return threshold, Acceptance(
            rate, math.sqrt(max(rate * (1 - rate), 1 / CALIBRATION) / CALIBRATION), CALIBRATION
        )
