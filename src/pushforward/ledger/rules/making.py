"""Data, feature networks, oracles and trainings."""

from pushforward.ledger.job import Job
from pushforward.ledger.names import AUGMENTED, NETWORKS, outputs
from pushforward.ledger.rules.parts import data_file, data_module, network_modules, plain
from pushforward.specs.materials import Synthetic
from pushforward.specs.params import Params
from pushforward.specs.training import VaeRecipe


def weights(network: str) -> Job:
    """Fetch the published weights of a network."""
    return Job(
        rule="weights",
        wildcards={"network": NETWORKS[network]},
        params={"network": network},
        modules=(),
        deps={},
        outs=outputs("weights", network=NETWORKS[network]),
    )


def generate(params: Params, dataset: str, spec: Synthetic) -> Job:
    """Draw the images that a synthetic data set is made of: here the walk bends back."""
    seed = params.seeds_of(spec.run)[0]
    made = outputs("train", run=spec.run, seed=seed)
    return Job(
        rule="generate",
        wildcards={"dataset": dataset},
        params={"images": spec.images, "seed": params.seeds.measures},
        modules=network_modules(params, spec.run),
        deps={"weights": made["weights"], "about": made["about"]},
        outs=outputs("generate", dataset=dataset),
    )


def prepare(params: Params, name: str) -> Job:
    """Prepare one data set."""
    spec = params.data[name]
    synthetic = isinstance(spec, Synthetic)
    left_out = ("label", "run", "images") if synthetic else ("label",)
    return Job(
        rule="prepare",
        wildcards={"dataset": name},
        params={key: value for key, value in plain(spec).items() if key not in left_out},
        modules=(data_module(spec.kind),),
        deps={"samples": outputs("generate", dataset=name)["images"]} if synthetic else {},
        outs=outputs("prepare", dataset=name),
    )


def oracle(params: Params, name: str) -> Job:
    """Train one oracle."""
    oracle = params.oracles[name]
    return Job(
        rule="oracle",
        wildcards={"oracle": name},
        params=plain(oracle),
        modules=("pushforward.models.classifier",),
        deps={"data": data_file(oracle.dataset)},
        outs=outputs("oracle", oracle=name),
    )


def train(params: Params, run: str, seed: int) -> Job:
    """Train one run from one seed."""
    own, recipe = params.runs[run], params.recipe(run)
    method = _method(params, run)
    trainer, of = ("graph", {"method": method}) if getattr(recipe, "cuda_graph", False) else (method, {})
    apart = ("method", "threads", "protocol", "snapshots", "cuda_graph")
    left_out = (*apart, *(() if method == "augmented" else AUGMENTED))
    return Job(
        rule="train",
        wildcards={"run": run, "seed": str(seed)},
        params={
            "trainer": trainer,
            "settings": {
                **of,
                **{name: value for name, value in recipe.model_dump(mode="json").items() if name not in left_out},
                "model": plain(params.models[own.model]),
                "latent": {**plain(own.latent), "dim": own.latent_dim},
                "seed": seed,
                "snapshots": _snapshot_steps(recipe.steps, recipe.snapshots.count, recipe.snapshots.every),
            },
        },
        modules=(
            *(f"pushforward.training.{name}" for name in dict.fromkeys((method, trainer))),
            *network_modules(params, run),
        ),
        deps={"data": data_file(own.dataset)},
        outs=outputs("train", run=run, seed=seed),
        threads=recipe.threads,
    )


def _method(params: Params, run: str) -> str:
    """The module that trains a run: each holds only what it needs, so a change of one leaves other runs fresh."""
    own, recipe = params.runs[run], params.recipe(run)
    if isinstance(recipe, VaeRecipe):
        return "vae"
    augmented = recipe.augment != "none" or recipe.mutual_information.weight > 0 or own.latent.law == "mixture"
    conditional = "classes" in params.models[own.model].generator
    return "augmented" if augmented else "conditional" if conditional else "wgan"


def _snapshot_steps(steps: int, count: int, every: int) -> list[int]:
    """Steps whose generator is kept: `count` of them, `every` apart, the last at the end."""
    return [steps - every * back for back in reversed(range(count))]
