import numpy as np
import pytest
from matplotlib.colors import to_hex

from pushforward.errors import InputError
from pushforward.report import style
from pushforward.report.sheet import class_sheet, sheet


def case(n=12, channels=1, size=8, low=0.0, high=1.0):
    draw = np.random.default_rng(0)
    images = draw.uniform(low, high, (n, channels, size, size)).astype(np.float32)
    return images, np.arange(n) % 10, np.linspace(0.5, 1.0, n)


def words(drawing):
    return [text.get_text() for text in drawing.axes[0].texts]


@pytest.mark.parametrize(("channels", "size", "low"), [(1, 8, 0.0), (1, 28, 0.0), (3, 32, -1.0)])
def test_images_are_drawn_in_order_and_in_range(channels, size, low):
    images, labels, confidences = case(12, channels, size, low)
    drawing = sheet(images, labels, confidences, 5, low=low)
    shown = [image.get_array() for image in drawing.axes[0].images]
    assert len(shown) == 12
    wanted = np.broadcast_to((images - low) / (1 - low), (12, 3, size, size)).transpose(0, 2, 3, 1)
    assert np.allclose(shown, wanted, atol=1e-6)
    assert drawing.get_figwidth() == style.DOUBLE


def test_the_unsure_are_framed_and_marked():
    images, labels, _ = case(4)
    drawing = sheet(images, labels, np.array([0.69, 0.7, 0.2, 1.0]), 4)
    edges = [to_hex(patch.get_edgecolor()).upper() for patch in drawing.axes[0].patches]
    assert [edge == style.VERMILLION for edge in edges] == [True, False, True, False]
    assert words(drawing) == ["0: 69 % ?", "1: 70 %", "2: 20 % ?", "3: 100 %"]


def test_text_never_runs_over_its_neighbour(tmp_path):
    images, labels, confidences = case(20)
    names = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
    for width, columns in ((style.DOUBLE, 10), (style.SINGLE, 10), (style.DOUBLE, 16)):
        drawing = sheet(images, labels, confidences, columns, names=names, width=width)
        renderer = drawing.canvas.get_renderer() if hasattr(drawing.canvas, "get_renderer") else None
        (left, _), (right, _) = drawing.axes[0].transData.transform([(0, 0), (1.08, 0)])
        widths = [text.get_window_extent(renderer).width for text in drawing.axes[0].texts]
        assert max(widths) <= right - left


def test_a_row_per_class_and_a_missing_class_is_said():
    images, labels, confidences = case(30)
    labels = np.where(labels == 4, 5, labels)
    drawing = class_sheet(images, labels, confidences, 10, columns=4)
    assert "none among 30" in words(drawing)
    assert "4\n0.0 %" in words(drawing) and "5\n20.0 %" in words(drawing)
    assert len(drawing.axes[0].images) == 8 * 3 + 4


def test_names_of_classes_stay_inside_the_figure():
    images, labels, confidences = case(30)
    names = [f"a long name {i}" for i in range(10)]
    drawing = class_sheet(images, labels, confidences, 10, columns=6, names=names, width=style.SINGLE)
    assert min(text.get_window_extent().x0 for text in drawing.axes[0].texts) >= 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": np.zeros((0, 1, 8, 8))}, r"shape \(n, 1 or 3, H, W\)"),
        ({"images": np.zeros((12, 2, 8, 8))}, r"shape \(n, 1 or 3, H, W\)"),
        ({"images": np.full((12, 1, 8, 8), np.nan)}, "finite images"),
        ({"labels": np.zeros(3, int)}, "12 labels and confidences"),
        ({"confidences": np.full(12, 93.0)}, r"confidences in \[0, 1\]"),
        ({"confidences": np.full(12, np.nan)}, r"confidences in \[0, 1\]"),
        ({"low": 1.0}, "range"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    images, labels, confidences = case()
    given = {"images": images, "labels": labels, "confidences": confidences, "low": 0.0} | change
    with pytest.raises(InputError, match=message):
        sheet(**given)


def test_a_label_beyond_the_classes_is_refused():
    images, labels, confidences = case()
    with pytest.raises(InputError, match="labels from 0 to 4"):
        class_sheet(images, labels, confidences, 5)
