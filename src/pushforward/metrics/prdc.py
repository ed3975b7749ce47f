"""Precision, recall, density and coverage of generated features, exact at any size.

Definitions: precision and recall of Kynkaanniemi et al. 2019, density and coverage of Naeem et al. 2020, in the
conventions of the latter's code: the ball of a point reaches to its k-th neighbour, itself not counted, and is open
(strict `<`). All four are percentages, as in the paper's tables.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pushforward.arrays import Doubles, Floats, finite_matrix
from pushforward.errors import InputError
from pushforward.metrics.balls import hits
from pushforward.metrics.neighbours import kth_distances


class Protocol(StrEnum):
    """How the two sets are handed to the measure."""

    CORRECT = "correct"
    SWAPPED = "swapped"  # generated features in the place of real ones: what the authors' evaluation script does
    CENTRED = "centred"  # each set minus its own mean: what their transformer script does to both sets before


@dataclass(frozen=True)
class PRDC:
    """The four measures in percent, and how they came about.

    Attributes:
        precision: share of fake points inside at least one real ball.
        recall: share of real points inside at least one fake ball.
        density: mean number of real balls around a fake point, over k; may exceed 100.
        coverage: share of real balls with at least one fake point inside.
        k: which neighbour the balls reach to.
        n_real: number of real points.
        n_fake: number of fake points.
        protocol: what was put where, see `Protocol`.
        status: "ok", "constant" (a set is a single point) or "duplicates" (most balls of a set are empty).
        reason: why; also with "ok" where some balls are empty.
    """

    precision: float
    recall: float
    density: float
    coverage: float
    k: int
    n_real: int
    n_fake: int
    protocol: str
    status: str
    reason: str


def prdc(
    real: Any,
    fake: Any,
    k: int = 5,
    *,
    protocol: Protocol | str = Protocol.CORRECT,
    threads: int | None = None,
    block: int | None = None,
) -> PRDC:
    """Precision, recall, density and coverage of `fake` against `real`.

    Args:
        real: features of real data, (n, D).
        fake: features of generated data, (m, D).
        k: which neighbour a ball reaches to; 5 in the paper.
        protocol: `correct`, or a variant of the authors' scripts.
        threads: workers; None for as many as torch may use.
        block: rows handled at once; None for a size that suits the cache. It changes no result.

    Raises:
        InputError: a set is no matrix, has rows that are not finite or fewer than k + 2 rows, or the widths differ.
    """
    real, fake = _features(real, k, "real"), _features(fake, k, "fake")
    _check_widths(real, fake)
    real_radii = kth_distances(real, k, threads, block)
    fake_radii = kth_distances(fake, k, threads, block)
    return prdc_from_radii(real, real_radii, fake, fake_radii, k, protocol=protocol, threads=threads, block=block)


def radii(features: Any, k: int = 5, *, threads: int | None = None, block: int | None = None) -> Doubles:
    """Radii (n,) of the balls around features (n, D): what can be kept of one set for many comparisons.

    Raises:
        InputError: as `prdc`.
    """
    return kth_distances(_features(features, k, "the"), k, threads, block)


def prdc_from_radii(
    real: Any,
    real_radii: Any,
    fake: Any,
    fake_radii: Any,
    k: int = 5,
    *,
    protocol: Protocol | str = Protocol.CORRECT,
    threads: int | None = None,
    block: int | None = None,
) -> PRDC:
    """`prdc` with radii (n,) and (m,) of the two sets known; the same radii serve every protocol.

    Raises:
        InputError: as `prdc`; or the radii do not fit the features.
    """
    real, fake, protocol = _features(real, k, "real"), _features(fake, k, "fake"), Protocol(protocol)
    _check_widths(real, fake)
    first, second = (real, _radii(real_radii, real, "real")), (fake, _radii(fake_radii, fake, "fake"))
    status, reason = _state({"real": first, "fake": second}, k)
    if protocol is Protocol.SWAPPED:
        first, second = second, first
    elif protocol is Protocol.CENTRED:
        first, second = (_centred(real), first[1]), (_centred(fake), second[1])
    found = hits(*first, *second, threads=threads, block=block)
    return PRDC(
        precision=_percent(found.balls > 0),
        recall=_percent(found.real_inside),
        density=100 * int(found.balls.sum()) / (k * len(found.balls)),
        coverage=_percent(found.real_covering),
        k=k,
        n_real=len(real),
        n_fake=len(fake),
        protocol=protocol.value,
        status=status,
        reason=reason,
    )


def _percent(which: NDArray[np.bool_]) -> float:
    return 100 * int(which.sum()) / len(which)


def _features(values: Any, k: int, name: str) -> Floats:
    features = finite_matrix(values, f"{name} feature")
    if k < 1 or len(features) < k + 2:
        raise InputError(
            f"balls to the k-th neighbour need k >= 1 and at least k + 2 rows; got k = {k} and "
            f"{len(features)} {name} feature rows: draw more samples or lower k."
        )
    return features


def _check_widths(real: Floats, fake: Floats) -> None:
    if real.shape[1] != fake.shape[1]:
        raise InputError(
            f"real and fake features must have one width, got {real.shape[1]} and {fake.shape[1]}: "
            "take both from the same extractor."
        )


def _radii(values: Any, features: Floats, name: str) -> Doubles:
    known = np.asarray(values, np.float64)
    if known.shape != (len(features),) or not (known >= 0).all():
        raise InputError(
            f"expected {len(features)} {name} radii, none negative or NaN, got shape {known.shape}: "
            "take them from radii() of the same features."
        )
    return known


def _centred(features: Floats) -> Doubles:
    """Features minus their mean; centring changes no radius but by rounding."""
    return features - features.mean(axis=0, dtype=np.float64)


def _state(sets: dict[str, tuple[Floats, Doubles]], k: int) -> tuple[str, str]:
    """Whether the numbers say something: not where a set is one point, or most balls have radius 0."""
    constant = [name for name, (features, _) in sets.items() if (features == features[0]).all()]
    if constant:
        return "constant", f"all {' and all '.join(constant)} features are the same point"
    empty = {name: int((known == 0).sum()) for name, (_, known) in sets.items()}
    parts = [f"{count} of {len(sets[name][1])} {name}" for name, count in empty.items() if count]
    reason = f"{' and '.join(parts)} balls are empty: more than {k} copies of a row" if parts else ""
    most = any(2 * count > len(sets[name][1]) for name, count in empty.items())
    return ("duplicates" if most else "ok"), reason
