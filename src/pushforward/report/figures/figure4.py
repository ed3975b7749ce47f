"""Figure 4: images along latent segments between two samples of a class, with what the oracle sees in each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from pushforward.report import style
from pushforward.report.intervals import Interval

PATHS = ("linear", "spherical")
LOOKS: dict[str, dict[str, Any]] = {
    "linear": {"color": style.BLACK, "marker": "o", "linestyle": "-"},
    "spherical": {"color": style.GREEN, "marker": "s", "linestyle": "--"},
}
MARGIN, BETWEEN, HEAD, TOP = 0.32, 0.16, 0.44, 0.22  # inches: left of the strips, between them, over a block, legend
GAP = 0.05  # space around an image, in image widths
POINTS, LETTER, LINE = 6.0, 0.6, 1.3  # size of text; width of a letter and height of a line, in text sizes
CHART = 1.55  # height of the last row, in inches
LEFT, BELOW, RIGHT = 0.5, 0.36, 0.1  # inches around a chart


@dataclass(frozen=True)
class Strip:
    """Images along one path, the ends included.

    Attributes:
        images: (s, H, W, 3) in [0, 1].
        labels: (s,) classes that the oracle gives.
        confidences: (s,) its largest class probability.
    """

    images: np.ndarray
    labels: np.ndarray
    confidences: np.ndarray


@dataclass(frozen=True)
class Block:
    """One generator.

    Attributes:
        title: over its strips.
        classes: class of each pair's ends, (n,).
        strips: path -> n strips.
        weights: inner positions along the path, (k,).
        kept: path -> share of many pairs whose point there has the class of the ends, (k,), in [0, 1].
        note: in place of strips where there are none.
    """

    title: str
    classes: Sequence[int]
    strips: Mapping[str, Sequence[Strip]]
    weights: Sequence[float]
    kept: Mapping[str, Sequence[Interval]]
    note: str = ""


@style.use()
def draw(blocks: Sequence[Block], threshold: float) -> Figure:
    """A block of strips a generator, linear beside spherical; below them how many of many pairs keep their class.

    Args:
        blocks: one a generator.
        threshold: confidence below which an image is marked.
    """
    sizes = [_Sizes(block) for block in blocks]
    height = TOP + sum(size.height for size in sizes) + CHART
    drawing = Figure(figsize=(style.DOUBLE, height))
    _legend(drawing, threshold)
    top = height - TOP
    for block, size in zip(blocks, sizes, strict=True):
        axes = drawing.add_axes((0, (top - size.height) / height, 1, size.height / height))
        axes.set(xlim=(0, style.DOUBLE), ylim=(size.height, 0))
        axes.axis("off")
        _block(axes, block, size, threshold)
        top -= size.height
    for place, block in enumerate(blocks):
        width = style.DOUBLE / max(len(blocks), 2)
        where = (place * width + LEFT, BELOW, width - LEFT - RIGHT, CHART - BELOW - 0.3)
        axes = drawing.add_axes(
            (where[0] / style.DOUBLE, where[1] / height, where[2] / style.DOUBLE, where[3] / height)
        )
        _chart(axes, block, labelled=place == 0)
    return drawing


class _Sizes:
    """How large the images of a block are, and on how many lines their text stands."""

    def __init__(self, block: Block) -> None:
        strips = [strip for own in block.strips.values() for strip in own]
        steps = max((len(strip.labels) for strip in strips), default=8)
        self.unit = (style.DOUBLE - MARGIN - BETWEEN - 0.04) / (len(PATHS) * steps)
        longest = max((len(": ".join(text)) for strip in strips for text in _texts(strip)), default=0)
        self.joint = ": " if longest * LETTER * POINTS <= 72 * self.unit else "\n"
        self.pitch = self.unit + (1 if self.joint == ": " else 2) * LINE * POINTS / 72
        self.half = steps * self.unit
        self.height = HEAD + max(len(block.classes), 0.5) * self.pitch + 0.08


def _texts(strip: Strip) -> list[list[str]]:
    """Class and confidence in percent of each image, rounded down: 69.9 % is below 70 %."""
    return [[str(int(k)), str(int(100 * sure + 1e-6))] for k, sure in zip(strip.labels, strip.confidences, strict=True)]


def _block(axes: Axes, block: Block, size: _Sizes, threshold: float) -> None:
    axes.text(0.04, 0.04, block.title, va="top", fontsize=8, fontweight="bold")
    for place, path in enumerate(PATHS):
        left = MARGIN + place * (size.half + BETWEEN)
        axes.text(left, HEAD - 0.05, f"{path}, λ from 0 to 1", va="bottom", fontsize=7)
        for row, (strip, own) in enumerate(zip(block.strips.get(path, ()), block.classes, strict=False)):
            _strip(axes, strip, own, (left, HEAD + row * size.pitch), size, threshold)
    for row, own in enumerate(block.classes):
        axes.text(MARGIN - 0.06, HEAD + row * size.pitch + size.unit / 2, str(own), ha="right", va="center", fontsize=7)
    if block.classes:
        axes.text(MARGIN - 0.06, HEAD - 0.05, "class", ha="right", va="bottom", fontsize=6)
    if block.note:
        axes.text(MARGIN, HEAD + 0.1, block.note, va="top", fontsize=7, color=style.VERMILLION)


def _strip(axes: Axes, strip: Strip, own: int, corner: tuple[float, float], size: _Sizes, threshold: float) -> None:
    inner = size.unit * (1 - 2 * GAP)
    for place, (image, text) in enumerate(zip(strip.images, _texts(strip), strict=True)):
        left, top = corner[0] + place * size.unit + GAP * size.unit, corner[1] + GAP * size.unit
        axes.imshow(image, extent=(left, left + inner, top + inner, top), aspect="auto")
        look = _frame(int(strip.labels[place]) == own, bool(strip.confidences[place] >= threshold))
        axes.add_patch(Rectangle((left, top), inner, inner, fill=False, **look))
        colour = "black" if look["linewidth"] < 1 else look["edgecolor"]
        middle = (left + inner / 2, top + inner + 0.015)
        axes.text(*middle, size.joint.join(text), ha="center", va="top", fontsize=POINTS, color=colour, linespacing=1)


def _frame(same: bool, sure: bool) -> dict[str, Any]:
    """Solid where the class changes, dashed where the oracle is unsure, thin and grey where neither."""
    if same and sure:
        return {"edgecolor": "#B0B0B0", "linewidth": 0.4}
    return {
        "edgecolor": style.BLUE if same else style.VERMILLION,
        "linewidth": 1.4,
        "linestyle": "-" if sure else (0, (2, 1.2)),
    }


def _legend(drawing: Figure, threshold: float) -> None:
    unsure = f"confidence below {100 * threshold:.0f} %"
    marks = {
        "another class": _frame(False, True),
        unsure: _frame(True, False),
        "both": _frame(False, False),
    }
    handles = [Patch(fill=False, label=name, **look) for name, look in marks.items()]
    drawing.legend(
        handles=handles, title="under each image: class, confidence in %", alignment="left", loc="upper right", ncols=3,
        fontsize=7, title_fontsize=7, handlelength=1.1, handleheight=1.0, borderaxespad=0.15, columnspacing=1.2,
    )  # fmt: skip


def _chart(axes: Axes, block: Block, labelled: bool) -> None:
    for path, shares in block.kept.items():
        means = [100 * own.mean for own in shares]
        ends = [[100 * (own.mean - own.low) for own in shares], [100 * (own.high - own.mean) for own in shares]]
        look = {**LOOKS[path], "capsize": 1.5, "elinewidth": 0.7, "markersize": 3, "label": path}
        axes.errorbar(block.weights, means, yerr=np.nan_to_num(ends), **look)
    axes.set_title(block.title.split(",")[0], fontsize=7)
    axes.set(xlim=(0, 1), ylim=(0, 104), xticks=[0, 0.25, 0.5, 0.75, 1], xticklabels=["0", "¼", "½", "¾", "1"])
    axes.set_xlabel("λ", labelpad=0)
    if labelled:
        axes.set_ylabel("class kept (%)", labelpad=2)
    if any(np.isfinite(own.mean) for shares in block.kept.values() for own in shares):
        axes.legend(loc="lower left", handlelength=2.2)
    else:
        axes.text(0.5, 0.5, "n/a", transform=axes.transAxes, ha="center", color=style.VERMILLION)
