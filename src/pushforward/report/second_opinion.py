"""The page on agreement of two classifiers, from its tidy frame."""

import math

import pandas as pd

from pushforward.report import markup, plain
from pushforward.report.labels import NOT_AVAILABLE

FIRST, SECOND = "test_accuracy", "second_test_accuracy"
AGREE, SURE_AGREE = "agreement_pct", "agreement_where_sure_pct"
DATA = "test images"
HEADS = ("Data set", "Samples of", "Run")
COLUMNS = ("labelled", "same label (%)", "oracle sure of", "same label of those (%)")
INTRO = """\
Every number about the partition of a latent space rests on a classifier that never saw a generated image. Here a
second one labels the same images. Where the two differ, at least one is wrong, or the image is of no class."""
NOTES = (
    "In brackets: 95 % Wilson interval over images. Where a run has several trainings, the first one's samples.",
    "Sure: the {sure}.",
)


def markdown(frame: pd.DataFrame) -> str:
    """The page; ends with a newline.

    Args:
        frame: the tidy frame of the second opinion; may be empty.
    """
    parts = ["# A second classifier beside the oracle", INTRO]
    if frame.empty:
        return "\n\n".join([*parts, "No run of this scale is asked for."]) + "\n"
    accuracies = [
        [str(dataset), *(_text(own, metric) for metric in (FIRST, SECOND))]
        for dataset, own in frame[frame["architecture"] == DATA].groupby("dataset", sort=False)
    ]
    name = str(frame["protocol"].iloc[0]).removeprefix("second classifier: ")
    title = "Accuracy on the test images (%)"
    grids = [plain.grid(title, ["Data set"], ["oracle", f"second: {name}"], accuracies)]
    keys = ["dataset", "architecture", "run"]
    lines = [
        [*(str(value) if isinstance(value, str) else "–" for value in key), *_shares(own)]
        for key, own in frame.groupby(keys, sort=False, dropna=False)
    ]
    sure = frame.loc[frame["metric"] == SURE_AGREE, "variant"].iloc[0]
    grids.append(plain.grid("Do both say the same?", HEADS, COLUMNS, lines, [NOTES[0], NOTES[1].format(sure=sure)]))
    return "\n\n".join([*parts, *(markup.markdown(each).strip() for each in grids)]) + "\n"


def _shares(own: pd.DataFrame) -> list[str]:
    counts = (f"{int(own.loc[own['metric'] == metric, 'n'].iloc[0]):,}" for metric in (AGREE, SURE_AGREE))
    n, sure = counts
    return [n, _text(own, AGREE), sure, _text(own, SURE_AGREE)]


def _text(own: pd.DataFrame, metric: str) -> str:
    """`98.96 [98.74, 99.14]`."""
    row = own[own["metric"] == metric].iloc[0]
    if math.isnan(row["ours"]):
        return NOT_AVAILABLE
    return f"{row['ours']:.2f} [{row['ci_low']:.2f}, {row['ci_high']:.2f}]"
