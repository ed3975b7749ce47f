"""What numbers are called, by the job that computes them."""

PROTOCOLS = ("printed", "corrected")  # as the authors' code computed a number, and as the text describes it
# Of `jobs.measure`, of the latent space.
MEASURED = ("logreg_acc", "convex_acc", "isoperimetric_ratio", "logreg_acc_true_labels")
# Of `jobs.score`, in a space of features; the Fréchet distance is called by its space.
SCORED = ("precision", "recall", "density", "coverage")
FRECHET = {
    "oracle": "frechet_distance_classifier",
    "inception": "fid",
    "clip-vit-b32": "frechet_distance_clip",
    "efficientnet-lite0": "frechet_distance_imagenet",
}
METRICS = (*MEASURED, *SCORED, *FRECHET.values())


def in_space(metric: str, space: str) -> str:
    """A metric as it is called in a feature space: Fréchet distances change their name."""
    return FRECHET[space] if metric in FRECHET.values() else metric


def is_scored(metric: str) -> bool:
    """Whether a metric is one of a feature space."""
    return metric in SCORED or metric in FRECHET.values()
