"""Draw latents, decode them, and label what comes out."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pushforward.errors import InputError
from pushforward.latents.law import Law

Decode = Callable[[Tensor], Tensor]
Classify = Callable[[Tensor], tuple[Tensor, Tensor]]
BATCH = 1000
PROBE = 20_000  # draws before a confidence filter is judged
PATIENCE = 200  # draws for one kept latent, above which the filter is given up


@dataclass(frozen=True)
class Labelled:
    """Latents with the oracle's word on their images.

    Attributes:
        z: (n, d).
        label: (n,) int64.
        confidence: (n,), in [0, 1].
        drawn: latents drawn to get these n.
        truth: (n,) int64, labels of the images that latents are encodings of; None for latents that were drawn.
        exhausted: whether fewer came than were asked for because there were no more.
    """

    z: Tensor
    label: Tensor
    confidence: Tensor
    drawn: int
    truth: Tensor | None = None
    exhausted: bool = False

    @property
    def acceptance(self) -> float:
        """Share of the drawn latents that are kept."""
        return len(self.z) / self.drawn if self.drawn else float("nan")

    def confident(self, threshold: float, n: int | None = None) -> "Labelled":
        """The first `n` (None: all) whose confidence is above `threshold`; fewer where there are not so many."""
        kept = (self.confidence > threshold).nonzero().flatten()
        short = n is None or len(kept) < n
        drawn = self.drawn if short else int(kept[n - 1]) + 1  # type: ignore[operator]
        kept = kept if short else kept[:n]
        return self._only(kept, drawn)

    def truly(self) -> "Labelled":
        """The same latents under the true labels in place of the oracle's; those whose image has none are left out.

        Raises:
            InputError: latents that were drawn.
        """
        if self.truth is None:
            raise InputError("latents that are drawn have no true labels; take the oracle's, or encodings of images.")
        rows = (self.truth >= 0).nonzero().flatten()
        return replace(self._only(rows, self.drawn), label=self.truth[rows])

    def _only(self, rows: Tensor, drawn: int) -> "Labelled":
        truth = None if self.truth is None else self.truth[rows]
        return Labelled(self.z[rows], self.label[rows], self.confidence[rows], drawn, truth, self.exhausted)


@torch.no_grad()
def samples(decode: Decode, law: Law, n: int, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of latents (b, d) and what they decode to (b, ...), `n` in all.

    Whole batches are drawn, also where fewer are given: the first latents of a stream do not depend on `n`.
    """
    for start in range(0, n, BATCH):
        z = law.sample(BATCH, generator)[: n - start]
        yield z, decode(z)


def labelled(decode: Decode, law: Law, classify: Classify, n: int, generator: torch.Generator) -> Labelled:
    """`n` latents, each with the oracle's label and confidence."""
    return _joined([(z, *classify(x)) for z, x in samples(decode, law, n, generator)], law.dim)


def confident(
    decode: Decode, law: Law, classify: Classify, n: int, threshold: float, generator: torch.Generator
) -> Labelled:
    """Latents in the order drawn, until `n` of them are labelled with a confidence above `threshold`.

    All that were drawn are given, so that other thresholds can be applied to the same latents
    (`Labelled.confident`). A generator that hardly ever convinces the oracle ends the search: after `PROBE` draws, once
    fewer than one in `PATIENCE` is kept. `Labelled.confident` then has fewer than `n`.
    """
    parts: list[tuple[Tensor, Tensor, Tensor]] = []
    kept = drawn = 0
    while kept < n and (drawn < PROBE or kept * PATIENCE >= drawn):
        ((z, x),) = samples(decode, law, BATCH, generator)
        label, confidence = classify(x)
        parts.append((z, label, confidence))
        kept, drawn = kept + int((confidence > threshold).sum()), drawn + BATCH
    return _joined(parts, law.dim)


def _joined(parts: Sequence[tuple[Tensor, Tensor, Tensor]], dim: int) -> Labelled:
    none = (torch.zeros(0, dim), torch.zeros(0, dtype=torch.int64), torch.zeros(0))
    z, label, confidence = (torch.cat(part) for part in zip(*(parts or [none]), strict=True))
    return Labelled(z, label, confidence, len(z))
