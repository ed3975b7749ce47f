"""What may be said of our number beside the printed one.

The rules, first match wins:

1. Not computed: `not run`. Computed but undefined (a status other than "ok", or no finite value): `degenerate`.
2. The paper prints nothing for it: `no printed number`.
3. One value, or no interval: `inconclusive (n = 1)`, whatever the distance.
4. Let delta = ours - printed, and the allowance the half-width of a difference, sqrt(h_ours^2 + h_printed^2), plus
   half a unit of the last printed digit. Beyond it: `higher` or `lower`. But where at least three trainings are known
   and the printed value, itself one training, lies within their 95 % prediction interval: `within seed spread`.
5. Within the allowance: `agrees`, unless our interval is so wide that it would agree with much else (half-width above
   a tenth of the printed value and above twice the printed half-width): `inconclusive (wide interval)`.
6. A scale other than the paper's is named in the verdict, and its agreement is called `near`: a smaller experiment can
   come near the paper's number, it cannot reproduce it.
"""

import math
from dataclasses import dataclass
from decimal import Decimal

from pushforward.errors import InputError
from pushforward.report.intervals import Interval

OUTCOMES = (
    "agrees",
    "near",
    "within seed spread",
    "higher",
    "lower",
    "inconclusive",
    "degenerate",
    "not run",
    "no printed number",
)
PAPER_SCALE = "paper"
WIDE = 0.1
MIN_SEEDS = 3


@dataclass(frozen=True)
class Verdict:
    """Outcome of a comparison.

    Attributes:
        outcome: one of `OUTCOMES`.
        text: the outcome with its qualifier, e.g. "lower (reduced scale)".
        delta: ours - printed, in the metric's unit; NaN where one of them is missing.
    """

    outcome: str
    text: str
    delta: float


def compare(
    paper: float,
    paper_half_width: float,
    ours: Interval,
    scale: str,
    status: str = "ok",
    seeds: Interval | None = None,
) -> Verdict:
    """Compare our number with the printed one by the rules above.

    Args:
        paper: printed value; NaN where none is printed.
        paper_half_width: printed 95 % half-width; NaN where none is printed (then 0 is allowed for it).
        ours: our value, computed with the paper's protocol, and its interval along the paper's axis.
        scale: "paper", or the name of a smaller scale.
        status: "ok", "not run", or the reason code of an undefined measure.
        seeds: our value across trainings, if there are several.

    Raises:
        InputError: a number that was run names no scale.
    """
    if status == "not run":
        return Verdict("not run", "not run", math.nan)
    if not scale:
        raise InputError("a number that was run must name its scale ('paper', 'reduced', 'demo', ...); got none.")
    delta = ours.mean - paper
    if status != "ok" or not math.isfinite(ours.mean):
        return Verdict("degenerate", "degenerate", math.nan)
    if math.isnan(paper):
        return Verdict("no printed number", "no printed number", math.nan)
    outcome, remark = _outcome(paper, paper_half_width, ours, seeds)
    return _qualify(outcome, remark, scale, delta)


def _outcome(paper: float, printed_half: float, ours: Interval, seeds: Interval | None) -> tuple[str, str]:
    """Rules 3 to 5: the outcome at the paper's scale, and a remark."""
    if ours.n == 1 or not math.isfinite(ours.half_width):
        return "inconclusive", "n = 1" if ours.n == 1 else "no interval"
    printed_half = 0.0 if math.isnan(printed_half) else printed_half
    delta = ours.mean - paper
    if abs(delta) > math.hypot(ours.half_width, printed_half) + rounding(paper):
        within = seeds is not None and seeds.n >= MIN_SEEDS and abs(seeds.mean - paper) <= prediction(seeds)
        return "within seed spread" if within else "higher" if delta > 0 else "lower", ""
    if ours.half_width > max(WIDE * abs(paper), 2 * printed_half):
        return "inconclusive", "wide interval"
    return "agrees", ""


def _qualify(outcome: str, remark: str, scale: str, delta: float) -> Verdict:
    """Rule 6: a smaller scale is named, and never says that it agrees."""
    remarks = [remark] * bool(remark)
    if scale != PAPER_SCALE:
        outcome = "near" if outcome == "agrees" else outcome
        remarks.append(f"{scale} scale")
    return Verdict(outcome, f"{outcome} ({', '.join(remarks)})" if remarks else outcome, delta)


def rounding(printed: float) -> float:
    """Half a unit of the last digit of a printed number: 93.2 -> 0.05, 0.98 -> 0.005."""
    exponent = Decimal(repr(printed)).as_tuple().exponent
    return 0.5 * 10.0 ** int(exponent)


def prediction(seeds: Interval) -> float:
    """Half-width within which one more training falls with 95 %: t(n - 1) s sqrt(1 + 1 / n) = half-width sqrt(n + 1).

    Raises:
        InputError: the interval does not run over seeds.
    """
    if seeds.over != "seeds":
        raise InputError(f"expected an interval over seeds; got one over {seeds.over}.")
    return seeds.half_width * math.sqrt(seeds.n + 1)


def distinct(first: Interval, second: Interval) -> bool:
    """Whether two of our numbers differ beyond their intervals; False where one has none."""
    return abs(first.mean - second.mean) > math.hypot(first.half_width, second.half_width)
