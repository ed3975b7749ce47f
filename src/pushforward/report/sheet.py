"""Sheets of generated images with what the oracle sees in them, so that a reader can judge generator and oracle."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from pushforward.errors import InputError
from pushforward.report import style

GAP = 0.08  # space around an image, in image widths
POINTS = 7.0  # size of text; smaller, to POINTS_LEAST, where it would be wider than its image, else on two lines
POINTS_LEAST = 6.0
WIDE_LETTER, LINE = 0.62, 1.35  # width of a letter and height of a line, in text sizes
THRESHOLD = 0.7  # the paper's confidence below which a label is left out (section 4.1)


@style.use()
def sheet(
    images: np.ndarray,
    labels: np.ndarray,
    confidences: np.ndarray,
    columns: int = 10,
    low: float = 0.0,
    high: float = 1.0,
    names: Sequence[str] | None = None,
    threshold: float = THRESHOLD,
    width: float = style.DOUBLE,
) -> Figure:
    """Images in the order given, with class and confidence under each; those the oracle is unsure of are framed.

    Args:
        images: (n, C, H, W), C = 1 or 3, values in [low, high]; what lies outside is clipped.
        labels: (n,) classes that the oracle gives.
        confidences: (n,) its largest class probability, in [0, 1].
        columns: images in a row.
        low: value drawn black.
        high: value drawn white.
        names: names of the classes; their numbers where it is None.
        threshold: confidence below which an image is framed and marked "?".
        width: inches.

    Raises:
        InputError: shapes that do not fit, no images, values that are not finite, or a confidence outside [0, 1].
    """
    pictures = _pictures(images, labels, confidences, low, high)
    texts = [[_name(label, names), _percent(sure, threshold)] for label, sure in zip(labels, confidences, strict=True)]
    canvas = _Canvas(-(-len(pictures) // columns), columns, width, texts)
    for place, picture in enumerate(pictures):
        canvas.draw(picture, *divmod(place, columns), texts[place], bool(confidences[place] >= threshold))
    return canvas.figure


@style.use()
def class_sheet(
    images: np.ndarray,
    labels: np.ndarray,
    confidences: np.ndarray,
    classes: int,
    columns: int = 10,
    low: float = 0.0,
    high: float = 1.0,
    names: Sequence[str] | None = None,
    threshold: float = THRESHOLD,
    width: float = style.DOUBLE,
) -> Figure:
    """A row per class: the first images, in the order given, that the oracle puts there; a missing class stays empty.

    Args:
        images: as for `sheet`.
        labels: as for `sheet`.
        confidences: as for `sheet`.
        classes: number of classes, one row each; 0 to classes - 1.
        columns: images in a row.
        low: as for `sheet`.
        high: as for `sheet`.
        names: as for `sheet`.
        threshold: as for `sheet`.
        width: inches.

    Raises:
        InputError: as for `sheet`, or a label outside 0 to classes - 1.
    """
    pictures = _pictures(images, labels, confidences, low, high)
    if labels.min() < 0 or labels.max() >= classes:
        raise InputError(f"expected labels from 0 to {classes - 1}; got {labels.min()} to {labels.max()}.")
    shares = [f"{_name(row, names)}\n{100 * np.mean(labels == row):.1f} %" for row in range(classes)]
    texts = [[_percent(sure, threshold)] for sure in confidences]
    canvas = _Canvas(classes, columns, width, texts, shares)
    for row in range(classes):
        own = np.flatnonzero(labels == row)
        for column, place in enumerate(own[:columns]):
            canvas.draw(pictures[place], row, column, texts[place], bool(confidences[place] >= threshold))
        if len(own) == 0:
            canvas.say(f"none among {len(labels)}", row)
    return canvas.figure


def _pictures(images: np.ndarray, labels: np.ndarray, confidences: np.ndarray, low: float, high: float) -> np.ndarray:
    """Images as (n, H, W, 3) in [0, 1]."""
    if images.ndim != 4 or images.shape[1] not in (1, 3) or len(images) == 0:
        raise InputError(f"expected images of shape (n, 1 or 3, H, W), n > 0; got {images.shape}.")
    if labels.shape != (len(images),) or confidences.shape != (len(images),):
        raise InputError(f"expected {len(images)} labels and confidences; got {labels.shape} and {confidences.shape}.")
    if not high > low or not np.isfinite(images).all():
        raise InputError(f"expected finite images in a range [low, high]; got [{low}, {high}].")
    if not ((confidences >= 0) & (confidences <= 1)).all():
        raise InputError("expected confidences in [0, 1].")
    scaled = np.clip((images.astype(np.float32) - low) / (high - low), 0, 1)
    return np.broadcast_to(scaled, (len(images), 3, *images.shape[2:])).transpose(0, 2, 3, 1)


class _Canvas:
    """A figure with one axes whose unit is an image: rows of images, a line or two of text under each."""

    def __init__(
        self, rows: int, columns: int, width: float, texts: Sequence[Sequence[str]], heads: Sequence[str] = ()
    ) -> None:
        letters = max((len(line) for head in heads for line in head.split("\n")), default=0)
        margin = (letters * WIDE_LETTER * POINTS + POINTS * (letters > 0)) / 72
        unit = (width - margin) / (columns * (1 + GAP) + GAP)
        self.joint, self.size, lines = _fit(texts, 72 * unit)
        self.pitch = 1 + GAP + lines * LINE * self.size / 72 / unit
        left = margin / unit
        self.figure = Figure(figsize=(width, (rows * self.pitch + GAP) * unit))
        self.axes: Axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set(xlim=(-left, columns * (1 + GAP) + GAP), ylim=(rows * self.pitch + GAP, 0))
        self.axes.axis("off")
        for row, head in enumerate(heads):
            self.axes.text(-GAP, row * self.pitch + 0.5, head, ha="right", va="center", fontsize=POINTS)

    def draw(self, picture: np.ndarray, row: int, column: int, text: Sequence[str], sure: bool) -> None:
        """One image with its text; framed in colour where the oracle is unsure."""
        left, top = GAP + column * (1 + GAP), GAP + row * self.pitch
        self.axes.imshow(picture, extent=(left, left + 1, top + 1, top), aspect="auto")
        edge, line = ("#B0B0B0", 0.4) if sure else (style.VERMILLION, 1.5)
        self.axes.add_patch(Rectangle((left, top), 1, 1, fill=False, edgecolor=edge, linewidth=line))
        colour = "black" if sure else style.VERMILLION
        words = self.joint.join(text)
        self.axes.text(left + 0.5, top + 1 + GAP / 2, words, ha="center", va="top", fontsize=self.size, color=colour)

    def say(self, words: str, row: int) -> None:
        """Words in place of a row of images."""
        self.axes.text(GAP, row * self.pitch + 0.5, words, va="center", fontsize=POINTS, color=style.VERMILLION)


def _fit(texts: Sequence[Sequence[str]], points: float) -> tuple[str, float, int]:
    """How texts are joined, their size, and their lines, so that none is wider than an image of that many points."""
    longest = max(len(": ".join(text)) for text in texts)
    size = min(POINTS, points / (WIDE_LETTER * longest))
    if size >= POINTS_LEAST or max(map(len, texts)) == 1:
        return ": ", size, 1
    longest = max(len(line) for text in texts for line in text)
    return "\n", min(POINTS, points / (WIDE_LETTER * longest)), 2


def _percent(confidence: float, threshold: float) -> str:
    return f"{100 * confidence:.0f} %" if confidence >= threshold else f"{100 * confidence:.0f} % ?"


def _name(label: int, names: Sequence[str] | None) -> str:
    return str(int(label)) if names is None else names[int(label)]
