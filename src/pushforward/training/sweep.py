"""The gradient of the critic's loss for a stack of linear maps and LeakyReLUs, without autograd.

Where the slopes of the activations are locally constant, the penalty on the slope g of the mixed points has the weight
gradient of <v, g> with v = dP/dg held fixed: a product of what comes down to a layer in the backward pass and of v
carried up through the same maps and slopes (a tangent). So one sweep up and one down serve real, fake and mixed points
together, a second one up carries v, and each layer's gradient is a single product over all of them.
"""

import torch
from torch import Tensor

from pushforward.training.layers import Layers, masked_
from pushforward.training.penalty import FLOOR


@torch.no_grad()
def set_critic_gradient(
    critic: Layers, real: Tensor, fake: Tensor, mix: Tensor, penalty: float, drift: float
) -> tuple[Tensor, Tensor]:
    """Set every weight's gradient of E D(fake) - E D(real) + penalty E (|g(mix)| - 1)^2 + drift (E D(real))^2.

    Args:
        critic: layers of D.
        real: (n, ...).
        fake: (n, ...).
        mix: (n, ...), points between them.
        penalty: weight of the slope penalty.
        drift: weight of the square of the mean score of real points.

    Returns:
        The loss and E D(real) - E D(fake), 0-d.
    """
    n = len(real)
    inputs, scores = critic.up(torch.cat((real, fake, mix)))
    on_real, on_fake, _ = scores.view(3, n).mean(1)
    seeds = torch.ones_like(scores)  # dL/dD of real and fake; 1 makes what comes down the slope of mix
    seeds[:n], seeds[n : 2 * n] = (2 * drift * on_real - 1) / n, 1 / n
    downs = critic.down(seeds, inputs)
    slope = critic.maps[0].down(downs[0][2 * n :], mix)
    norm = (slope.flatten(1).square().sum(1) + FLOOR).sqrt()
    inputs[0][2 * n :] = slope * (2 * penalty / n * (1 - 1 / norm)).view(-1, *[1] * (slope.ndim - 1))
    _carry_up(critic, downs, inputs, n)
    loss = on_fake - on_real + penalty * (norm - 1).square().mean() + drift * on_real.square()
    return loss, on_real - on_fake


@torch.no_grad()
def mean_score(critic: Layers, x: Tensor) -> tuple[Tensor, Tensor]:
    """E D(x), 0-d, and its gradient in x (n, ...)."""
    inputs, scores = critic.up(x)
    downs = critic.down(torch.full_like(scores, 1 / len(x)), inputs)
    return scores.mean(), critic.maps[0].down(downs[0], x)


def _carry_up(critic: Layers, downs: list[Tensor], inputs: list[Tensor], n: int) -> None:
    """Carry the tangent up in the place of the mixed points, and set the gradients on the way.

    A slope does not depend on a bias, so only real and fake points count for those.
    """
    for i, layer in enumerate(critic.maps):
        critic.set_gradient(i, downs[i], inputs[i], 2 * n)
        if i < len(critic.slopes):
            tangent, place = layer.tangent(inputs[i][2 * n :]), inputs[i + 1][2 * n :]
            masked_(tangent, place, critic.slopes[i], True, grad_input=place)
