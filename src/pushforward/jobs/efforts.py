"""How finely figures and the theory's table are evaluated: enough to print, or enough to see."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Effort:
    """Sizes of the evaluations of one generator.

    Attributes:
        samples: Gaussian latents behind each share.
        jacobians: latents at which the Jacobian is taken, and again as many on the walls.
        ellipses: random ellipses on which walls are counted.
        pixels: along each side of a picture of the latent plane.
        sphere_pixels: along the diameter of a picture of the latent sphere, where each costs an image.
    """

    samples: int
    jacobians: int
    ellipses: int
    pixels: int
    sphere_pixels: int


FULL = Effort(samples=20_000, jacobians=2000, ellipses=2000, pixels=600, sphere_pixels=360)
EFFORTS = {
    "paper": FULL,
    "reduced": FULL,
    "demo": Effort(samples=5000, jacobians=300, ellipses=300, pixels=400, sphere_pixels=240),
}
