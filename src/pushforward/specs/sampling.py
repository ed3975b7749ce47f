"""Typed form of the laws of z at test time that differ from training (Table 7, Figure 8)."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pushforward.specs.materials import Latent, Rate
from pushforward.specs.section import Count, Positive, Section


class Threshold(Section):
    """The gate of the training at another threshold, given in one of three ways."""

    method: Literal["threshold"]
    tau: float | None = None
    acceptance: Rate | None = None
    margin: Positive | None = None

    @model_validator(mode="after")
    def _given_once(self) -> "Threshold":
        if sum(value is not None for value in (self.tau, self.acceptance, self.margin)) != 1:
            raise ValueError("give one of tau, acceptance and margin")
        return self


class Jacobian(Section):
    """Jacobian-based truncation: keep the share of latents with the smallest Jacobian norm."""

    method: Literal["jacobian"]
    keep: Annotated[float, Field(gt=0, le=1)]
    estimate: Literal["exact", "hutchinson", "difference"]
    draws: Annotated[int, Field(ge=2)]
    scope: Literal["batch", "global"]
    batch: Count


class OtherLaw(Section):
    """Another law than that of the training."""

    method: Literal["law"]
    latent: Latent


Sampling = Annotated[Threshold | Jacobian | OtherLaw, Field(discriminator="method")]
