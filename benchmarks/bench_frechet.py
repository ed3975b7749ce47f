"""Is our Frechet distance the one by the matrix square root, sooner?"""

import interleave
import numpy as np
from scipy.linalg import eigvals, sqrtm

from pushforward.metrics.frechet import Statistics, frechet, statistics

Pair = tuple[Statistics, Statistics]


def fitted(D: int, n: int) -> Pair:
    """Gaussians fitted to correlated features (n, D) of two kinds."""
    g = np.random.default_rng(0)
    mix = g.normal(size=(D, D)) / np.sqrt(D)
    other = mix + 0.2 * g.normal(size=(D, D)) / np.sqrt(D)
    return statistics(g.normal(size=(n, D)) @ mix), statistics(g.normal(size=(n, D)) @ other + 0.02)


def ours(pair: Pair) -> float:
    return frechet(*pair).raw


def square_root(pair: Pair) -> float:
    """The usual form: trace of scipy's square root of the product."""
    return around(pair, float(np.trace(sqrtm(pair[0].covariance @ pair[1].covariance).real)))


def eigenvalues(pair: Pair) -> float:
    """Sum of square roots of the product's eigenvalues, as torch-fidelity has it."""
    values = eigvals(pair[0].covariance @ pair[1].covariance, check_finite=False)
    return around(pair, float(np.sqrt(values.astype(complex)).real.sum()))


def around(pair: Pair, trace: float) -> float:
    a, b = pair
    gap = a.mean - b.mean
    return float(gap @ gap + np.trace(a.covariance) + np.trace(b.covariance) - 2 * trace)


def agree(one: float, other: float) -> None:
    np.testing.assert_allclose(one, other, rtol=1e-6)


if __name__ == "__main__":
    interleave.main(
        __file__,
        cases={f"D={D}": lambda D=D: fitted(D, 3 * D) for D in (100, 2048)},
        contenders={"pushforward": ours, "scipy sqrtm": square_root, "eigvals": eigenvalues},
        agree=agree,
    )
