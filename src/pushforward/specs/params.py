"""Typed form of the whole of params.yaml. Every key is stated there; the few defaults mean 'none'."""

from typing import Annotated, Any, Literal

from pydantic import Field

from pushforward.specs.materials import Dataset, Model, Oracle, Synthetic
from pushforward.specs.report import Architecture, Figure, Summaries, Table
from pushforward.specs.sampling import Sampling
from pushforward.specs.section import Count, Name, Natural, Positive, Section, Share, Space
from pushforward.specs.training import UNGATED, GanRecipe, Recipe, Run, RunOwn, VaeRecipe


class Seeds(Section):
    """Where every random stream starts."""

    training: Annotated[list[Natural], Field(min_length=1)]
    measures: Natural


class Prdc(Section):
    """Precision, recall, density, coverage: neighbours and points a side."""

    k: Count
    points: Count


class Frechet(Section):
    """Fréchet distance: points a side, as far as the data set has them."""

    points: Count


class Separability(Section):
    """Linear separability: latents to fit and to score, iterations as printed and to convergence."""

    train: Count
    test: Count
    max_iter: Count
    converged_iter: Count


class Convexity(Section):
    """Convexity of the classes: pairs a class, and the size of the printed protocol's pools."""

    pairs_per_class: Count
    pool: Count


class Balance(Section):
    """Class balance: samples that are labelled."""

    points: Count


class Isoperimetry(Section):
    """Ratio to the optimal partition: random ellipses through the latent space, and labels along each."""

    ellipses: Annotated[int, Field(ge=40)]
    points: Count


class Protocol(Section):
    """One way of measuring: order and centring of PRDC, the oracle's threshold, and where it filters."""

    prdc: Literal["correct", "swapped", "centred"]
    threshold: Share
    filter_train: bool
    convex_pool: bool


class Protocols(Section):
    """What the authors' code computed, and what the text describes; `sets` of samples that a checkpoint gives."""

    sets: Count
    printed: Protocol
    corrected: Protocol


class Disconnectedness(Section):
    """The check by K-means in a feature space (Sec. 4.1), with its Gaussian control."""

    space: Space
    points: Count
    clusters: Count
    rounds: Count
    test_share: Share
    epsilon: Positive


class Measures(Section):
    """Every probe and metric."""

    prdc: Prdc
    frechet: Frechet
    separability: Separability
    convexity: Convexity
    balance: Balance
    isoperimetry: Isoperimetry
    disconnectedness: Disconnectedness
    protocols: dict[Name, Protocols]


class Theory(Section):
    """The runs whose precision is held against the bounds."""

    runs: list[Name]


class Params(Section):
    """The whole file."""

    scale: Literal["paper", "reduced", "demo"]
    seeds: Seeds
    datasets: dict[Name, Dataset]
    synthetic: dict[Name, Synthetic]
    oracles: dict[Name, Oracle]
    models: dict[Name, Model]
    defaults: dict[Name, Recipe]
    runs: dict[Name, Run]
    sampling: dict[Name, Sampling]
    measures: Measures
    theory: Theory
    tables: dict[Name, Table]
    architectures: dict[Name, Architecture]
    figures: dict[Name, Figure]
    summaries: Summaries

    @property
    def data(self) -> dict[str, Dataset | Synthetic]:
        """All data sets by name: those that are found, and those that trainings of this file make."""
        return {**self.datasets, **self.synthetic}

    def recipe(self, run: str) -> GanRecipe | VaeRecipe:
        """The full recipe of a run: its own numbers over those of the recipe that it names.

        Raises:
            ValueError: the run states a number that its recipe does not have, or one that does not fit the rest.
        """
        own: Any = self.runs[run]
        base = self.defaults[own.recipe]
        given = {k: getattr(own, k) for k in own.model_fields_set if k not in RunOwn.model_fields}
        fields = type(base).model_fields
        if strange := [name for name in given if name not in fields]:
            raise ValueError(f"{', '.join(strange)}: recipe {own.recipe!r} ({base.method}) has no such number")
        if given.get("cuda_graph", getattr(base, "cuda_graph", False)) and own.latent.law not in UNGATED:
            raise ValueError(f"cuda_graph: the law {own.latent.law} redraws z until enough pass; no CUDA graph can")
        return type(base)(**{k: given.get(k, getattr(base, k)) for k in fields})

    def seeds_of(self, run: str) -> list[int]:
        """Training seeds of a run."""
        return list(self.runs[run].seeds or self.seeds.training)

    def oracle_of(self, dataset: str) -> str | None:
        """The oracle that labels samples of a data set; None for mixtures, where the nearest centre is exact."""
        spec = self.data[dataset]
        if spec.kind == "gaussians":
            return None
        if spec.kind == "synthetic":
            return self.oracle_of(self.runs[spec.run].dataset)
        return next((name for name, oracle in self.oracles.items() if oracle.dataset == dataset), None)
