"""What several rules share: plain values of a section, modules loaded by name, files of other jobs."""

from typing import Any

from pushforward.ledger.names import DATA_MODULES, LAW_MODULES, NETWORKS, SPACE_MODULES, outputs
from pushforward.specs.params import Params
from pushforward.specs.training import GanRecipe


def plain(section: Any) -> dict[str, Any]:
    """A section as it goes into a job: what says nothing is left out."""
    return section.model_dump(mode="json", exclude_none=True)


def data_module(kind: str) -> str:
    """What is loaded by name to prepare a data set."""
    return f"pushforward.data.{DATA_MODULES.get(kind, kind)}"


def law_module(law: str) -> str:
    """What is loaded by name to build a law of z."""
    return f"pushforward.latents.{LAW_MODULES.get(law, law)}"


def network_modules(params: Params, run: str) -> tuple[str, ...]:
    """What is loaded by name to build a run's networks and law of z."""
    own = params.runs[run]
    return f"pushforward.models.{params.models[own.model].kind}", law_module(own.latent.law)


def label_module(params: Params, dataset: str) -> str:
    """What is loaded by name to label samples."""
    return "pushforward.models.classifier" if params.oracle_of(dataset) else "pushforward.data.gaussians"


def space_modules(params: Params, dataset: str, space: str) -> tuple[str, ...]:
    """What is loaded by name to compute features."""
    return (label_module(params, dataset) if space == "oracle" else f"pushforward.features.{SPACE_MODULES[space]}",)


def trained_modules(params: Params, run: str) -> tuple[str, ...]:
    """What is loaded by name to build a run's generator and to label its samples."""
    return (*network_modules(params, run), label_module(params, params.runs[run].dataset))


def data_file(dataset: str) -> str:
    """The file of a prepared data set."""
    return outputs("prepare", dataset=dataset)["data"]


def oracle_files(params: Params, dataset: str) -> dict[str, str]:
    """The oracle's files; none where the labels are exact."""
    oracle = params.oracle_of(dataset)
    if oracle is None:
        return {}
    outs = outputs("oracle", oracle=oracle)
    return {"oracle": outs["weights"], "oracle_about": outs["about"]}


def space_files(params: Params, dataset: str, space: str) -> dict[str, str]:
    """The files that a feature space needs."""
    if space == "oracle":
        return oracle_files(params, dataset)
    network = NETWORKS.get(space)
    return {"network": outputs("weights", network=network)["weights"]} if network else {}


def trained_files(params: Params, run: str, seed: int) -> dict[str, str]:
    """Files of a training, of its data and of its oracle."""
    made, dataset = outputs("train", run=run, seed=seed), params.runs[run].dataset
    given = {"weights": made["weights"], "about": made["about"], "data": data_file(dataset)}
    return given | oracle_files(params, dataset)


def is_gan(params: Params, run: str) -> bool:
    """Whether a run trains a GAN: its latents at test time are draws from its law, not encodings."""
    return isinstance(params.recipe(run), GanRecipe)
