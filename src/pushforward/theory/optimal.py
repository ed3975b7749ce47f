"""Generators whose partition is the simplicial cluster: modules z (n, d) -> x (n, D), usable as a trained one is.

Three of them: the first version's (eq. 8 there), the printed one of ICML eq. 8, and the Euclidean projection on the
simplex, which is not in the paper and has the smallest Lipschitz constant of the three.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from pushforward.errors import InputError
from pushforward.theory.simplex import simplex_directions


class SimplicialGenerator(nn.Module):
    """What the three share: centres X (m, D), the cells of the cluster in R^d, and the half-width of its walls.

    Args:
        centres: positions X (m, D) of the modes.
        d: latent dimension, m <= d + 1.
        eps: every point at least this deep in its cell is mapped onto its mode.
        rotation: optional orthogonal (d, d) array that turns the cells.
        offsets: optional (m,), shifts the walls to give cells of unequal measure.

    Raises:
        InputError: m > d + 1, eps <= 0, or centres that are no matrix.
    """

    directions: Tensor
    centres: Tensor
    offsets: Tensor

    def __init__(
        self, centres: Tensor, d: int, eps: float, rotation: Tensor | None = None, offsets: Tensor | None = None
    ) -> None:
        super().__init__()
        if centres.ndim != 2 or not eps > 0:
            raise InputError(
                f"Centres (m, D) and eps > 0 were expected; shape {tuple(centres.shape)}, eps = {eps} came."
            )
        m = len(centres)
        turn = None if rotation is None else torch.as_tensor(rotation).numpy()
        self.latent_dim, self.eps = d, float(eps)
        self.register_buffer("directions", torch.from_numpy(simplex_directions(m, d, turn)))
        self.register_buffer("centres", centres.detach().to(torch.float64))
        self.register_buffer("offsets", torch.zeros(m, dtype=torch.float64) if offsets is None else offsets.double())

    def coordinates(self, z: Tensor) -> Tensor:
        """Cell coordinates g (n, m) of z (n, d), in the precision of z; see `simplex`."""
        m = len(self.directions)
        return ((m - 1) / m) ** 0.5 * (z @ self.directions.to(z).T) + self.offsets.to(z)

    def inner_distances(self, z: Tensor) -> Tensor:
        """Distance (n, m) from z (n, d) to the outside of each cell widened by eps: max(0, eps - signed distance)."""
        return torch.relu(self.eps - signed_distances(self.coordinates(z)))


class FirstVersionGenerator(SimplicialGenerator):
    """G(z) = sum_i d_i X_i / sum_j d_j, with d_i the distance to the outside of cell i widened by eps (v1 eq. 8).

    Continuous. For equidistant modes at distance D its Lipschitz constant is at least m D / (4 eps), reached at depth
    eps from all other cells at once, against D sqrt(m) / eps claimed.
    """

    def forward(self, z: Tensor) -> Tensor:
        """Latents (n, d) to data (n, D)."""
        distance = self.inner_distances(z)
        return (distance / distance.sum(dim=1, keepdim=True)) @ self.centres.to(z)


class PrintedGenerator(SimplicialGenerator):
    """ICML eq. 8: G(z) = sum over active i != j of d_i X_ij / ((|N| - 1) sum_k d_k), N the active cells, d_i > 0.

    X_ij is the point of sphere i nearest to sphere j. Not continuous for radius > 0: where a third cell becomes active
    its weight starts at 0, but it changes at once which points of the spheres the others are mapped to. Inside a cell
    it is constant along rays from the origin, so each point takes the X_ij of the nearest wall, which jumps where two
    walls are equally near.

    Args:
        radius: of the spheres, one number or (m,).
    """

    def __init__(
        self,
        centres: Tensor,
        d: int,
        eps: float,
        radius: float | Tensor,
        rotation: Tensor | None = None,
        offsets: Tensor | None = None,
    ) -> None:
        super().__init__(centres, d, eps, rotation, offsets)
        towards = self.centres[None, :] - self.centres[:, None]  # (m, m, D), from i to j
        unit = nn.functional.normalize(towards, dim=2)
        radii = torch.as_tensor(radius, dtype=torch.float64).expand(len(centres))
        self.register_buffer("nearest", self.centres[:, None] + radii[:, None, None] * unit)

    def forward(self, z: Tensor) -> Tensor:
        """Latents (n, d) to data (n, D)."""
        distance = self.inner_distances(z)
        active = (distance > 0).to(z)
        # Deep inside one cell only the second largest coordinate says which wall the ray from the origin leaves by.
        second = self.coordinates(z).topk(2, dim=1).indices[:, 1:]
        alone = active.sum(dim=1, keepdim=True) == 1
        partner = torch.where(alone, torch.zeros_like(active).scatter(1, second, 1.0), active)  # (n, m)
        pairs = distance[:, :, None] * partner[:, None, :]
        pairs = pairs * (1 - torch.eye(len(self.centres), dtype=z.dtype, device=z.device))
        weights = pairs / pairs.sum(dim=(1, 2), keepdim=True)
        return torch.einsum("nij,ijD->nD", weights, self.nearest.to(z))


class SimplexProjectionGenerator(SimplicialGenerator):
    """G(z) = sum_i p_i X_i with p = projection of g / (sqrt2 eps) on the probability simplex (sparsemax).

    Equal to X_i exactly at depth eps and beyond. Projections do not expand, so for any modes its Lipschitz constant is
    at most `lipschitz`; for equidistant ones this is D / (2 eps), whatever m.
    """

    def forward(self, z: Tensor) -> Tensor:
        """Latents (n, d) to data (n, D)."""
        return sparsemax(self.coordinates(z) / (2**0.5 * self.eps)) @ self.centres.to(z)

    @property
    def lipschitz(self) -> float:
        """Bound of the Lipschitz constant: largest singular value of the centred centres over sqrt2 eps."""
        return spread(self.centres) / (2**0.5 * self.eps)

    @classmethod
    def with_lipschitz(
        cls, centres: Tensor, d: int, lipschitz: float, rotation: Tensor | None = None
    ) -> "SimplexProjectionGenerator":
        """The generator of this Lipschitz constant: eps = spread / (sqrt2 L), D / (2 L) for equidistant modes."""
        return cls(centres, d, spread(centres) / (2**0.5 * lipschitz), rotation)


KINDS: dict[str, Callable[..., SimplicialGenerator]] = {
    "v1": FirstVersionGenerator,
    "icml": PrintedGenerator,
    "sparsemax": SimplexProjectionGenerator,
}


def optimal_generator(kind: str, centres: Tensor, d: int, eps: float, **options: object) -> SimplicialGenerator:
    """The generator called `kind`, v1, icml or sparsemax; `options` are those of its class."""
    if kind not in KINDS:
        raise InputError(f"Optimal generators are {', '.join(KINDS)}; {kind!r} came.")
    return KINDS[kind](centres, d, eps, **options)


def equidistant_centres(m: int, distance: float = 1.0) -> Tensor:
    """Modes (m, m) at this distance from each other: distance / sqrt2 e_i."""
    return torch.eye(m, dtype=torch.float64) * distance / 2**0.5


def spread(centres: Tensor) -> float:
    """Largest singular value of the centres (m, D) less their mean; D / sqrt2 for equidistant modes at distance D."""
    return float(torch.linalg.matrix_norm(centres.double() - centres.double().mean(dim=0), ord=2))


def signed_distances(g: Tensor) -> Tensor:
    """Signed distance (n, m) to every cell from cell coordinates g (n, m), differentiable; see `simplex`."""
    m = g.shape[1]
    ordered = g.sort(dim=1, descending=True).values
    mean, total = g, g
    for k in range(m - 1):
        total = total + ordered[:, k : k + 1]
        mean = torch.maximum(mean, total / (k + 2))
    squared = (mean - g) ** 2
    for k in range(m - 1):
        squared = squared + torch.relu(ordered[:, k : k + 1] - mean) ** 2
    outside = squared > 0
    distance = torch.where(outside, squared, torch.ones_like(squared)).sqrt()  # the root has no slope at 0
    return torch.where(outside, distance, (ordered[:, 1:2] - g) / 2**0.5)


def sparsemax(scores: Tensor) -> Tensor:
    """Euclidean projection (n, m) of each row on the probability simplex (Martins and Astudillo, 2016)."""
    ordered = scores.sort(dim=1, descending=True).values
    count = torch.arange(1, scores.shape[1] + 1, dtype=scores.dtype, device=scores.device)
    # The threshold (sum of the k largest - 1) / k is largest at the size of the support.
    threshold = ((ordered.cumsum(dim=1) - 1) / count).amax(dim=1, keepdim=True)
    return torch.relu(scores - threshold)
