"""95 % intervals, each over one named axis: snapshots of a training, trainings, or sample sets; never over a mixture.

The papers' error bars are Student-t half-widths over ten snapshots of one training, or over four sample sets of one
snapshot. Neither says how much another training would differ, so the axis stays with the interval wherever it goes.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy import stats

from pushforward.errors import InputError

AXES = ("snapshots", "seeds", "sample sets", "samples")
LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """A mean with its interval.

    Attributes:
        mean: mean of the defined values; NaN where there is none.
        low: lower end; NaN with fewer than two values.
        high: upper end; NaN with fewer than two values.
        n: number of defined values.
        over: the axis that varies.
        undefined: number of NaN among the values given: left out of the mean, never out of sight.
    """

    mean: float
    low: float
    high: float
    n: int
    over: str
    undefined: int = 0

    @property
    def half_width(self) -> float:
        """Half the length; NaN where there is no interval."""
        return (self.high - self.low) / 2


def summarise(values: Iterable[float], over: str, level: float = LEVEL) -> Interval:
    """Mean and two-sided Student-t interval along one axis.

    The half-width is t(n - 1) s / sqrt(n): 0.715 s for ten snapshots, 1.591 s for four sample sets.

    Args:
        values: one number per snapshot, seed or sample set; NaN where the measure is undefined.
        over: what varies, one of `AXES`.
        level: confidence level.

    Raises:
        InputError: no values, values along more than one axis, an infinite value, or an unknown axis.
    """
    array = _one_axis(values, over)
    defined = array[~np.isnan(array)]
    n = len(defined)
    if n == 0:
        return Interval(np.nan, np.nan, np.nan, 0, over, len(array))
    mean = float(defined.mean())
    if n == 1:
        return Interval(mean, np.nan, np.nan, 1, over, len(array) - 1)
    half = float(stats.t.ppf((1 + level) / 2, n - 1) * defined.std(ddof=1) / np.sqrt(n))
    return Interval(mean, mean - half, mean + half, n, over, len(array) - n)


def both_axes(values: Mapping[int, Iterable[float]], over: str, level: float = LEVEL) -> tuple[Interval, Interval]:
    """The paper's interval within one training, and the interval across trainings.

    Args:
        values: seed -> values along `over` of that training. The first seed is the one declared, not the best one.
        over: what varies within a training: "snapshots" or "sample sets".
        level: confidence level.

    Returns:
        The interval of the first seed over `over`, and that of the seeds' means over "seeds".

    Raises:
        InputError: no seed, or `over` is "seeds".
    """
    if not values or over == "seeds":
        raise InputError(
            f"expected values per seed that vary over snapshots or sample sets; got {len(values)} seeds, {over!r}."
        )
    each = [summarise(own, over, level) for own in values.values()]
    return each[0], summarise([interval.mean for interval in each], "seeds", level)


def bootstrap(
    statistic: Callable[..., float],
    *samples: Iterable[float],
    over: str,
    generator: np.random.Generator,
    resamples: int = 2000,
    level: float = LEVEL,
) -> Interval:
    """Percentile bootstrap of any statistic of paired samples, e.g. a correlation; no normality needed.

    Args:
        statistic: takes as many arrays as there are samples and returns one number.
        *samples: arrays of the same length n, resampled together.
        over: what the n entries are, one of `AXES`.
        generator: source of the resamples.
        resamples: how many; those where the statistic is undefined (e.g. a constant resample) do not count.
        level: confidence level.

    Returns:
        The statistic of the samples themselves, not their mean; no ends where more than half of the resamples fail.

    Raises:
        InputError: samples of different lengths, or a value that is not finite.
    """
    arrays = [_one_axis(sample, over) for sample in samples]
    if len({len(array) for array in arrays}) != 1 or not all(np.isfinite(array).all() for array in arrays):
        raise InputError(f"expected finite samples of one length; got lengths {[len(array) for array in arrays]}.")
    n = len(arrays[0])
    value = float(statistic(*arrays))
    if n == 1:
        return Interval(value, np.nan, np.nan, 1, over)
    drawn = np.empty(resamples)
    with np.errstate(invalid="ignore", divide="ignore"):
        for i, index in enumerate(generator.integers(0, n, (resamples, n))):
            drawn[i] = statistic(*(array[index] for array in arrays))
    drawn = drawn[np.isfinite(drawn)]
    if len(drawn) <= resamples / 2:
        return Interval(value, np.nan, np.nan, n, over)
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Interval(value, float(low), float(high), n, over)


def _one_axis(values: Iterable[float], over: str) -> np.ndarray:
    if over not in AXES:
        raise InputError(f"an interval runs over one of {', '.join(AXES)}; got {over!r}.")
    array = np.asarray(list(values), dtype=np.float64)
    if array.ndim != 1 or len(array) == 0:
        raise InputError(f"expected numbers along one axis ({over}); got shape {array.shape}. Summarise axis by axis.")
    if np.isinf(array).any():
        raise InputError(f"infinite value among {over}: an undefined measure is NaN.")
    return array
