"""Typed form of a training: recipes state every number, runs state their differences."""

from typing import Annotated, Any, Literal, get_type_hints

from pydantic import Field, create_model, model_validator

from pushforward.specs.materials import GaussianLaw, Latent
from pushforward.specs.section import Count, Name, Natural, NonNegative, Positive, Section

UNGATED = ("gaussian", "mixture")  # laws of z that draw once, and keep what they drew


class Snapshots(Section):
    """Generators kept: `count` of them, `every` steps apart, the last at the end."""

    count: Count
    every: Count


class MutualInformation(Section):
    """Weight of the cross-entropy on the mixture's component, and generator steps for which it acts."""

    weight: NonNegative
    steps: Natural


class Training(Section):
    """What every training states; steps are updates of the generator or decoder."""

    steps: Count
    batch: Count
    betas: Annotated[list[Annotated[float, Field(ge=0, lt=1)]], Field(min_length=2, max_length=2)]
    clip: Positive | None
    flip: bool
    precision: Literal["fp32", "tf32", "bf16"]
    threads: Count
    snapshots: Snapshots
    log_every: Count
    protocol: Name

    @model_validator(mode="after")
    def _snapshots_fit(self) -> "Training":
        first = self.steps - (self.snapshots.count - 1) * self.snapshots.every
        if first < 1:
            kept = f"{self.snapshots.count} snapshots, {self.snapshots.every} steps apart,"
            raise ValueError(f"{kept} do not fit in {self.steps} steps")
        return self


class GanRecipe(Training):
    """How a GAN is trained (App. B; `docs/choices.md`)."""

    method: Literal["wgan-gp"]
    generator_batch: Count | None
    generator_lr: Positive
    critic_lr: Positive
    critic_steps: Count
    penalty: NonNegative
    gp_alpha: Literal["pixel", "sample"]
    drift: NonNegative
    augment: Literal["none", "diffaug"]
    ema_halflife: Count | None
    mutual_information: MutualInformation
    cuda_graph: bool = False


class VaeRecipe(Training):
    """How a VAE is trained; the paper states none of its numbers."""

    method: Literal["vae"]
    lr: Positive
    beta: NonNegative
    likelihood: Literal["bernoulli", "gaussian"]
    variance: Positive | None


Recipe = Annotated[GanRecipe | VaeRecipe, Field(discriminator="method")]
RECIPES: tuple[type[Training], ...] = (GanRecipe, VaeRecipe)


class RunOwn(Section):
    """What a run says beside its differences from the recipe."""

    dataset: Name
    model: Name
    latent_dim: Count
    recipe: Name
    latent: Latent = GaussianLaw(law="gaussian")
    seeds: Annotated[list[Natural], Field(min_length=1)] | None = None


def _differences() -> dict[str, Any]:
    """Every field of a recipe but its method, optional."""
    hints = {name: hint for kind in RECIPES for name, hint in get_type_hints(kind, include_extras=True).items()}
    names = dict.fromkeys(name for kind in RECIPES for name in kind.model_fields if name != "method")
    return {name: (hints[name] | None, None) for name in names}


Run: Any = create_model(
    "Run",
    __base__=RunOwn,
    __doc__="One training: what on what, with which recipe, and where it differs.",
    **_differences(),
)
