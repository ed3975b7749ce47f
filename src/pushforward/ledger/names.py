"""What files, modules and numbers are called: where a rule writes, what is loaded by name, what is measured."""

from typing import Any

from pushforward.specs.report import RELEASED

# The first pattern of a rule names its jobs; the Snakemake rules take theirs from here.
PATTERNS: dict[str, dict[str, str]] = {
    "prepare": {"data": "data/{dataset}.npz"},
    "oracle": {
        "weights": "results/oracles/{oracle}.safetensors",
        "about": "results/oracles/{oracle}.json",
        "log": "results/logs/oracles/{oracle}.csv",
    },
    "train": {
        "weights": "results/models/{run}/s{seed}.safetensors",
        "about": "results/models/{run}/s{seed}.json",
        "log": "results/logs/{run}/s{seed}.csv",
    },
    "weights": {"weights": "data/weights/{network}"},
    "generate": {"images": "results/generated/{dataset}.npz"},
    "reference": {"reference": "results/references/{dataset}/{space}.npz"},
    "measure": {"measures": "results/measures/{run}/s{seed}.json"},
    "score": {"scores": "results/scores/{run}/s{seed}/{space}/{sampling}.json"},
    "embed": {"record": "results/disconnectedness/{dataset}.json"},
    "sheet": {"png": "results/samples/{run}.png", "pdf": "results/samples/{run}.pdf"},
    "figure": {
        "pdf": "results/{figure}.pdf",
        "png": "results/{figure}.png",
        "facts": "results/{figure}.json",
    },
    "theory": {"csv": "results/theory.csv", "markdown": "results/theory.md"},
    "summary": {"csv": "results/{summary}.csv", "markdown": "results/{summary}.md"},
    "table": {"csv": "results/{table}.csv", "markdown": "results/{table}.md", "latex": "results/{table}.tex"},
}
DATA_MODULES = {
    "fashion-mnist": "mnist",
    "cifar10": "cifar",
    "cifar100": "cifar",
    "cifar10-jpeg": "cifar10_jpeg",
}
# What is loaded by name to compute features.
SPACE_MODULES = {"inception": "inception", "clip-vit-b32": "clip", "efficientnet-lite0": "efficientnet"}
# Published weights by feature space, or by what they are for, called as their publishers call them (features.weights
# says where they come from).
NETWORKS = {
    "inception": "weights-inception-2015-12-05-6726825d.pth",
    "clip-vit-b32": "ViT-B-32.pt",
    RELEASED: "mnist_classifier.pth",
}
LAW_MODULES = {"random_directions": "controls", "norm": "controls"}
# The rules that train on a data set.
TRAININGS = ("train", "oracle")
# What only the augmented trainer knows.
AUGMENTED = ("augment", "mutual_information")


def outputs(rule: str, **wildcards: Any) -> dict[str, str]:
    """Paths that a rule writes for these wildcards, by name."""
    return {name: pattern.format(**wildcards) for name, pattern in PATTERNS[rule].items()}
