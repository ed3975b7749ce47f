import math

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from pushforward.report import style
from pushforward.report.figures import figure1, figure2, figure3, figure7, figure9, plane, sphere
from pushforward.report.figures.sphere import View
from pushforward.report.intervals import Interval

BLUE, ORANGE, GREEN = (np.array(to_rgb(colour)) for colour in style.colours(3))


def over_seeds(mean, half=0.01):
    return Interval(mean, mean - half, mean + half, 3, "seeds")


def propeller(points):
    directions = np.array([[0, 1], [-math.sqrt(3) / 2, -0.5], [math.sqrt(3) / 2, -0.5]])
    return (points @ directions.T).argmax(axis=1)


def titles(drawing):
    return [axes.get_title(loc="left") for axes in drawing.axes if axes.get_title(loc="left")]


def saved(drawing, path):
    return style.save(drawing, path)[0].stat().st_size


def test_pixels_are_centred_and_points_run_from_the_lower_left():
    axis = plane.ticks(4, half_width=2.0)
    assert axis.tolist() == [-1.5, -0.5, 0.5, 1.5]
    points = plane.points(axis).reshape(4, 4, 2)
    assert points[0, 3].tolist() == [1.5, -1.5] and points[3, 0].tolist() == [-1.5, 1.5]


def test_cells_have_the_colours_of_their_classes_and_walls_where_they_meet():
    axis = plane.ticks(40)
    labels = (plane.points(axis)[:, 0] > 0.75).astype(int).reshape(40, 40)
    with style.use():
        axes = style.figure().subplots()
        plane.cells(axes, axis, labels, style.colours(2))
    picture = axes.images[0].get_array()
    assert np.array_equal(picture[20, 0], BLUE) and np.array_equal(picture[20, 39], ORANGE)
    assert axes.images[0].get_extent() == pytest.approx([-3, 3, -3, 3])
    (wall,) = axes.collections
    assert np.allclose(wall.get_paths()[0].vertices[:, 0], 0.75)


def test_every_wall_is_drawn_once():
    axis = plane.ticks(200)
    with style.use():
        axes = style.figure().subplots()
        plane.walls(axes, axis, propeller(plane.points(axis)).reshape(200, 200))
    lengths = [
        np.linalg.norm(np.diff(line, axis=0), axis=1).sum()
        for wall in axes.collections
        for path in wall.get_paths()
        for line in path.to_polygons(closed_only=False)
    ]
    diagonals = 2 * 3 / math.cos(math.pi / 6)  # two walls end at the sides of the square, one at its bottom
    assert sum(lengths) == pytest.approx(3 + diagonals, rel=0.07)  # a staircase cut at its corners is a little longer


def test_figure_7_mixes_the_colours_of_the_modes():
    assert np.allclose(figure7.mixed(np.eye(3)), [BLUE, ORANGE, GREEN])
    assert np.allclose(figure7.mixed(np.array([0.5, 0.5, 0.0])), (BLUE + ORANGE) / 2)


def test_figure_7(tmp_path):
    axis = plane.ticks(60)
    weights = np.eye(3)[propeller(plane.points(axis))].reshape(60, 60, 3)
    active = np.where(np.abs(plane.points(axis)[:, 0]) < 0.5, 2, 1).reshape(60, 60)
    centres = np.array([[0, 0.577], [-0.5, -0.289], [0.5, -0.289]])
    own = figure7.Construction("first", "slope 1", weights, active, centres, np.eye(3), 0.1, 0.25)
    drawing = figure7.draw([own, own], centres, axis, 0.5)
    assert titles(drawing) == ["a  first\nslope 1", "b  first\nslope 1"]
    assert "in the modes: α = 0.250" in [text.get_text() for axes in drawing.axes for text in axes.texts]
    assert saved(drawing, tmp_path / "figure7") > 5000


def row(labels, guide):
    centres = np.array([[0, 1.0], [-1, -0.5], [1, -0.5]])
    samples = np.concatenate([centres, [[9.0, 9.0]]])
    return figure2.Row(
        "equidistant modes", "α = 0.5", "walls", centres, centres, samples, np.array([0, 1, 2, 2]), labels, guide,
        np.full((20, 20), 2.0),
    )  # fmt: skip


def test_figure_2(tmp_path):
    labels = propeller(plane.points(plane.ticks(60))).reshape(60, 60)
    drawing = figure2.draw([row(labels, labels), row(labels, None)])
    panels = drawing.axes[:6]
    assert [axes.get_title(loc="left")[0] for axes in panels] == list("abcdef")
    assert len(panels[1].collections) == 2 * len(panels[4].collections)  # the guide's walls are drawn over the cells'
    assert [text.get_text() for text in panels[0].texts] == ["25.0% outside"]
    assert saved(drawing, tmp_path / "figure2") > 5000


def test_figure_2_with_a_single_class():
    drawing = figure2.draw([row(np.zeros((20, 20), dtype=int), None)])
    assert not drawing.axes[1].collections


def test_figure_3(tmp_path):
    labels = propeller(plane.points(plane.ticks(60))).reshape(60, 60)
    panel = figure3.Panel(3, labels, "1.00 × sectors", over_seeds(1.2))
    modes = np.array([2, 3, 4])
    known = figure3.References(modes, modes * 0.4, modes * 0.35, np.array([3]), np.array([1.45]))
    drawing = figure3.draw([panel, panel], known)
    assert titles(drawing)[:2] == ["a  m = 3\n1.00 × sectors", "b  m = 3\n1.00 × sectors"]
    chart = drawing.axes[-1]
    assert {text.get_text() for text in chart.get_legend().texts} == {
        "$m$ sectors",
        "best grid",
        "lower bound",
        "learned",
    }
    assert saved(drawing, tmp_path / "figure3") > 5000


def test_figure_9_marks_where_there_is_no_cluster(tmp_path):
    nothing = Interval(math.nan, math.nan, math.nan, 0, "seeds", 3)
    points = [
        figure9.Point(m, d, over_seeds(0.5), over_seeds(0.4), nothing if m == 25 else over_seeds(0.9), over_seeds(0.8))
        for d in (5, 10, 25)
        for m in (5, 10, 25)
    ]
    drawing = figure9.draw(points)
    assert titles(drawing) == ["a  precision", "b  $d$ = 5", "c  $d$ = 10", "d  $d$ = 25"]
    open_circles = [
        next(line for line in axes.lines if line.get_label() == figure9.NO_CLUSTER).get_xdata()
        for axes in drawing.axes[1:]
    ]
    assert [list(own) for own in open_circles] == [[10, 25], [25], []]
    assert saved(drawing, tmp_path / "figure9") > 5000


def test_a_view_and_the_one_from_behind_show_the_whole_sphere():
    view = View.along(np.array([1.0, 2.0, 3.0]), up=np.array([0.0, 0.0, 1.0]))
    for own in (view, view.behind()):
        assert np.allclose(own.frame @ own.frame.T, np.eye(3))
        assert np.linalg.det(own.frame) == pytest.approx(1)
        points, inside = own.visible(50)
        assert np.allclose(np.linalg.norm(points, axis=-1), 1)
        assert inside.mean() == pytest.approx(math.pi / 4, abs=0.01)
        assert (points @ own.frame[2] >= -1e-9).all()
    assert np.allclose(view.behind().frame[2], -view.frame[2])


def test_the_middle_of_the_picture_faces_the_eye_and_up_is_up():
    view = View.along(np.array([0.0, 1.0, 0.0]), up=np.array([0.0, 0.3, 1.0]))
    points, _ = view.visible(51)
    assert np.allclose(points[25, 25], [0, 1, 0])
    assert np.allclose(points[50, 25], [0, 0, 1], atol=0.2) and points[50, 25, 2] > points[0, 25, 2]
    assert np.allclose(points[25, 50], [-1, 0, 0], atol=0.2)  # seen from +y with z up, -x lies to the right


def test_a_blade_hides_behind_the_sphere_and_covers_it_in_front():
    view = View.along(np.array([0.0, 0.0, 1.0]), up=np.array([0.0, 1.0, 0.0]))
    _, inside = view.visible(60)
    white, axis = np.ones((60, 60, 3)), np.array([1.0, 0.0, 0.0])

    def centre_and_rim(wall):
        picture = sphere.with_blades(white, inside, view, axis, np.array([wall]), 1.4)
        middle = len(picture) // 2
        return picture[middle + 6, middle], picture[middle, round(middle + 1.15 * 30)]

    tilt = np.array([0.0, 0.2, 0.98])
    covered, rim = centre_and_rim(tilt / np.linalg.norm(tilt))
    assert covered[0] < 0.99 and covered[3] == 1
    hidden, _ = centre_and_rim(np.array([0.0, 0.2, -0.98]) / np.linalg.norm(tilt))
    assert np.allclose(hidden, 1)
    assert rim[3] in (0, sphere.OPACITY)


def test_figure_1(tmp_path):
    view = View.along(np.array([0.0, 0.5, 1.0]), up=np.array([0.0, 0.0, 1.0]))
    directions = np.array([[0, 1, 0], [-math.sqrt(3) / 2, -0.5, 0], [math.sqrt(3) / 2, -0.5, 0]])
    points, _ = view.visible(60)
    labels = (points @ directions.T).argmax(axis=-1)
    surface = figure1.Surface("learned", view, labels, points[..., 2] > 0.9)
    example = figure1.Example(1, 0.2, 0.3, 0, np.zeros((8, 8)))
    drawing = figure1.draw(surface, [surface, surface], directions, [example], ["0", "1", "2"])
    assert [text.get_text()[0] for text in drawing.texts] == ["a", "b", "c"]
    assert [len(axes.artists) for axes in drawing.axes] == [0, 0, 1]
    assert drawing.axes[0].images[0].get_array().shape[2] == 4
    assert saved(drawing, tmp_path / "figure1") > 5000
