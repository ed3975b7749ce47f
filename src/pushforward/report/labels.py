"""How metrics are called in tables and figures, which way is better, and how their numbers are written."""

import math
from dataclasses import dataclass

NOT_AVAILABLE = "n/a"
NOT_RUN = "not run"


@dataclass(frozen=True)
class Metric:
    """Label of a metric and its better direction: "up", "down" or "" where neither is better."""

    label: str
    direction: str = ""


METRICS = {
    "precision": Metric("Precision", "up"),
    "recall": Metric("Recall", "up"),
    "density": Metric("Density", "up"),
    "coverage": Metric("Coverage", "up"),
    "logreg_acc": Metric("LogReg acc.", "up"),
    "convex_acc": Metric("Convex acc.", "up"),
    "fid": Metric("FID", "down"),
    "frechet_distance_classifier": Metric("FD (oracle)", "down"),
    "frechet_distance_clip": Metric("FD (CLIP)", "down"),
    "frechet_distance_imagenet": Metric("FD (ImageNet)", "down"),
    "logreg_acc_true_labels": Metric("LogReg acc., true labels", "up"),
    "alpha": Metric("α (exact)", "up"),
    "isoperimetric_ratio": Metric("Isoperimetric ratio", "down"),
    "acceptance": Metric("Acceptance"),
    "disconnectedness_acc": Metric("Disconnectedness acc.", "up"),
    "test_accuracy": Metric("Oracle test acc.", "up"),
    "second_test_accuracy": Metric("Second classifier's test acc.", "up"),
    "agreement_pct": Metric("Same label from both (%)"),
    "agreement_where_sure_pct": Metric("Same label where the oracle is sure (%)"),
    "min_class_proportion_pct": Metric("Rarest class (%)"),
    "max_class_proportion_pct": Metric("Commonest class (%)"),
    "variance_to_mean_ratio": Metric("Variance / mean", "down"),
    "pearson_precision_logreg": Metric("Pearson (precision, LogReg)"),
}
ARROWS = {"up": " ↑", "down": " ↓", "": ""}


def metric(name: str) -> Metric:
    """The label of a metric; one that is not listed is called by its own name."""
    return METRICS.get(name, Metric(name.replace("_", " ")))


def decimals(value: float) -> int:
    """Decimals that keep three significant digits, at least one; one for an exact zero."""
    return 1 if abs(value) >= 10 or value == 0 else 2 if abs(value) >= 1 else 3


def number(value: float, like: float | None = None) -> str:
    """A number for a reader: 88.1, 2.93, 0.981, 1.23e+07; `n/a` where it is not finite.

    Args:
        value: the number.
        like: number whose decimals are taken, for a half-width beside its mean.
    """
    if not math.isfinite(value):
        return NOT_AVAILABLE
    size = abs(value if like is None else like)
    if size >= 1e5 or 0 < size < 5e-4:
        return f"{value:.2e}"
    return f"{value:.{decimals(size)}f}"


def plus_minus(value: float, half_width: float) -> str:
    """`88.1 ± 0.5`; `88.1 ± n/a` where there is no interval; `n/a` where there is no value."""
    text = number(value)
    return text if text == NOT_AVAILABLE else f"{text} ± {number(half_width, like=value)}"


def printed_number(value: float, half_width: float) -> str:
    """A printed number, with the digits it was printed with: `93.2`, `63.2 ± 0.6`."""
    text = repr(float(value))
    return f"{text} ± {float(half_width)!r}" if math.isfinite(half_width) else text
