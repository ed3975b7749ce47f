"""Points of a mixture: in the plane as they are, in more dimensions by their distance to the nearest centre."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from scipy.stats import chi

from pushforward.report import style

QUANTILE = 0.999  # of the chi distribution: the radius that nearly all of a mode's mass keeps within


@style.use()
def points(x: np.ndarray, centres: np.ndarray, labels: np.ndarray, sigma: float) -> Figure:
    """Generated points of a mixture of Gaussians.

    Args:
        x: (n, D).
        centres: (m, D).
        labels: (n,) the nearest centre of each point.
        sigma: deviation of each coordinate of a mode.
    """
    figure = style.figure(style.DOUBLE, 2.6)
    left, right = figure.subplots(1, 2)
    if x.shape[1] == 2:
        left.scatter(*x.T, s=2, color=style.BLUE, linewidths=0, rasterized=True, label="generated")
        left.scatter(*centres.T, s=30, marker="x", color=style.VERMILLION, label="centre")
        left.set_aspect("equal", adjustable="datalim")
        left.set(title="Generated points", xlabel="$x_1$", ylabel="$x_2$")
        left.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)
    else:
        _distances(left, x, centres, labels, sigma)
    share = 100 * np.bincount(labels, minlength=len(centres)) / len(labels)
    right.bar(
        1 + np.arange(len(centres)), np.sort(share)[::-1], color=style.SKY, width=1, edgecolor="white", linewidth=0.3
    )
    right.axhline(100 / len(centres), color=style.BLACK, linewidth=0.8, linestyle="--")
    right.set(title="Share of each mode, sorted (dashed: equal)", xlabel="mode", ylabel="samples (%)")
    right.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


def _distances(axes: Axes, x: np.ndarray, centres: np.ndarray, labels: np.ndarray, sigma: float) -> None:
    """Distance to the nearest centre, beside that of true samples of a mode: sigma times a chi variable."""
    distance = np.linalg.norm(x - centres[labels], axis=1) / sigma
    top = max(np.quantile(distance, 0.99), 1.2 * chi.ppf(QUANTILE, x.shape[1]))
    bins = np.linspace(0, top, 60)
    axes.hist(
        np.clip(distance, 0, top), bins=bins.tolist(), density=True, color=style.BLUE, alpha=0.7, label="generated"
    )
    axes.plot(bins, chi.pdf(bins, x.shape[1]), color=style.VERMILLION, linewidth=1.2, label="true mode")
    axes.set(title="Distance to the nearest centre", xlabel="distance / sigma", ylabel="density")
    axes.legend()
