"""Typed form of what an experiment is made of: data sets, oracles, models and laws of z."""

from typing import Annotated, Literal

from pydantic import Field

from pushforward.specs.section import Count, Name, Natural, NonNegative, Positive, Section, Share

Rate = Annotated[float, Field(gt=0, le=1)]


class Material(Section):
    """What all data sets have: the name that a reader knows them by."""

    label: str | None = None


class Gaussians(Material):
    """A mixture of Gaussians; lengths in the units of the data, sigma per coordinate."""

    kind: Literal["gaussians"]
    modes: Count
    dim: Count
    layout: Literal["equidistant", "explicit"]
    separation: Positive | None = None
    centres: list[list[float]] | None = None
    sigma: NonNegative
    weights: Literal["equal"] | list[Positive]
    samples: Count | None = None


class Digits(Material):
    """The 8x8 handwritten digits of scikit-learn, as they are or resized."""

    kind: Literal["digits"]
    classes: list[Natural] | None = None
    size: Count | None = None
    colours: Literal[1, 3] | None = None


class Images(Material):
    """A published image data set."""

    kind: Literal["mnist", "fashion-mnist", "cifar10", "cifar10-jpeg", "cifar100"]
    classes: list[Natural] | None = None


class Stl10(Material):
    """STL-10, train and unlabelled images, resized."""

    kind: Literal["stl10"]
    size: Count


class Synthetic(Material):
    """Images made by a conditional GAN of this file (v1, Table 5)."""

    kind: Literal["synthetic"]
    run: Name
    images: Count
    format: Literal["png", "jpeg"]


Dataset = Annotated[Gaussians | Digits | Images | Stl10, Field(discriminator="kind")]


class ClassifierModel(Section):
    """Sizes of an oracle."""

    channels: Annotated[list[Count], Field(min_length=1)]
    activation: Literal["relu", "gelu"]


class Oracle(Section):
    """How the classifier that labels generated images is trained."""

    dataset: Name
    model: ClassifierModel
    epochs: Count
    batch: Count
    lr: Positive
    weight_decay: NonNegative
    label_smoothing: Share
    augment: Literal["none", "flip_crop", "shift"]
    seed: Natural


class Model(Section):
    """One architecture: the sizes of its generator and of its critic or encoder, as plain arguments."""

    kind: Literal["mlp", "cnn", "resnet", "transgan", "vae"]
    generator: dict[str, int | float | str | list[int]]
    critic: dict[str, int | float | str | list[int]] | None = None
    encoder: dict[str, int | float | str | list[int]] | None = None


class GaussianLaw(Section):
    """z ~ N(0, I)."""

    law: Literal["gaussian"]


class SimplicialLaw(Section):
    """z gated by its distance to a simplicial cluster (Sec. 3.3, App. B.3)."""

    law: Literal["simplicial"]
    components: Annotated[int, Field(ge=2)]
    score: Literal["cosine", "neg_distance", "dot", "gap"]
    norm: Literal["unit", "sqrt_d"]
    directions: Literal["axes", "simplex"] | None = None
    tau: float | None = None
    acceptance: Rate | None = None
    margin: Positive | None = None


class LinearLaw(Section):
    """z gated by a random affine softmax that is never trained (`lin.` of Table 7)."""

    law: Literal["linear"]
    components: Annotated[int, Field(ge=2)]
    tau: float | None = None
    acceptance: Rate | None = None


class RandomDirectionsLaw(Section):
    """A control: a gate made of random directions instead of a simplicial cluster."""

    law: Literal["random_directions"]
    components: Annotated[int, Field(ge=2)]
    score: Literal["cosine", "neg_distance", "dot", "gap"]
    norm: Literal["unit", "sqrt_d"]
    acceptance: Rate


class NormLaw(Section):
    """A control: latents of small norm."""

    law: Literal["norm"]
    acceptance: Rate


class MixtureLaw(Section):
    """DeliGAN: a mixture of Gaussians with learned means."""

    law: Literal["mixture"]
    components: Annotated[int, Field(ge=2)]
    variant: Literal["printed", "faithful"]


Latent = Annotated[
    GaussianLaw | SimplicialLaw | LinearLaw | RandomDirectionsLaw | NormLaw | MixtureLaw, Field(discriminator="law")
]
