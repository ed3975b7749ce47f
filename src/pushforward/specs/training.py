"""Typed form of a training: recipes state every number, runs state their differences."""

from typing import Annotated, Any, Literal, get_type_hints

from pydantic import Field, create_model, model_validator

from pushforward.specs.materials import GaussianLaw, Latent
from pushforward.specs.section import Count, Name, Natural, NonNegative, Positive, Section


class Snapshots(Section):
    """Generators kept: `count` of them, `every` steps apart, the last at the end."""

    count: Count
    every: Count


class MutualInformation(Section):
    """Weight of the cross-entropy on the mixture's component, and generator steps for which it acts."""

    weight: NonNegative
    steps: Natural


class Recipe(Section):
    """How a generator is trained; rates per step, steps of the generator."""

    method: Literal["wgan-gp", "vae"]
    steps: Count
    batch: Count
    generator_batch: Count | None
    generator_lr: Positive
    critic_lr: Positive
    betas: Annotated[list[Annotated[float, Field(ge=0, lt=1)]], Field(min_length=2, max_length=2)]
    critic_steps: Natural
    penalty: NonNegative
    gp_alpha: Literal["pixel", "sample"]
    drift: NonNegative
    clip: Positive | None
    augment: Literal["none", "diffaug"]
    flip: bool
    ema_halflife: Count | None
    mutual_information: MutualInformation
    precision: Literal["fp32", "tf32", "bf16"]
    threads: Count
    snapshots: Snapshots
    log_every: Count
    protocol: Name

    @model_validator(mode="after")
    def _snapshots_fit(self) -> "Recipe":
        first = self.steps - (self.snapshots.count - 1) * self.snapshots.every
        if first < 1:
            kept = f"{self.snapshots.count} snapshots, {self.snapshots.every} steps apart,"
            raise ValueError(f"{kept} do not fit in {self.steps} steps")
        return self


class RunOwn(Section):
    """What a run says beside its differences from the recipe."""

    dataset: Name
    model: Name
    latent_dim: Count
    recipe: Name
    latent: Latent = GaussianLaw(law="gaussian")
    seeds: Annotated[list[Natural], Field(min_length=1)] | None = None


def _differences() -> dict[str, Any]:
    """Every field of a recipe, optional."""
    hints = get_type_hints(Recipe, include_extras=True)
    return {name: (hints[name] | None, None) for name in Recipe.model_fields}


Run: Any = create_model(
    "Run",
    __base__=RunOwn,
    __doc__="One training: what on what, with which recipe, and where it differs.",
    **_differences(),
)
