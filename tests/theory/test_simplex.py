import numpy as np
import pytest
from scipy.optimize import minimize

from pushforward.errors import InputError
from pushforward.theory.simplex import (
    cell_coordinates,
    cell_index,
    propeller,
    random_rotation,
    signed_distances,
    simplex_directions,
    wall_gap,
)


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.mark.fault("F41")
@pytest.mark.parametrize("extra", [0, 3])
@pytest.mark.parametrize("m", [*range(2, 51)])
def test_directions_are_unit_and_equidistant(m, extra, rng):
    d = m - 1 + extra
    for rotation in (None, random_rotation(d, rng)):
        u = simplex_directions(m, d, rotation)
        gram = np.full((m, m), -1 / (m - 1))
        np.fill_diagonal(gram, 1.0)
        np.testing.assert_allclose(u @ u.T, gram, atol=1e-12)
        np.testing.assert_allclose(u.sum(axis=0), 0, atol=1e-12)
        np.testing.assert_allclose(((u[0] - u[1]) ** 2).sum(), 2 * m / (m - 1), atol=1e-12)


@pytest.mark.fault("F41")
def test_more_cells_than_dimensions_allow_is_refused_with_the_rule():
    with pytest.raises(InputError, match=r"m <= d \+ 1.*d >= 4 or m <= 4"):
        simplex_directions(5, 3)
    with pytest.raises(InputError, match="m >= 2"):
        simplex_directions(1, 3)
    with pytest.raises(InputError, match="orthogonal"):
        simplex_directions(3, 3, 2 * np.eye(3))


@pytest.mark.parametrize(("m", "d"), [(2, 2), (3, 2), (10, 9), (10, 15)])
def test_cells_have_equal_measure(m, d, rng):
    n = 100_000
    cells = cell_index(rng.standard_normal((n, d)), simplex_directions(m, d, random_rotation(d, rng)))
    error = np.sqrt((1 / m) * (1 - 1 / m) / n)
    np.testing.assert_allclose(np.bincount(cells, minlength=m) / n, 1 / m, atol=4 * error)


def test_cell_coordinates_are_normals_less_their_mean(rng):
    m, d = 4, 6
    g = cell_coordinates(rng.standard_normal((200_000, d)), simplex_directions(m, d))
    np.testing.assert_allclose(g.sum(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(np.cov(g.T), np.eye(m) - 1 / m, atol=0.02)


def test_wall_gap_is_the_distance_to_the_nearest_other_cell(rng):
    u = simplex_directions(5, 6, random_rotation(6, rng))
    z = rng.standard_normal((500, 6))
    gap = wall_gap(z, u)
    np.testing.assert_allclose(gap, np.sort(signed_distances(z, u), axis=1)[:, 1], atol=1e-12)
    np.testing.assert_allclose(gap, -signed_distances(z, u).min(axis=1), atol=1e-12)


@pytest.mark.parametrize("offsets", [None, [0.4, 0.1, -0.2, -0.3]])
def test_signed_distance_is_that_of_the_projection(offsets, rng):
    u = simplex_directions(4, 3)
    z = 1.5 * rng.standard_normal((12, 3))
    found = signed_distances(z, u, offsets)
    shift = np.zeros(4) if offsets is None else np.array(offsets)
    for point, distances in zip(z, found, strict=True):
        for i in range(4):
            others = [j for j in range(4) if j != i]
            rows = np.sqrt(3 / 4) * (u[i] - u[others])
            constraint = {
                "type": "ineq",
                "fun": lambda x, a=rows, b=shift[i] - shift[others]: a @ x + b,
                "jac": lambda x, a=rows: a,
            }
            if distances[i] < 0:  # inside: the distance to the nearest face
                walls = (rows @ point + shift[i] - shift[others]) / np.linalg.norm(rows, axis=1)
                assert -distances[i] == pytest.approx(walls.min(), abs=1e-8)
                continue
            best = minimize(
                lambda x, p=point: ((x - p) ** 2).sum(),
                point,
                jac=lambda x, p=point: 2 * (x - p),
                constraints=constraint,
                method="SLSQP",
                options={"ftol": 1e-16, "maxiter": 200},
            )
            assert distances[i] == pytest.approx(np.sqrt(best.fun), abs=1e-8)


def test_offsets_move_the_walls():
    u = simplex_directions(2, 1)
    z = np.array([[-0.3], [0.3]])
    assert cell_index(z, u)[0] != cell_index(z, u)[1]
    assert set(cell_index(z, u, [5.0, 0.0])) == {0}


def test_propeller_walls_are_equally_far_from_two_cells_and_far_from_the_third():
    blades = propeller(3)
    products = blades.walls @ blades.directions.T
    np.testing.assert_allclose(np.diag(products), -1)
    np.testing.assert_allclose(products[~np.eye(3, dtype=bool)], 0.5)
    angle = np.degrees(np.arccos(blades.walls[0] @ blades.walls[1]))
    assert angle == pytest.approx(120)
