"""Score one training in one feature space: PRDC and Fréchet distance of what it draws, under both protocols."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from pushforward import artifacts, data, rng
from pushforward.features.spaces import Embedder, embedder
from pushforward.jobs.facts import cell
from pushforward.latents.law import Law
from pushforward.metrics import frechet, prdc
from pushforward.provenance import device
from pushforward.sampling import draw
from pushforward.sampling.checkpoint import generators, law, load_classifier
from pushforward.sampling.truncation import at_test_time
from pushforward.specs.metrics import PROTOCOLS, SCORED


def run(params: dict[str, Any], deps: dict[str, str], outs: dict[str, str], scratch: Path) -> None:
    """Write one record: the law of z at test time, and the numbers of every snapshot and set of samples."""
    dataset, about = data.load(deps["data"]), artifacts.read_json(deps["about"])
    oracle = load_classifier(deps["oracle"]) if "oracle" in deps else None
    place = device()
    embed = embedder(params["space"], dataset, oracle, deps.get("network"), place)
    score = Scorer(params, embed, np.load(deps["reference"], allow_pickle=False))
    samples = []
    for step, generator in generators(deps["weights"]):
        latent = at_test_time(law(deps["weights"], step), params["law"], generator.to(place), params["seed"], place)
        samples += [{"step": step, "set": n, **score(generator, latent, step, n)} for n in range(params["sets"])]
    artifacts.write_json(
        outs["scores"],
        {
            **{"run": params["run"], "seed": params["training"], "space": embed.space, "sampling": params["sampling"]},
            "law": latent.about(),
            "acceptance": latent.about()["acceptance"],
            "metrics": [*SCORED, params["frechet_name"]],
            "seconds": about["seconds"],
            "device": f"{about['environment']['device']}: {about['environment']['device_name']}",
            "samples": samples,
        },
    )


class Scorer:
    """Numbers of a generator's samples.

    Args:
        params: those of the job.
        embed: the feature space.
        reference: features, radii, mean and covariance of real samples.
    """

    def __init__(self, params: Mapping[str, Any], embed: Embedder, reference: Mapping[str, np.ndarray]) -> None:
        self.params, self.embed, self.reference = params, embed, reference

    def __call__(self, generator: nn.Module, latent: Law, step: int, number: int) -> dict[str, Any]:
        """The numbers of one set of samples of one snapshot; its random stream is its own."""
        points, k = self.params["prdc"]["points"], self.params["prdc"]["k"]
        wanted = max(points, self.params["frechet"]["points"])
        stream = rng.generator(self.params["seed"], "score", step, number, device=device())
        drawn = draw.samples(generator, latent, wanted, stream)
        fake = torch.cat([self.embed.features(x).cpu() for _, x in drawn]).numpy()
        real = frechet.Statistics(self.reference["mean"], self.reference["covariance"], int(self.reference["n"]))
        distance = frechet.frechet(real, frechet.statistics(fake[: self.params["frechet"]["points"]]))
        of_distance = cell(distance.value, distance.status, distance.reason)
        near, threads = fake[:points], torch.get_num_threads()
        radii = prdc.radii(near, k, threads=threads)
        numbers = {}
        for name in PROTOCOLS:
            way = self.params["protocols"][name]["prdc"]
            record = prdc.prdc_from_radii(
                *(self.reference["features"], self.reference["radii"], near, radii, k), protocol=way, threads=threads
            )
            numbers[name] = {
                **{metric: cell(getattr(record, metric), record.status, record.reason) for metric in SCORED},
                self.params["frechet_name"]: of_distance,
            }
        return numbers
