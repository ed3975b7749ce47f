"""Typed form of what is asked for: tables, figures and summaries."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pushforward.specs.materials import Latent, Model
from pushforward.specs.metrics import METRICS, is_scored
from pushforward.specs.section import Count, Name, Section, Space

TRAINED = "trained"  # name of the law of z that a run was trained with
RELEASED = "mnist-released"  # the MNIST classifier that the paper's authors published

Metric = Literal[METRICS]  # type: ignore[valid-type]
Spaces = Annotated[list[Space], Field(min_length=1)]


class Row(Section):
    """One line of a table: names as printed, and the run that re-makes it (null: not run at this scale)."""

    dataset: str
    model: str
    variant: str
    printed: bool = True
    run: Name | None
    sampling: Name | None = None
    features: Spaces | None = None


class Table(Section):
    """One table of the paper.

    `extra` are metrics that we set beside the printed ones. Of `features`, the first are those of the printed numbers;
    a row may have its own.
    """

    title: str
    source: str
    metrics: Annotated[list[Metric], Field(min_length=1)]
    extra: list[Metric] = Field(default_factory=list)
    features: Spaces
    rows: dict[Name, Row]

    @property
    def is_scored(self) -> bool:
        """Whether any of its numbers belongs to a feature space."""
        return any(is_scored(metric) for metric in (*self.metrics, *self.extra))


class Architecture(Section):
    """A printed table of layers and settings, with the model and the recipe that are held against it."""

    title: str
    source: str
    model: Model
    shape: Annotated[list[Count], Field(min_length=1)]
    latent_dim: Count
    recipe: Name


class Curve(Section):
    """One line of Figure 8: a training, and the laws of z at test time along it."""

    method: str
    dataset: str
    run: Name
    sampling: Annotated[list[Name], Field(min_length=1)]


class Figure(Section):
    """One figure of the paper: the runs, or curves, it draws; with `features`, from their numbers in that space."""

    runs: list[Name]
    features: Space | None = None
    curves: dict[str, Curve] | None = None
    pairs: Count | None = None
    steps: Count | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> "Figure":
        if self.curves is not None and (self.features is None or self.runs):
            raise ValueError("curves are drawn from numbers: state their features, and no runs beside them")
        if self.features is not None and (self.pairs or self.steps):
            raise ValueError("pairs and steps are of samples; a figure of numbers, with features, has none")
        return self


class ClassBalance(Section):
    """Runs whose class proportions are listed."""

    runs: list[Name]


class DisconnectednessOf(Section):
    """Data sets that are held against one Gaussian."""

    datasets: list[Name]


class Grid(Section):
    """Settings of one gate, and thresholds to try."""

    dim: Count
    latent: Latent
    taus: Annotated[list[float], Field(min_length=1)]


class AcceptanceOf(Section):
    """Gates whose acceptance is measured, beside those of every scored training."""

    gates: dict[Name, Grid]


class Intext(Section):
    """Where the numbers in the text come from; each may be empty at a scale."""

    balance: list[Name]
    widths: list[Name]
    features: Space
    oracles: list[Name]
    datasets: list[Name]


class SecondOpinion(Section):
    """Runs whose samples a second classifier labels too: another oracle of their data set, or the authors' own."""

    runs: list[Name]
    classifier: Name
    points: Count


class Summaries(Section):
    """Results that are no numbered table."""

    class_balance: ClassBalance
    disconnectedness: DisconnectednessOf
    acceptance: AcceptanceOf
    intext: Intext
    second_opinion: SecondOpinion
