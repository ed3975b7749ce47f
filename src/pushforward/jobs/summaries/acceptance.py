"""How many latents a gate keeps: printed thresholds under every definition of the rule, and the laws of the runs."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from scipy.optimize import brentq

from pushforward import latents, rng
from pushforward.artifacts import read_json, write_bytes
from pushforward.latents.gate import Gate
from pushforward.latents.law import gaussian
from pushforward.report import acceptance as page

DRAWS = 2**19  # a rate of 0.44 % is known to 2 % of itself
CHUNK = 2**21  # numbers drawn at once
PRINTED = ("dot", "neg_distance", "cosine")  # Sec. 3.3, App. B.3, the authors' code
AUTHORS, MARGIN = "cosine", "gap"
THRESHOLDS = ("tau", "acceptance", "margin")
WIDEST = 10.0  # no margin that keeps anything at all is larger


def run(params: dict[str, Any], deps: dict[str, str], outs: dict[str, str], scratch: Path) -> None:
    """Write the CSV and the page.

    Params: `scale`; `seed`; `gates`, by name, each with `dim`, `latent` (law and its arguments) and `taus`, thresholds
    to try, and optionally `acceptances`, shares to reach; `scores`, records of runs by name; optionally `draws`.
    """
    draws = params.get("draws", DRAWS)
    rows = [row for family in _families(params["gates"]) for row in _measured(family, params["seed"], draws)]
    rows += [_of_record(name, read_json(path)) for name, path in params["scores"].items()]
    frame = pd.DataFrame([{**row, "scale": params["scale"]} for row in rows], columns=list(page.COLUMNS))
    write_bytes(outs["csv"], frame.to_csv(index=False, lineterminator="\n", float_format="%.8g").encode())
    write_bytes(outs["markdown"], page.markdown(frame).encode())


@dataclass(frozen=True)
class Family:
    """Gates that differ in rule and threshold only; they are measured on the same latents.

    Attributes:
        law: name of the law of z.
        arguments: those that all share.
        names: rule -> name of the gate that states it; the rule is "" for a law that has but one.
        taus: thresholds to try under every rule.
        acceptances: shares of N(0, I) to reach under every rule.
        margins: distances to the border to try.
    """

    law: str
    arguments: Mapping[str, Any]
    names: Mapping[str, str]
    taus: Sequence[float]
    acceptances: Sequence[float]
    margins: Sequence[float]

    @property
    def rules(self) -> list[str]:
        """Those to measure: for a simplicial gate all three printed ones."""
        return list(dict.fromkeys([*(PRINTED if self.law == "simplicial" else ()), *self.names]))

    def gate(self, rule: str, seed: int) -> Gate:
        """The gate without a threshold."""
        arguments = {**self.arguments, "score": rule} if rule else dict(self.arguments)
        law = latents.build(self.law, seed=seed, **arguments)
        assert isinstance(law, Gate), f"{self.law} truncates nothing"
        return law


def _families(gates: Mapping[str, Any]) -> list[Family]:
    """Gates joined where they differ in rule and thresholds only."""
    joined: dict[tuple[Any, ...], Family] = {}
    for name, given in gates.items():
        latent = dict(given["latent"])
        law, rule = latent.pop("law"), latent.pop("score", "")
        tau, acceptance, margin = ([latent.pop(key)] if key in latent else [] for key in THRESHOLDS)
        arguments = {"dim": given["dim"], **latent}
        key = (law, *sorted(arguments.items()))
        own = joined.get(key, Family(law, arguments, {}, [], [], []))
        joined[key] = Family(
            law,
            arguments,
            {rule: name} | dict(own.names),
            _union(own.taus, given["taus"], tau),
            _union(own.acceptances, given.get("acceptances", []), acceptance),
            _union(own.margins, margin),
        )
    return list(joined.values())


def _union(*values: Sequence[float]) -> list[float]:
    return list(dict.fromkeys(value for each in values for value in each))


def _measured(family: Family, seed: int, draws: int) -> Iterator[dict[str, Any]]:
    """Each rule at each threshold; then the thresholds of equal acceptance, among them the theory's margin."""
    scores = {rule: _scores(family, rule, seed, draws) for rule in family.rules}
    facts = {rule: _facts(family, rule) for rule in (*family.rules, MARGIN)}
    targets = list(family.acceptances)
    for rule, (gate, own) in scores.items():
        for tau in family.taus:
            row = _at(gate, own, tau) | facts[rule] | {"given_as": "tau"}
            yield row
            if rule == AUTHORS and row["status"] == "ok":
                targets.append(row["acceptance_pct"] / 100)
    simplicial = family.law == "simplicial"
    for share in dict.fromkeys(targets):
        for rule, (gate, own) in scores.items():
            yield _at(gate, own, _quantile(own, share)) | facts[rule] | {"given_as": "acceptance"}
        if simplicial:
            gate = family.gate(MARGIN, seed)
            yield _exact(gate, _margin(gate, share)) | facts[MARGIN] | {"given_as": "acceptance"}
    for margin in family.margins:
        yield _exact(family.gate(MARGIN, seed), margin) | facts[MARGIN] | {"given_as": "margin"}


def _facts(family: Family, rule: str) -> dict[str, Any]:
    own = {name: family.arguments.get(name) for name in ("dim", "components", "norm", "directions")}
    where = page.DEFINITIONS.get(rule or family.law, "")
    return (
        {"source": "gate", "name": family.names.get(rule, ""), "law": family.law, "rule": rule}
        | own
        | {"definition": where}
    )


def _scores(family: Family, rule: str, seed: int, draws: int) -> tuple[Gate, torch.Tensor]:
    """The gate, and the scores of latents that do not depend on the rule, largest first."""
    gate = family.gate(rule, seed)
    stream = rng.generator(seed, "acceptances", family.law, gate.dim)
    size = max(CHUNK // gate.dim, 1)
    parts = [gate.score(gaussian(min(size, draws - start), gate.dim, stream)) for start in range(0, draws, size)]
    return gate, torch.cat(parts).sort(descending=True).values


def _at(gate: Gate, scores: torch.Tensor, tau: float) -> dict[str, Any]:
    """What a threshold keeps: measured, and exact where a formula is known."""
    draws, ceiling, met = len(scores), gate.ceiling(), float(scores[0])
    passed, exact = int((scores > tau).sum()), gate.exact_rate(tau)
    rate = passed / draws
    row = {
        "tau": tau,
        "acceptance_pct": 100 * rate,
        "standard_error_pct": 100 * math.sqrt(max(rate * (1 - rate), 1 / draws) / draws),
        "exact_pct": 100 * exact,
        "draws": draws,
        "largest_met": met,
        "largest_reachable": ceiling,
        "status": "ok",
        "reason": "",
    }
    if tau >= ceiling:
        reason = f"no latent exceeds {ceiling:.4g}, and of {draws} none exceeded {met:.4g}"
        return row | {"status": "unreachable", "reason": reason}
    if not passed:
        return row | {"status": "not met", "reason": f"of {draws} latents none exceeded {met:.4g}"}
    return row


def _exact(gate: Gate, margin: float) -> dict[str, Any]:
    """What a margin keeps, by its formula."""
    rate = 100 * gate.exact_rate(margin)
    facts = {"tau": margin, "acceptance_pct": rate, "standard_error_pct": 0.0, "exact_pct": rate, "draws": 0}
    return facts | {"largest_reachable": gate.ceiling(), "status": "ok", "reason": ""}


def _quantile(scores: torch.Tensor, share: float) -> float:
    """The threshold that this share of the scores, sorted largest first, exceeds."""
    rank = min(max(round(share * len(scores)), 1), len(scores) - 1)
    return float((scores[rank - 1] + scores[rank]) / 2)


def _margin(gate: Gate, share: float) -> float:
    """The margin that keeps a share of N(0, I)."""
    return 0.0 if share >= 1 else float(brentq(lambda margin: gate.exact_rate(margin) - share, 0.0, WIDEST))


def _of_record(name: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """The law that a run's samples were drawn from."""
    law, own = record["law"], record["acceptance"]
    error = own["standard_error"] if "standard_error" in own else own["error"]
    arguments = {key: law.get(key) for key in ("dim", "components", "norm", "directions", "tau")}
    return {
        **{"source": "run", "name": name, "law": law["law"], "rule": law.get("score", ""), **arguments},
        **{key: record[key] for key in ("run", "seed", "space", "sampling")},
        "definition": page.DEFINITIONS.get(law.get("score") or law["law"], ""),
        "given_as": "" if law.get("tau") is None else "tau",
        "acceptance_pct": 100 * own["rate"],
        "standard_error_pct": 100 * error,
        "exact_pct": 100 * own["rate"] if not own["draws"] else math.nan,
        "draws": own["draws"],
        "status": "ok",
        "reason": "",
    }
