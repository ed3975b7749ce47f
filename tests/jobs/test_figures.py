"""Figures and the theory's table from generators whose partition, precision and slopes are known exactly."""

import csv
import json
import math

import numpy as np
import pytest
import torch
from scipy.special import ndtri
from scipy.stats import chi2
from torch import nn

from pushforward import data, models
from pushforward.artifacts import save_tensors
from pushforward.errors import InputError, Missing
from pushforward.jobs import partitions, precision, theory, trained
from pushforward.jobs.efforts import Effort
from pushforward.jobs.figures import figure1, figure2, figure3, figure7, figure9
from pushforward.jobs.trained import Trained
from pushforward.theory.boundary import boundary_measure
from pushforward.theory.simplex import simplex_directions

QUICK = Effort(samples=2000, jacobians=100, ellipses=200, pixels=60, sphere_pixels=40)
HEIGHT = math.sqrt(3) / 2
TRIANGLE = [[0.0, 2 / 3 * HEIGHT], [-0.5, -HEIGHT / 3], [0.5, -HEIGHT / 3]]
LINE = [[-1.0, 0.0], [0.0, 0.1], [1.0, 0.0]]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    for module in (figure1, figure2, figure3, figure7, figure9, theory):
        monkeypatch.setattr(module, "EFFORTS", {"demo": QUICK})


class House:
    """A folder of checkpoints, and the spec of a job that reads them."""

    def __init__(self, root):
        self.root, self.runs = root, {}
        self.outs = {name: str(root / f"out.{name}") for name in ("pdf", "png", "csv", "markdown")}
        self.outs["facts"] = str(root / "facts.json")

    def add(self, run, weights, seeds=1, **mixture):
        """A run whose generator has these layers: (weight, bias) pairs with ReLU between them."""
        place = self.root / f"{run}.npz"
        data.save(place, data.prepare("gaussians", samples=200, **{"layout": "explicit", "sigma": 0.02, **mixture}))
        d, width = weights[0][0].shape[1], weights[0][0].shape[0]
        sizes = {"latent_dim": d, "data_dim": weights[-1][0].shape[0], "width": width, "depth": len(weights) - 1}
        tensors = {
            f"7/layers.{2 * k}.{name}": torch.as_tensor(value, dtype=torch.float32)
            for k, pair in enumerate(weights)
            for name, value in zip(("weight", "bias"), pair, strict=True)
        }
        files = {}
        for seed in range(seeds):
            path = self.root / f"{run}-{seed}.safetensors"
            save_tensors(path, tensors, {"model": {"kind": "mlp", "sizes": sizes}, "steps": [7]})
            files[str(seed)] = {"weights": str(path), "about": str(path.with_suffix(".json")), "data": str(place)}
        self.runs[run] = {"seeds": files, "dataset": run, "latent_dim": d}
        return self

    @property
    def params(self):
        return {"figure": "figure", "runs": self.runs, "seed": 0, "scale": "demo"}

    def draw(self, module):
        module.run(self.params, {}, self.outs, self.root)
        assert (self.root / "out.pdf").stat().st_size > 1000 and (self.root / "out.png").stat().st_size > 1000
        return json.loads((self.root / "facts.json").read_text())

    def first(self, run):
        return trained.trainings(self.params, run)[0]


@pytest.fixture
def house(tmp_path):
    return House(tmp_path)


def linear(matrix):
    matrix = np.asarray(matrix, dtype=float)
    return [(matrix, np.zeros(len(matrix)))]


def slabs(wall, slope=50.0):
    """x = (-1, 0), (0, 0), (1, 0) on three slabs of z_1 with walls at -wall and wall, steep between them."""
    steps = [-wall - 0.5 / slope, -wall + 0.5 / slope, wall - 0.5 / slope, wall + 0.5 / slope]
    first = (np.array([[slope, 0.0]] * 4), -slope * np.array(steps))
    return [first, (np.array([[1.0, -1, 1, -1], [0, 0, 0, 0]]), np.array([-1.0, 0.0]))]


def test_a_training_is_read_with_its_data_and_labels(house):
    own = house.add("triangle", linear(np.eye(2)), centres=TRIANGLE).first("triangle")
    assert (own.run, own.seed, own.step, own.d) == ("triangle", 0, 7, 2)
    z = np.array([[0.0, 5.0], [-5.0, -3.0], [5.0, -3.0]])
    assert own.labels(z).tolist() == [0, 1, 2]
    assert np.allclose(own.generate(z), z)


def test_a_training_that_is_not_here_is_named(house):
    house.add("triangle", linear(np.eye(2)), centres=TRIANGLE)
    house.runs["triangle"]["seeds"]["0"]["weights"] = str(house.root / "none.safetensors")
    with pytest.raises(Missing, match=r"none\.safetensors"):
        house.first("triangle")


def test_images_are_labelled_by_their_oracle(house):
    place = house.root / "digits.npz"
    data.save(place, data.prepare("digits", classes=[0, 1, 2]))
    networks = {
        "cnn": ("generator", {"latent_dim": 3, "image_size": 8, "channels": 8, "last_channels": 4}),
        "classifier": ("classifier", {"image_size": 8, "image_channels": 1, "classes": 3, "channels": [4, 4]}),
    }
    for kind, (part, sizes) in networks.items():
        weights = {f"7/{name}": value for name, value in models.build(kind, part, seed=0, **sizes).state_dict().items()}
        save_tensors(
            house.root / f"{kind}.safetensors", weights, {"model": {"kind": kind, "sizes": sizes}, "steps": [7]}
        )
    files = {
        name: str(house.root / f"{kind}.safetensors") for name, kind in (("weights", "cnn"), ("oracle", "classifier"))
    }
    house.runs["digits"] = {"seeds": {"0": {**files, "data": str(place)}}, "dataset": "digits", "latent_dim": 3}
    own = house.first("digits")
    labels = own.labels(np.random.default_rng(0).standard_normal((5, 3)))
    assert own.generate(np.zeros((5, 3))).shape == (5, 1, 8, 8)
    assert labels.shape == (5,) and set(labels) <= {0, 1, 2}


def test_precision_and_slopes_of_a_linear_generator(house):
    matrix = np.array([[2.0, 0.0], [0.0, 0.5]])
    own = precision.measure(
        house.add("triangle", linear(matrix), sigma=0.2, centres=TRIANGLE).first("triangle"), QUICK, 0
    )
    assert own.mode.radius == pytest.approx(0.2 * math.sqrt(chi2.ppf(0.99, 2)))
    assert own.quarter.radius == pytest.approx(0.25)
    assert np.allclose(own.slopes, 2) and np.allclose(own.wall_slopes, 2) and own.lipschitz == pytest.approx(2)
    z = np.random.default_rng(1).standard_normal((200_000, 2)) @ matrix
    distance = np.linalg.norm(z[:, None] - np.array(TRIANGLE), axis=2).min(axis=1)
    for within in (own.mode, own.quarter):
        assert within.alpha.low <= np.mean(distance <= within.radius) <= within.alpha.high
    assert own.nearest == pytest.approx(1) and own.farthest == pytest.approx(1)


def test_bounds_say_why_they_do_not_apply(house):
    own = precision.measure(house.add("line", slabs(2.0), centres=LINE).first("line"), QUICK, 0)
    found = {verdict.bound.kind: verdict for verdict in precision.verdicts(own, own.mode, 2)}
    assert "cells are not equal" in found["paper_cor36"].reason and not found["paper_cor36"].applies
    assert found["isoperimetric"].applies and found["isoperimetric"].holds and not found["isoperimetric"].reason
    assert "small eps" in found["simplicial_exact"].reason
    assert "equidistant" in found["sharp"].reason


def test_a_generator_of_one_cell_has_no_bound_from_its_cells(house):
    own = precision.measure(house.add("line", linear([[0.0, 0.0], [0.0, 0.0]]), centres=LINE).first("line"), QUICK, 0)
    found = {verdict.bound.kind: verdict for verdict in precision.verdicts(own, own.mode, 2)}
    assert len(own.wall_slopes) == 0
    assert math.isnan(found["isoperimetric"].bound.value) and found["isoperimetric"].holds is None
    assert "a single cell" in found["isoperimetric"].reason


def test_an_upper_bound_that_is_broken_is_said_to_be(house):
    # x = -1, 0, 1 in three equal slabs, by steps too steep to be met: with the slope of the flat parts alone, the
    # generator is more precise than the bounds allow.
    own = precision.measure(house.add("line", slabs(ndtri(2 / 3)), centres=LINE).first("line"), QUICK, 0)
    flat = precision.Precision(**{**vars(own), "slopes": np.array([3.0]), "wall_slopes": np.zeros(0)})
    assert own.quarter.alpha.mean > 0.95
    for steep, expected in ((own, True), (flat, False)):
        found = {verdict.bound.kind: verdict for verdict in precision.verdicts(steep, steep.quarter, 2)}
        assert found["isoperimetric"].holds is expected


def test_figure_2_knows_the_propeller_from_parallel_walls(house):
    house.add("triangle", linear(np.eye(2)), seeds=2, centres=TRIANGLE)
    house.add("line", slabs(ndtri(2 / 3)), centres=LINE)
    facts = house.draw(figure2)
    fan, strip = (facts["runs"][name]["over_seeds"] for name in ("triangle", "line"))
    assert fan["isoperimetric_ratio"]["mean"] == pytest.approx(1, abs=0.05)
    assert fan["smallest_angle_degrees"]["mean"] == pytest.approx(120, abs=2)
    assert fan["largest_angle_degrees"]["mean"] == pytest.approx(120, abs=2)
    assert fan["cluster_agreement"]["mean"] > 0.98 > fan["slab_agreement"]["mean"]
    slope = 4 * math.exp(-(ndtri(2 / 3) ** 2) / 2) / math.sqrt(2 * math.pi)
    assert strip["isoperimetric_ratio"]["mean"] == pytest.approx(slope / (3 / math.sqrt(2 * math.pi)), rel=0.05)
    assert strip["slab_agreement"]["mean"] > 0.98 > strip["cluster_agreement"]["mean"]
    assert strip["slab_angle_degrees"]["mean"] < 1 and strip["wall_share_outside_slabs"]["mean"] == 0
    assert facts["runs"]["triangle"]["seeds"]["1"]["step"] == 7
    assert "triangle, trainings: 2" in facts["caption"]


def test_figure_2_states_that_a_collapsed_generator_has_no_walls(house):
    facts = house.add("line", linear([[0.0, 0.0], [0.0, 0.0]]), centres=LINE).draw(figure2)
    own = facts["runs"]["line"]
    assert own["over_seeds"]["isoperimetric_ratio"]["mean"] is None
    assert own["seeds"]["0"]["isoperimetry"]["status"] == "single_class"
    assert "n/a times the optimum" in facts["caption"]


def test_arrangement():
    assert figure2.arrangement(np.array(TRIANGLE)) == "equidistant modes"
    assert figure2.arrangement(np.array(LINE)) == "nearly aligned modes"
    assert figure2.arrangement(np.array([[0.0, 0], [1, 0], [0, 2]])) == "modes"


def test_slabs_are_found_at_any_angle():
    normal = np.array([math.cos(1), math.sin(1)])
    found = partitions.slab_agreement(
        lambda z: (z @ normal > 0.3).astype(int), n=4000, generator=np.random.default_rng(0)
    )
    assert abs(found.normal @ normal) > 0.999 and found.share.mean > 0.98


def test_figure_3_measures_sectors_as_sectors(house):
    angles = 2 * np.pi * np.arange(5) / 5
    sectors = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    facts = house.add("corners", linear(sectors), layout="equidistant", modes=5, dim=5, separation=math.sqrt(2)).draw(
        figure3
    )
    own = facts["runs"]["corners"]["seeds"]["0"]
    ratio = own["ratio_to_sectors"]
    assert ratio["low"] - 0.02 <= 1 <= ratio["high"] + 0.02
    assert own["cells"] == 5
    assert "5 of 5 cells" in facts["caption"]


def test_the_best_grid():
    assert figure3.grid_slope(2) == pytest.approx(2 / math.sqrt(2 * math.pi))
    assert figure3.grid_slope(4) == pytest.approx(4 / math.sqrt(2 * math.pi))  # two lines through the origin
    assert figure3.grid_slope(12) < 12 / math.sqrt(2 * math.pi) < figure3.grid_slope(11)


def test_figure_7_finds_slopes_and_jumps(house):
    facts = house.draw(figure7)
    found, eps = facts["generators"], figure7.EPS
    assert facts["alpha_exact"] == pytest.approx(1 - boundary_measure(3, eps))
    for kind in ("v1", "icml", "sparsemax"):
        assert found[kind]["alpha"]["low"] - 0.01 <= facts["alpha_exact"] <= found[kind]["alpha"]["high"] + 0.01
    assert found["sparsemax"]["largest_slope_met"] == pytest.approx(1 / (2 * eps), rel=1e-6)
    assert 0.7 / eps < found["v1"]["largest_slope_met"] <= 0.75 / eps * (1 + 1e-9)
    assert found["v1"]["largest_jump_met"] < 1e-9 > found["sparsemax"]["largest_jump_met"]
    assert found["icml"]["largest_jump_met"] == pytest.approx(figure7.RADIUS, rel=0.01)


def test_largest_jump_of_a_step_and_of_a_ramp():
    starts, ends = torch.full((3, 1), -1.0, dtype=torch.float64), torch.full((3, 1), 2.0, dtype=torch.float64)
    assert figure7.largest_jump(lambda z: (z > 0.3).double(), starts, ends) == 1
    assert figure7.largest_jump(lambda z: z.clamp(0, 1), starts, ends) < 1e-9


def test_figure_9(house):
    separation = math.sqrt(2)
    for m in (3, 5):
        house.add(
            f"modes{m}", linear(np.eye(8, 3)), seeds=2, layout="equidistant", modes=m, dim=8, separation=separation
        )
    facts = house.draw(figure9)
    three, five = (facts["runs"][f"modes{m}"] for m in (3, 5))
    assert three["attainable"] and not five["attainable"]
    own = three["seeds"]["1"]
    assert own["largest_slope"] == pytest.approx(1)
    margin = separation / 4
    assert own["cluster"] == pytest.approx(1 - boundary_measure(3, margin))
    assert own["printed"] is None  # D sqrt(log m) > L
    assert three["over_seeds"]["quarter"]["n"] == 2


def test_the_table_of_the_theory(house):
    house.add("triangle", linear(np.eye(2)), seeds=2, centres=TRIANGLE)
    theory.run(house.params, {}, house.outs, house.root)
    with open(house.outs["csv"]) as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == theory.COLUMNS
    assert len(rows) == 2 * 2 * 10 and {row["seed"] for row in rows} == {"0", "1"}
    assert {float(row["slope_max"]) for row in rows} == {1.0}
    upper = {row["bound"]: row for row in rows if row["side"] == "upper"}
    assert upper["isoperimetric"]["holds"] == "yes" and upper["isoperimetric"]["reason"] == ""
    assert upper["paper_cor36"]["holds"] == "" and "assumed" in upper["paper_cor36"]["reason"]
    page = (house.root / "out.markdown").read_text()
    assert "ICML Lemma 3.5" in page and "0.9203" in page and "0.9601" in page
    assert "| upper | half-space border of every cell | 2 of 2 (of 2) | 2 of 2 (of 2) |  |" in page


def test_the_page_without_a_run(house):
    theory.run(house.params, {}, house.outs, house.root)
    assert "No such run is declared" in (house.root / "out.markdown").read_text()
    assert (house.root / "out.csv").read_text() == ",".join(theory.COLUMNS) + "\n"


class Propeller:
    """An oracle that sees the three cells of the optimum in R^3, the surer the deeper inside."""

    space, classes = "test", 3
    directions = torch.as_tensor(simplex_directions(3, 3), dtype=torch.float32)

    def classify(self, x):
        confidence, label = (20 * x.flatten(1) @ self.directions.T).softmax(1).max(1)
        return label, confidence


@pytest.fixture
def optimal():
    images = torch.zeros(4, 1, 1, 3)
    labels = torch.zeros(4, dtype=torch.int64)
    dataset = data.Dataset("images", "digits", images, labels, images, labels, 3, -3.0, 3.0)
    return Trained("optimal", 0, 7, 3, dataset, nn.Unflatten(1, (1, 1, 3)), Propeller())


def test_figure_1_of_the_optimum_itself(house, optimal, monkeypatch):
    monkeypatch.setattr(figure1, "trainings", lambda params, run: [optimal])
    house.runs["optimal"] = {}
    facts = house.draw(figure1)
    own = facts["seeds"]["0"]
    assert own["agreement"]["share"] > 0.97
    assert own["isoperimetry"]["low"] - 0.05 <= 1 <= own["isoperimetry"]["high"] + 0.05
    # Two cells only: confidence 0.9 means a difference of log 9 of the scores, that is a depth of log 9 / (20 sqrt 3).
    assert own["equal_measure_eps"] == pytest.approx(math.log(9) / (20 * math.sqrt(3)), rel=0.25)
    assert own["overlap"]["mean"] > 0.8
    assert own["share_below"]["0.7"]["mean"] < own["share_below"]["0.9"]["mean"]


def test_figure_1_refuses_other_spaces(house, optimal, monkeypatch):
    flat = Trained("flat", 0, 7, 2, optimal.data, optimal.generator, optimal.labeller)
    monkeypatch.setattr(figure1, "trainings", lambda params, run: [flat])
    house.runs["flat"] = {}
    with pytest.raises(InputError, match="d = 2"):
        house.draw(figure1)


def test_equal_measure_width():
    weights = np.full(3, 1 / 3)
    assert figure1.equal_measure_width(weights, boundary_measure(3, 0.2)) == pytest.approx(0.2)
    assert figure1.equal_measure_width(weights, 0.0) == 0
