"""A moving average of weights."""

from collections.abc import Mapping

import torch
from torch import Tensor


class Average:
    """Exponential moving average of parameters, with a half-life in critic images and a ramp at the start.

    The decay of an update is 0.5^(new / min(halflife, ramp * seen)), as in TransGAN; the authors update once a
    generator step but count one critic batch as new, which makes their real half-life `critic_steps` times longer.

    Args:
        parameters: name -> parameter to follow.
        halflife: critic images after which a weight counts half.
        ramp: share of the images seen so far that bounds the half-life from above.
    """

    def __init__(self, parameters: Mapping[str, Tensor], halflife: float, ramp: float = 0.1) -> None:
        self._live = {name: parameter.detach() for name, parameter in parameters.items()}
        self.values = {name: parameter.clone() for name, parameter in self._live.items()}
        self.halflife, self.ramp = halflife, ramp

    def update(self, new: int, seen: int) -> None:
        """Move towards the live weights; everything stays on their device.

        Args:
            new: images that this update stands for.
            seen: images so far.
        """
        decay = 0.5 ** (new / min(self.halflife, self.ramp * seen))
        torch._foreach_lerp_(list(self.values.values()), list(self._live.values()), 1.0 - decay)

    def load(self, values: Mapping[str, Tensor]) -> None:
        """Take back saved `values`."""
        for name, value in self.values.items():
            value.copy_(values[name])
