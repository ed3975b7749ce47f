"""Truncation of a Gaussian: latents are redrawn until a score exceeds a threshold.

A gate is measured when its threshold is set. A threshold that cannot be reached is an error there, before any training,
and drawing gives up only with an error: never fewer latents than asked, never one that the gate refuses.
"""

import abc
import copy
import math
from collections.abc import Iterator, Mapping
from typing import Any, Self

import torch
from scipy.optimize import brentq
from torch import Tensor

from pushforward import rng
from pushforward.errors import InputError
from pushforward.latents.law import Acceptance, Law, gaussian

DRAWS = 2**19  # latents of a measurement: a rate of 0.44 % is known to 2 % of itself
CHUNK = 2**21  # numbers drawn at once
FEWEST = 64  # accepted latents from which a threshold is read off
PATIENCE = 1000  # times fewer latents than expected, then the gate gives up


class Gate(Law):
    """N(0, I) given that `score(z) > tau`.

    Args:
        dim: latent dimension d.
        seed: of the measurement and of whatever the gate draws for itself.

    Attributes:
        tau: the threshold; None while nothing is truncated.
    """

    tau: float | None = None
    interchangeable = False  # whether a symmetry of N(0, I) carries any class to any other

    def __init__(self, dim: int, seed: int) -> None:
        super().__init__(dim)
        self.seed = seed
        self._measured = Acceptance(1.0)

    @abc.abstractmethod
    def score(self, z: Tensor) -> Tensor:
        """What is compared with the threshold, (n, d) -> (n,) float64."""

    def ceiling(self) -> float:
        """A value that no score exceeds."""
        return math.inf

    def exact_rate(self, tau: float) -> float:
        """Acceptance at a threshold; NaN where no formula is known."""
        return math.nan

    def accepts(self, z: Tensor) -> Tensor:
        """Whether the gate keeps each latent, (n, d) -> (n,) bool; the comparison is strict."""
        if self.tau is None:
            return torch.ones(len(z), dtype=torch.bool, device=z.device)
        return self.score(z) > self.tau

    def acceptance(self) -> Acceptance:
        """Share of N(0, I) that passes: exact where a formula is known, else measured when the threshold was set."""
        return self._measured

    def measure(self, draws: int, generator: torch.Generator) -> Acceptance:
        """Measure the acceptance afresh on `draws` latents."""
        passed = sum(int(self.accepts(z).sum()) for z in _chunks(draws, self.dim, generator))
        return _estimate(passed, draws)

    def truncate(self, tau: float | None = None, acceptance: float | None = None) -> Self:
        """The same gate at another threshold, given as `tau` or as the acceptance rate wanted.

        Raises:
            InputError: both are given, or the threshold is out of reach (the largest reachable one is named).
        """
        law = copy.deepcopy(self)
        law._set_threshold(tau, acceptance)
        return law

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw exactly `n` latents that the gate accepts, (n, d) float32, on the generator's device.

        Raises:
            InputError: far more draws than the measured acceptance calls for did not give `n`.
        """
        return self._draw(n, generator, None)

    def sample_class(self, n: int, label: int, generator: torch.Generator) -> Tensor:
        """Draw exactly `n` accepted latents of one class, (n, d) float32.

        Where the classes are interchangeable every draw is first carried into the class by a symmetry of N(0, I), so
        that one class costs no more than all of them.

        Raises:
            InputError: no such class, or it is too rare to be met.
        """
        if not 0 <= label < self.components:
            raise InputError(f"law {self.name} has the classes 0 to {self.components - 1}, not {label}.")
        return self._draw(n, generator, label)

    def about(self) -> dict[str, Any]:
        """The law in plain values: its name, its arguments, its threshold and what it accepts."""
        return {**super().about(), "tau": self.tau}

    @classmethod
    def from_state(cls, about: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Self:
        """Rebuild the law that `about()` and `state_dict()` came from, with its threshold and measurement."""
        law = super().from_state(about, tensors)
        law.tau, law._measured = about["tau"], Acceptance(**about["acceptance"])
        return law

    def _arguments(self) -> dict[str, Any]:
        return {**super()._arguments(), "seed": self.seed}

    def _into_class(self, z: Tensor, label: int) -> Tensor:
        """Carry latents into a class by a symmetry of N(0, I), where the classes are interchangeable."""
        return z

    def _draw(self, n: int, generator: torch.Generator, label: int | None) -> Tensor:
        share = self._measured.rate
        if label is not None and not self.interchangeable:
            share /= self.components
        kept, found, tried = [gaussian(min(n, 0), self.dim, generator)], 0, 0
        while found < n:
            if tried * share > PATIENCE and found * PATIENCE < tried * share:
                raise InputError(
                    f"law {self.name}: {found} of {n} latents after {tried} draws, an acceptance rate of "
                    f"{found / tried:.2g} where about {share:.2g} was expected (threshold {self.tau}, class {label}). "
                    "Lower the threshold."
                )
            wanted = n - found if share == 1 else math.ceil(1.1 * (n - found) / share) + 16
            z = gaussian(min(wanted, max(CHUNK // self.dim, 1)), self.dim, generator)
            tried += len(z)
            z = z if label is None else self._into_class(z, label)
            passes = self.accepts(z) if label is None else self.accepts(z) & (self.classify(z) == label)
            kept.append(z[passes][: n - found])
            found += len(kept[-1])
        return torch.cat(kept)

    def _set_threshold(self, tau: float | None, acceptance: float | None) -> None:
        if tau is not None and acceptance is not None:
            raise InputError(
                f"law {self.name}: its threshold is given twice, as tau and as an acceptance rate; give one."
            )
        self.tau, self._measured = None, Acceptance(1.0)
        if (tau is None and acceptance is None) or acceptance == 1:
            return
        stream = rng.generator(self.seed, "acceptance")
        scores = torch.cat([self.score(z) for z in _chunks(DRAWS, self.dim, stream)]).sort(descending=True).values
        tau = self._threshold_for(acceptance, scores) if tau is None else tau
        passed, ceiling = int((scores > tau).sum()), self.ceiling()
        if not passed or tau >= ceiling:
            bound = f", and none can exceed {ceiling:.4g}" if math.isfinite(ceiling) else ""
            raise InputError(
                f"law {self.name}: the threshold {tau:.4g} cannot be reached: the largest score of {DRAWS} latents is "
                f"{scores[0]:.4g}{bound}. Lower the threshold, or give it as an acceptance rate."
            )
        rate = self.exact_rate(tau)
        self.tau, self._measured = tau, _estimate(passed, DRAWS) if math.isnan(rate) else Acceptance(rate)

    def _threshold_for(self, acceptance: float | None, scores: Tensor) -> float:
        """The threshold that keeps a given share; `scores` is sorted, largest first."""
        share = float("nan") if acceptance is None else acceptance
        if not FEWEST / DRAWS <= share < 1:
            raise InputError(
                f"law {self.name}: an acceptance rate is a share between {FEWEST / DRAWS:.2g} and 1, not {acceptance}."
            )
        low, high = float(scores[-1]), float(scores[0])
        if not math.isnan(self.exact_rate(low)):
            return float(brentq(lambda tau: self.exact_rate(tau) - share, 2 * low - high, 2 * high - low, xtol=1e-12))
        rank = min(round(share * DRAWS), DRAWS - 1)
        return float((scores[rank - 1] + scores[rank]) / 2)


def _chunks(draws: int, dim: int, generator: torch.Generator) -> Iterator[Tensor]:
    size = max(CHUNK // dim, 1)
    for start in range(0, draws, size):
        yield gaussian(min(size, draws - start), dim, generator)


def _estimate(passed: int, draws: int) -> Acceptance:
    """A binomial share with its standard error, which is never given below that of a single success."""
    rate = passed / draws
    return Acceptance(rate, math.sqrt(max(rate * (1 - rate), 1 / draws) / draws), draws)
