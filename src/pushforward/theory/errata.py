"""Statements of the paper that fail as printed, each with a counterexample computed here and a form that holds."""

import math
from dataclasses import dataclass

import torch
from scipy.special import ndtr, ndtri
from torch import nn

from pushforward.theory.boundary import boundary_measure, boundary_slope
from pushforward.theory.bounds import lemma_corrected, lemma_printed, needed_constant, precision_upper_bound
from pushforward.theory.optimal import FirstVersionGenerator, PrintedGenerator, equidistant_centres


@dataclass(frozen=True)
class Erratum:
    """One statement, where it fails, and what holds.

    Attributes:
        where: place in the paper.
        statement: as printed, in formulas.
        fails: the counterexample.
        quantity: what `printed` and `true` are values of.
        sense: "<=" or ">=", how the statement says the quantity compares with `printed`.
        printed: what the statement allows there.
        true: what happens there.
        corrected: a statement that holds.
        corrected_value: what it allows there.
        verdict: "false", or "unproved" where the statement holds but its printed proof gives less (`true`).
    """

    where: str
    statement: str
    fails: str
    quantity: str
    sense: str
    printed: float
    true: float
    corrected: str
    corrected_value: float
    verdict: str = "false"


def errata() -> list[Erratum]:
    """The list, every value computed on the spot."""
    return [
        _lemma(),
        _corollary(),
        *_proof_steps(),
        _constant(),
        _statement_and_proof(),
        _lipschitz("v1, proof of Theorem 2", 1.0, 64),
        _lipschitz("ICML A.3", 2.0, 100),
        *_jumps(),
    ]


def line_precision(distance: float, lipschitz: float, radius: float) -> float:
    """Precision of G(z) = clip(L z, -D/2, D/2), modes at -+ D/2 of radius r, z ~ N(0, 1).

    It is L-Lipschitz, well balanced, associated with the half-lines, and misses only |z| < (D/2 - r) / L.
    """
    return float(1 - (2 * ndtr((distance / 2 - radius) / lipschitz) - 1))


def _lemma() -> Erratum:
    def halves(eps: float) -> float:
        return boundary_measure(2, eps)

    return Erratum(
        "ICML Lemma 3.5",
        "alpha <= 1 - gamma(boundary of width D/L)",
        "d = 1, m = 2, G(z) = clip(L z, -D/2, D/2), L = 10 D, r -> 0. The proof takes |z - z'| < D/(2L), half of what "
        "Definition 3.4 gives; read with that half, the lemma holds for r -> 0",
        "precision",
        "<=",
        lemma_printed(halves, distance=1.0, lipschitz=10.0),
        line_precision(1.0, 10.0, 0.0),
        "alpha <= 1 - gamma(boundary of width (D/2 - r)/L)",
        lemma_corrected(halves, distance=1.0, lipschitz=10.0),
    )


def _corollary() -> Erratum:
    radius = 0.3
    return Erratum(
        "ICML Corollary 3.6",
        "alpha <= 1 - (D/L) sqrt(log m) e^(-3/2) for every r < D/2",
        f"the same generator, L = 10 D, r = {radius} D",
        "precision",
        "<=",
        precision_upper_bound("paper_cor36", m=2, distance=1.0, lipschitz=10.0, radius=radius).value,
        line_precision(1.0, 10.0, radius),
        "alpha <= 1 - sum_i b(w_i, (D/2 - r)/L), b the border of a half-space",
        precision_upper_bound("isoperimetric", m=2, distance=1.0, lipschitz=10.0, radius=radius).value,
    )


def _proof_steps() -> list[Erratum]:
    t10, t2, t100 = (float(-ndtri(1 / m)) for m in (10, 2, 100))
    log = {m: math.sqrt(math.log(m)) for m in (2, 10, 100)}
    density = math.exp(-(t2**2) / 2) / math.sqrt(2 * math.pi)
    return [
        Erratum(
            "ICML A.2, third step",
            "sqrt(log m) <= t, where 1 - Phi(t) = 1/m",
            "m = 10 (and every m <= 31)",
            "t",
            ">=",
            log[10],
            t10,
            "t >= 0, and t >= sqrt(log m) from m = 32",
            0.0,
        ),
        Erratum(
            "ICML A.2, third step",
            "phi(t) >= sqrt(log m) / m",
            "m = 2 (true for m >= 3)",
            "phi(t)",
            ">=",
            log[2] / 2,
            density,
            "phi(t) >= sqrt(log m) / m for m >= 3; for m = 2 phi(0) = 1 / sqrt(2 pi)",
            1 / math.sqrt(2 * math.pi),
        ),
        Erratum(
            "ICML A.2, fourth step",
            "e^(-eps t) >= e^(-eps sqrt(log m))",
            "m = 100, eps = 0.1 (and every m >= 32, where t > sqrt(log m)). The final inequality survives by its slack",
            "e^(-eps t)",
            ">=",
            math.exp(-0.1 * log[100]),
            math.exp(-0.1 * t100),
            "e^(-eps t) >= e^(-eps sqrt(2 log m))",
            math.exp(-0.1 * math.sqrt(2) * log[100]),
        ),
    ]


def _constant() -> Erratum:
    m, constant = 10**6, 1.0
    return Erratum(
        "ICML Theorem 3.7, v1 Theorem 2",
        "some C, for all m: gamma(boundary of width eps) <= eps sqrt(pi log(C m))",
        f"C = {constant:g}, m = {m}, eps -> 0: C >= {needed_constant(m):.3g} is needed, growing like m^(4/pi - 1)",
        "boundary measure per eps",
        "<=",
        math.sqrt(math.pi * math.log(constant * m)),
        boundary_slope(m),
        "gamma(boundary of width eps) <= 2 eps sqrt(log m)",
        2 * math.sqrt(math.log(m)),
    )


def _statement_and_proof() -> Erratum:
    m, ratio = 3, 20.0
    proved = 2 * math.sqrt(math.pi * m * math.log(m)) / ratio
    return Erratum(
        "ICML Theorem 3.7, eq. 7",
        "alpha >= 1 - (D/L) sqrt(m log(C m))",
        f"m = {m}, C = 1, L = {ratio:g} D: the proof gives 2 sqrt(pi) times the loss that is stated",
        "loss of precision",
        "<=",
        math.sqrt(m * math.log(m)) / ratio,
        proved,
        "alpha >= 1 - (D/L) sqrt(log m), by the simplex projection: no C, no sqrt m",
        math.sqrt(math.log(m)) / ratio,
        verdict="unproved",
    )


def _lipschitz(where: str, factor: float, m: int) -> Erratum:
    generator = FirstVersionGenerator(equidistant_centres(m), m - 1, eps=1.0)
    direction = generator.directions[0]
    ordered = generator.coordinates(direction[None])[0].sort(descending=True).values
    # Just inside depth eps from all other cells at once, where every one of them is active.
    z = direction * (1 - 1e-6) * 2**0.5 / (ordered[0] - ordered[1])
    jacobian = torch.func.jacrev(lambda point: generator(point[None])[0])(z)
    name = "D sqrt(m) / eps" if factor == 1.0 else f"{factor:g} D sqrt(m) / eps"
    return Erratum(
        where,
        f"G*_eps is Lipschitz with constant {name}",
        f"m = {m}, equidistant modes, z along u_i at depth eps from all other cells",
        "norm of the Jacobian, in D / eps",
        "<=",
        factor * math.sqrt(m),
        float(torch.linalg.matrix_norm(jacobian, ord=2)),
        "m D / (4 eps) there; the simplex projection has D / (2 eps) for every m",
        m / 4,
    )


def _jumps() -> list[Erratum]:
    half, radius = 1e-9, 0.3
    triangle = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.5, math.sqrt(0.75)]], dtype=torch.float64)
    generator = PrintedGenerator(triangle, 2, eps=0.5, radius=radius)
    continuous = FirstVersionGenerator(triangle, 2, eps=0.5)
    wall, axis = -generator.directions[2], generator.directions[0]
    across = torch.stack([torch.as_tensor([-axis[1], axis[0]]), torch.as_tensor([axis[1], -axis[0]])]) * half

    def jump(generate: nn.Module, pair: torch.Tensor) -> float:
        images = generate(pair)
        return float((images[1] - images[0]).norm())

    along = torch.stack([wall * (0.5 - half), wall * (0.5 + half)])
    corrected = "first version's weights d_i / sum d, or the simplex projection: both continuous"
    common = "m = 3, D = 1, eps = 0.5, r = 0.3"
    return [
        Erratum(
            "ICML eq. 8",
            "G*_eps is continuous",
            f"{common}: on the wall, where the third cell becomes active",
            "jump over a step of 2e-9",
            "<=",
            0.0,
            jump(generator, along),
            corrected,
            jump(continuous, along),
        ),
        Erratum(
            "ICML eq. 8, inside a cell",
            "G*_eps, constant along rays from the origin, is continuous",
            f"{common}: across the axis of a cell, where two walls are equally near",
            "jump over a step of 2e-9",
            "<=",
            0.0,
            jump(generator, 4.0 * axis + across),
            corrected,
            jump(continuous, 4.0 * axis + across),
        ),
    ]
