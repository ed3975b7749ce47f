"""The drawings of figures 4, 5, 6 and 8: what stands where, and what a degenerate number looks like."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.colors import to_hex

from pushforward.report import style
from pushforward.report.correlation import pearson
from pushforward.report.figures import figure4, figure5, figure6, figure8
from pushforward.report.figures.measured import Measured, Paper
from pushforward.report.intervals import Interval

SMALLEST = 6  # points


def number(mean, half=1.0, others=(), sound=True):
    return Measured(Interval(mean, mean - half, mean + half, 10, "snapshots"), others, sound)


NOTHING = Measured(Interval(math.nan, math.nan, math.nan, 0, "snapshots", 10), (), False)


def texts(drawing):
    """Every text that is shown, where it is drawn."""
    with style.use():
        drawing.draw_without_rendering()
    return [text for text in drawing.findobj(lambda it: hasattr(it, "get_fontsize")) if text.get_text()]


def check(drawing):
    """Its text can be read, and none of it leaves the page."""
    page = drawing.bbox
    for text in texts(drawing):
        assert text.get_fontsize() >= SMALLEST
        box = text.get_window_extent()
        if text.get_visible() and box.width > 0:
            assert box.x0 >= page.x0 - 1 and box.x1 <= page.x1 + 1, text.get_text()


def legend(drawing):
    return [text.get_text() for text in drawing.legends[0].get_texts()]


def strip(labels, confidences, size=8):
    return figure4.Strip(np.full((len(labels), size, size, 3), 0.5), np.array(labels), np.array(confidences))


def block(strips, classes, kept=0.9):
    share = Interval(kept, kept - 0.1, kept + 0.05, 100, "samples")
    return figure4.Block(
        "digits-cnn-d16, d = 16", classes, {"linear": strips, "spherical": strips}, [1 / 3, 2 / 3],
        {"linear": [share, share], "spherical": [share, share]},
    )  # fmt: skip


def test_figure_4_marks_what_leaves_the_class_and_what_is_in_doubt():
    drawing = figure4.draw([block([strip([3, 8, 8, 3], [0.999, 0.9, 0.5, 0.6999])], [3])], 0.7)
    frames = drawing.axes[0].patches[:4]
    assert [to_hex(frame.get_edgecolor()).upper() for frame in frames[1:]] == [
        style.VERMILLION,
        style.VERMILLION,
        style.BLUE,
    ]
    assert [frame.get_linestyle() == "-" or frame.get_linestyle() == "solid" for frame in frames] == [
        True,
        True,
        False,
        False,
    ]
    assert frames[0].get_linewidth() < 1 < frames[3].get_linewidth()
    said = [text.get_text() for text in drawing.axes[0].texts]
    assert {"3: 99", "8: 90", "8: 50", "3: 69"} <= set(said)  # rounded down: what is below 70 does not say 70
    check(drawing)


@pytest.mark.parametrize(("steps", "size"), [(8, 8), (8, 32), (16, 28)])
def test_figure_4_keeps_its_text_readable_and_inside(steps, size):
    strips = [strip([57] * steps, [1.0] * steps, size)] * 2
    drawing = figure4.draw([block(strips, [57, 57]), block([], [])], 0.7)
    boxes = [text.get_window_extent() for text in texts(drawing) if text.get_text().startswith("57:")]
    boxes = boxes or [text.get_window_extent() for text in texts(drawing) if text.get_text().startswith("57\n")]
    row = sorted((box for box in boxes if box.y0 == boxes[0].y0), key=lambda box: box.x0)
    assert len(row) == 2 * steps
    assert all(left.x1 <= right.x0 + 0.5 for left, right in itertools.pairwise(row))
    check(drawing)


def study(dataset="MNIST", dimensions=(2, 8, 64), paper=True, values=None):
    values = values or [number(10.0 * k, others=(10.0 * k + 3,)) for k in range(1, len(dimensions) + 1)]
    printed = {2: Paper(2.9, 1.0), 128: Paper(93.9, 0.4)} if paper else {}
    every = dict.fromkeys(figure5.METRICS, values)
    return figure5.Row(dataset, dimensions, every, every, {"precision": printed})


def test_figure_5():
    drawing = figure5.draw([study(), study("CIFAR-10", paper=False)], swapped=True)
    assert len(drawing.axes) == 8
    assert [axes.get_title() for axes in drawing.axes[:4]] == ["Precision", "Recall", "Density", "Coverage"]
    assert legend(drawing) == [figure5.CORRECT, figure5.SWAPPED, figure5.PAPER, figure5.TRAININGS]
    first = drawing.axes[0]
    assert first.get_xscale() == "log" and [text.get_text() for text in first.get_xticklabels()] == [
        "2",
        "8",
        "64",
        "128",
    ]
    dots = [line.get_ydata() for line in first.lines if line.get_marker() == "." and len(line.get_xdata()) == 3]
    assert len(dots) == 2 and list(dots[0]) == [13, 23, 33]
    check(drawing)


def test_figure_5_names_the_other_order_only_where_it_is_known():
    assert figure5.OTHER_ORDER in legend(figure5.draw([study(paper=False)], swapped=False))


def test_figure_5_draws_degenerate_numbers_hollow_and_undefined_ones_not_at_all():
    values = [number(10.0, sound=False), NOTHING, number(30.0)]
    drawing = figure5.draw([study(values=values, paper=False)], swapped=True)
    hollow = [line for line in drawing.axes[0].lines if line.get_markerfacecolor() == "white"]
    assert [line.get_ydata()[0] for line in hollow] == [10, 10]
    assert all(np.isnan(line.get_ydata()[1:]).all() for line in hollow)
    check(drawing)


@pytest.mark.parametrize(
    ("dimensions", "expected"),
    [
        ([2, 4, 6, 8, 10, 12, 16, 32, 64, 128], [2, 4, 8, 16, 32, 64, 128]),
        ([2, 5, 10, 30, 128], [2, 5, 10, 30, 128]),
        ([2, 120, 128], [2, 128]),
        ([16], [16]),
    ],
)
def test_ticks_that_fit(dimensions, expected):
    assert figure5.spread(dimensions) == expected


@pytest.mark.parametrize("dimensions", [(2,), (2, 16)])
def test_figure_5_with_few_dimensions(dimensions):
    check(figure5.draw([study(dimensions=dimensions, paper=False)], swapped=True))


def widths(values, paper=True, stated=True):
    metrics = {metric for pair in figure6.PAIRS for metric in pair}
    ours = {p: {m: [number(v) for v in values] for m in metrics} for p in ("printed", "corrected")}
    found = {pair: pearson(values, values[::-1]) for pair in figure6.PAIRS}
    series = ("paper", "printed", "corrected") if paper else ("printed", "corrected")
    return figure6.Row(
        "CIFAR-10",
        ours,
        {m: [Paper(60.0 + k, 0.5) for k in range(5)] for m in metrics} if paper else {},
        dict.fromkeys(series, found),
        {figure6.PAIRS[0]: 0.98} if stated else {},
    )


def test_figure_6():
    drawing = figure6.draw([widths([1.0, 2.0, 4.0, 3.0, 5.0]), widths([1.0, 5.0, 2.0, 3.0, 4.0], False, False)])
    assert len(drawing.axes) == 10
    assert legend(drawing) == ["printed", "ours, as printed", "ours, corrected", "$r$ stated in the text"]
    stated = [line for line in drawing.axes[4].lines if line.get_marker() == "D" and len(line.get_xdata())]
    assert [line.get_xdata()[0] for line in stated] == [0.98]
    assert not [line for line in drawing.axes[9].lines if line.get_marker() == "D" and len(line.get_xdata())]
    sizes = [line.get_markersize() for line in drawing.axes[0].lines if line.get_marker() == "o"]
    assert sizes == sorted(sizes) and sizes[0] < sizes[-1]  # the later the run, the larger
    check(drawing)


@pytest.mark.parametrize(("values", "said"), [([1.0, 2.0], "few points"), ([3.0] * 5, "constant"), ([], "few points")])
def test_figure_6_says_why_there_is_no_coefficient(values, said):
    drawing = figure6.draw([widths(values, paper=False, stated=False)])
    assert [text.get_text().strip() for text in drawing.axes[4].texts] == [said] * 8
    check(drawing)


def test_figure_6_bars_end_where_no_number_can_be():
    """Two snapshots give intervals of 12.7 standard errors."""
    row, wide = widths([4.0, 6.0, 5.0], paper=False), [number(v, half=150.0) for v in (40.0, 60.0, 50.0)]
    drawing = figure6.draw([replace(row, ours={p: dict.fromkeys(own, wide) for p, own in row.ours.items()})])
    for axes, (quality, _) in zip(drawing.axes, figure6.PAIRS, strict=False):
        ends = np.concatenate([path.vertices for bars in axes.collections for path in bars.get_paths()])
        assert ends.min() == 0 and ends[:, 0].max() == 100
        assert ends[:, 1].max() == (210 if quality == "density" else 100)


def truncation(name, method, kept, taus=None, repeat=0, paper=(), values=None):
    values = values or [number(70.0 + k, others=(71.0,)) for k in range(len(kept))]
    every = {m: dict.fromkeys(figure8.PROTOCOLS, values) for m in figure8.METRICS}
    return figure8.Line(name, method, repeat, kept, taus or [math.nan] * len(kept), every, {"density": list(paper)})


BASELINE = truncation("baseline", "baseline", [100.0])
SIMPLICIAL = truncation(
    "simplicial", "simplicial", [3.8, 1.3, 0.44], [0.135, 0.14, 0.1445], paper=[(1.3, Paper(88.5, 3))]
)


def test_figure_8():
    deligans = [truncation(f"DeliGAN, N = {n}", "DeliGAN", [100.0], repeat=k) for k, n in enumerate((10, 100))]
    drawing = figure8.draw(
        {"CIFAR-10": [SIMPLICIAL, BASELINE], "CIFAR-100": [BASELINE, *deligans], "STL-10": [SIMPLICIAL]}
    )
    panels = drawing.axes[:12]
    assert legend(drawing) == ["baseline", "DeliGAN, N = 10", "DeliGAN, N = 100", "simplicial", "printed number"]
    left, right = panels[0].get_xlim()
    assert panels[0].get_xscale() == "log" and left > 100 > 0.44 > right  # the more is cut, the further right
    crosses = [sum(line.get_marker() == "x" and len(line.get_xdata()) > 0 for line in axes.lines) for axes in panels]
    assert crosses == [1, 0, 1, *[0] * 9]  # printed numbers stand beside the printed protocol alone
    tops = [[text.get_text() for text in axes.get_xticklabels()] for axes in drawing.axes[12:]]
    assert tops == [["0.135", "0.14", "0.1445"]] * 2
    shapes = [line.get_marker() for line in panels[1].lines if line.get_color() == style.ORANGE]
    assert {"D", "p"} <= set(shapes)
    check(drawing)


def test_figure_8_of_one_data_set_sets_the_protocols_side_by_side():
    drawing = figure8.draw({"Digits": [BASELINE, truncation("norm", "norm", [50.0], [-7.0], values=[NOTHING])]})
    assert [axes.get_title() for axes in drawing.axes] == ["Digits, as printed", "Digits, corrected", "", ""]
    assert [axes.get_xlabel() for axes in drawing.axes] == ["", "", "latents kept (%)", "latents kept (%)"]
    check(drawing)


def test_every_method_has_a_look_of_its_own():
    colours = [colour for colour, _ in figure8.LOOKS.values()]
    assert len(set(colours)) == len(colours)
    assert all(len(set(markers)) == len(markers) >= 2 for _, markers in figure8.LOOKS.values())


@pytest.mark.parametrize(
    "drawn",
    [
        lambda: figure4.draw([block([strip([3, 3, 3], [1.0, 1.0, 1.0])], [3])], 0.7),
        lambda: figure5.draw([study()], swapped=True),
        lambda: figure6.draw([widths([1.0, 2.0, 4.0, 3.0, 5.0])]),
        lambda: figure8.draw({"Digits": [BASELINE, SIMPLICIAL]}),
    ],
    ids=["figure4", "figure5", "figure6", "figure8"],
)
def test_they_are_written(drawn, tmp_path):
    pdf, png = style.save(drawn(), tmp_path / "figure")
    assert pdf.read_bytes().startswith(b"%PDF") and png.stat().st_size > 5000


def test_nothing_to_draw():
    for drawing in (figure5.draw([], swapped=True), figure6.draw([]), figure8.draw({})):
        check(drawing)
