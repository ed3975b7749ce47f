"""What every law of z can do."""

import abc
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from pushforward.errors import InputError


@dataclass(frozen=True)
class Acceptance:
    """Share of N(0, I) that a law keeps.

    Attributes:
        rate: the share, in [0, 1].
        error: its standard error; 0 where it is exact.
        draws: latents it was measured on; 0 where it is exact.
    """

    rate: float
    error: float = 0.0
    draws: int = 0


class Law(nn.Module, abc.ABC):
    """A law of z on R^d.

    A module, so that it moves between devices and is stored like a network; only a mixture has parameters to train.

    Attributes:
        dim: latent dimension d.
        components: number of classes `classify` tells apart; 0 if the law has none.
    """

    name: ClassVar[str]
    components: int = 0

    def __init__(self, dim: int) -> None:
        super().__init__()
        if dim < 1:
            raise InputError(f"law {self.name}: the latent dimension must be at least 1, not {dim}.")
        self.dim = dim

    @abc.abstractmethod
    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw `n` latents, (n, d) float32, on the generator's device."""

    def classify(self, z: Tensor) -> Tensor:
        """The class of each latent, (n, d) -> (n,) int64.

        Raises:
            InputError: this law has no classes.
        """
        raise InputError(f"law {self.name} has no classes; take a law with components, for example simplicial.")

    def sample_labelled(self, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw `n` latents with the class each belongs to: (n, d) float32 and (n,) int64."""
        z = self.sample(n, generator)
        return z, self.classify(z)

    def acceptance(self) -> Acceptance:
        """Share of N(0, I) this law keeps, measured when the law was built or exact."""
        return Acceptance(1.0)

    def penalty(self) -> Tensor:
        """Term that this law adds to the generator's loss, a scalar."""
        return torch.zeros(())

    def about(self) -> dict[str, Any]:
        """The law in plain values: its name, its arguments, and what it accepts."""
        return {"law": self.name, **self._arguments(), "acceptance": asdict(self.acceptance())}

    @classmethod
    def from_state(cls, about: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Self:
        """Rebuild the law that `about()` and `state_dict()` came from."""
        law = cls(**{key: value for key, value in about.items() if key not in ("law", "acceptance", "tau")})
        law.load_state_dict(tensors)
        return law

    def _arguments(self) -> dict[str, Any]:
        """Arguments that rebuild this law but for its threshold."""
        return {"dim": self.dim}


def gaussian(n: int, dim: int, generator: torch.Generator) -> Tensor:
    """N(0, I) latents, (n, d) float32, on the generator's device.

    Raises:
        InputError: `n` is negative.
    """
    if n < 0:
        raise InputError(f"a sample has 0 or more latents, not {n}.")
    return torch.randn(n, dim, generator=generator, device=generator.device)
