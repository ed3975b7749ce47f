"""Draw samples of a trained generator, for people to look at."""

from pathlib import Path
from typing import Any

import torch

from pushforward import data, rng
from pushforward.features.labeller import labeller
from pushforward.report import scatter, sheet, style
from pushforward.sampling import draw
from pushforward.sampling.checkpoint import generator, law, load_classifier

SAMPLES = 100


def run(params: dict[str, Any], deps: dict[str, str], outs: dict[str, str], scratch: Path) -> None:
    """Images with the oracle's class and confidence; for mixtures a picture of the points."""
    dataset = data.load(deps["data"])
    label = labeller(dataset, load_classifier(deps["oracle"]) if "oracle" in deps else None)
    stream = rng.generator(params["seed"], "sheet", params["run"])
    n = SAMPLES if dataset.centres is None else 2000
    x = torch.cat([x for _, x in draw.samples(generator(deps["weights"]), law(deps["weights"]), n, stream)])
    if dataset.centres is None:
        labels, confidence = label.classify(x)
        order = torch.argsort(labels, stable=True)
        figure = sheet.sheet(
            x[order].numpy(), labels[order].numpy(), confidence[order].numpy(), low=dataset.low, high=dataset.high
        )
    else:
        assert dataset.sigma is not None
        figure = scatter.points(x.numpy(), dataset.centres.numpy(), label.classify(x)[0].numpy(), dataset.sigma)
    style.save(figure, outs["png"])
