"""Figures 4, 5, 6 and 8 from records and generators whose numbers are known: every fact is worked out by hand."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from pushforward import data, latents
from pushforward.errors import InputError
from pushforward.jobs import segments
from pushforward.jobs.efforts import Effort
from pushforward.jobs.figures import figure4, figure5, figure6, figure8
from pushforward.jobs.trained import Trained

NAN = math.nan
METRICS = ("precision", "recall", "density", "coverage")


class Desk:
    """A folder of records, and what a figure makes of them."""

    def __init__(self, root):
        self.root, self.count = root, 0
        self.outs = {name: str(root / f"out.{name}") for name in ("pdf", "png")} | {"facts": str(root / "facts.json")}

    def write(self, **content):
        self.count += 1
        path = self.root / f"{self.count}.json"
        path.write_text(json.dumps(content))
        return str(path)

    def score(self, corrected, printed=None, status="ok", sets=1, **about):
        """A record whose snapshots (or sets) have these numbers: metric -> values."""
        printed = printed or {**corrected, "precision": corrected["recall"], "recall": corrected["precision"]}
        n = len(next(iter(corrected.values())))
        samples = [
            {
                "step": 0 if sets > 1 else k,
                "set": k if sets > 1 else 0,
                "printed": {m: cell(values[k], status) for m, values in printed.items()},
                "corrected": {m: cell(values[k], status) for m, values in corrected.items()},
            }
            for k in range(n)
        ]
        return self.write(samples=samples, **about)

    def measure(self, logreg, convex, status="ok"):
        numbers = [{"logreg_acc": cell(a, status), "convex_acc": cell(b)} for a, b in zip(logreg, convex, strict=True)]
        return self.write(snapshots=[{"step": k, "printed": own, "corrected": own} for k, own in enumerate(numbers)])

    def draw(self, module, **params):
        module.run({"figure": "figure", "scale": "demo", "features": "oracle", **params}, {}, self.outs, self.root)
        assert all((self.root / f"out.{name}").stat().st_size > 1000 for name in ("pdf", "png"))
        return json.loads((self.root / "facts.json").read_text())


def cell(value, status="ok"):
    return {"value": None if math.isnan(value) else value, "status": status, "reason": ""}


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def spread(value):
    """Three snapshots around a value: mean `value`, half-width t(2) / sqrt(3) = 2.484."""
    return [value - 1, value, value + 1]


HALF = 4.302652729696142 / math.sqrt(3)


def dimension(desk, d, precision, recall, dataset="MNIST", seeds=1):
    numbers = {"precision": precision, "recall": recall, "density": 50.0, "coverage": 60.0}
    own = [{m: spread(v + 2 * seed) for m, v in numbers.items()} for seed in range(seeds)]
    files = {str(seed): {"score": desk.score(each), "measure": "unused"} for seed, each in enumerate(own)}
    return {"dataset": dataset, "latent_dim": d, "seeds": files}


def test_figure_5_finds_that_recall_collapses(desk):
    runs = {
        "d64": dimension(desk, 64, 75.0, 94.0),
        "d2": dimension(desk, 2, 82.0, 3.0),
        "d8": dimension(desk, 8, 78.0, 60.0),
    }
    own = desk.draw(figure5, runs=runs)["datasets"]["MNIST"]
    assert (own["smallest"], own["largest"], list(own["points"])) == (2, 64, ["2", "8", "64"])
    assert own["printed_is_swapped"]
    first = own["points"]["2"]["corrected"]["precision"]["first_training"]
    assert (first["mean"], first["n"], first["over"]) == (82, 3, "snapshots")
    assert first["high"] - first["mean"] == pytest.approx(HALF)
    change = own["change"]["corrected"]["recall"]["first"]
    assert change["mean"] == -91 and change["high"] == pytest.approx(-91 + math.sqrt(2) * HALF)
    assert own["change"]["printed"]["precision"]["first"]["mean"] == -91
    assert own["collapse"]["corrected"]["first"] == "recall" and own["collapse"]["printed"]["first"] == "precision"
    trend = own["trend"]["corrected"]
    assert trend["precision"]["first_training"]["mean"] == -1 and trend["recall"]["first_training"]["mean"] == 1
    assert trend["recall"]["first_training"]["low"] == 1 and trend["density"]["status"] == "constant"
    # Printed precision at d = 2, 8, 64: 2.9, 91.1, 93.2; ours swapped 3, 60, 94, in the right order 82, 78, 75.
    assert own["paper"]["precision"]["2"] == {"value": 2.9, "half_width": 1.0}
    assert own["nearer_to_paper"]["precision"] == {"as printed": 2, "correct order": 1}


def test_figure_5_says_it_in_a_sentence(desk):
    caption = desk.draw(figure5, runs={"a": dimension(desk, 2, 82.0, 3.0), "b": dimension(desk, 64, 75.0, 94.0)})[
        "caption"
    ]
    said = "precision 82.0 ± 2.5 against 75.0 ± 2.5, recall 3.00 ± 2.48 against 94.0 ± 2.5: recall collapses"
    assert f"In the right order: {said}." in caption
    assert "As printed (the sets swapped): precision 3.00 ± 2.48 against 94.0 ± 2.5" in caption
    assert caption.endswith("precision collapses. One training each.")


def test_figure_5_keeps_trainings_apart_from_snapshots(desk):
    runs = {"a": dimension(desk, 2, 30.0, 80.0, seeds=3), "b": dimension(desk, 64, 80.0, 75.0, seeds=3)}
    facts = desk.draw(figure5, runs=runs)
    own = facts["datasets"]["MNIST"]
    trainings = own["points"]["2"]["corrected"]["precision"]["trainings"]
    assert (trainings["mean"], trainings["n"], trainings["over"]) == (32, 3, "seeds")  # 30, 32, 34
    assert own["change"]["corrected"]["precision"]["trainings"]["mean"] == -50
    assert own["collapse"]["corrected"]["trainings"] == "precision"
    assert "Over trainings precision changes by -50.0 [-57.0, -43.0], recall by 5.0" in facts["caption"]


def test_figure_5_does_not_call_other_protocols_swapped(desk):
    numbers = {m: spread(50.0) for m in METRICS}
    files = {"0": {"score": desk.score(numbers, {**numbers, "precision": spread(60.0)})}}
    runs = {"a": {"dataset": "STL-10", "latent_dim": 64, "seeds": files}}
    facts = desk.draw(figure5, runs=runs)
    assert not facts["datasets"]["STL-10"]["printed_is_swapped"]
    assert facts["datasets"]["STL-10"]["collapse"]["corrected"]["status"] == "one_dimension"
    assert "one latent dimension only" in facts["caption"] and not facts["datasets"]["STL-10"]["paper"]["precision"]


def test_figure_5_leaves_out_what_was_printed_twice(desk):
    own = desk.draw(figure5, runs={"a": dimension(desk, 5, 60.0, 70.0, "Synthetic CIFAR-10")})["datasets"]
    assert list(own["Synthetic CIFAR-10"]["paper"]["precision"]) == ["2", "10", "30", "128"]
    assert len(own["Synthetic CIFAR-10"]["paper_left_out"]) == 4


def test_figure_5_survives_numbers_that_are_not(desk):
    nothing = {m: [NAN, NAN] for m in METRICS}
    files = {"0": {"score": desk.score(nothing, nothing, status="constant")}}
    runs = {"a": dimension(desk, 2, 30.0, 80.0), "b": {"dataset": "MNIST", "latent_dim": 64, "seeds": files}}
    own = desk.draw(figure5, runs=runs)["datasets"]["MNIST"]
    assert own["points"]["64"]["corrected"]["recall"]["status"] == "constant"
    assert own["points"]["64"]["corrected"]["recall"]["first_training"]["mean"] is None
    assert own["collapse"]["corrected"]["first"] == "undecided"
    assert own["trend"]["corrected"]["recall"]["status"] == "few_points"


def test_figure_5_wants_one_run_a_dimension(desk):
    with pytest.raises(InputError, match="one run a latent dimension"):
        desk.draw(figure5, runs={"a": dimension(desk, 2, 30.0, 80.0), "b": dimension(desk, 2, 30.0, 80.0)})


def width(desk, quality, logreg, dataset="CIFAR-10", status="ok", seeds=1, **about):
    """A run whose precision and density are `quality`, and Convex accuracy 10 more than LogReg's."""
    files = {
        str(seed): {
            "score": desk.score({m: spread(quality * (1 - 2 * (seed == 1))) for m in METRICS}),
            "measure": desk.measure(spread(logreg), spread(logreg + 10), status),
        }
        for seed in range(seeds)
    }
    return {"dataset": dataset, "latent_dim": 64, "seeds": files, **about}


def test_figure_6_correlates_over_the_widths(desk):
    pairs = [(50.0, 60.0), (52.0, 61.0), (54.0, 65.0), (57.0, 64.0), (60.0, 70.0)]
    runs = {f"w{2**k}": width(desk, q, a, width=2**k) for k, (q, a) in enumerate(pairs)}
    facts = desk.draw(figure6, runs=runs)
    own = facts["datasets"]["CIFAR-10"]["pearson"]["precision, logreg_acc"]
    r = np.corrcoef(np.array(pairs).T)[0, 1]
    ends = np.tanh(np.arctanh(r) + np.array([-1, 1]) * 1.959963985 / math.sqrt(2))
    for protocol in ("printed", "corrected"):
        found = own[protocol]["first_training"]
        assert (found["mean"], found["low"], found["high"]) == pytest.approx((r, *ends))
        assert (found["n"], found["over"], own[protocol]["trainings"]["n"]) == (5, "runs", 1)
    assert own["paper"]["first_training"]["mean"] == pytest.approx(0.986, abs=5e-4)
    assert own["paper"]["stated"] == 0.98
    assert facts["datasets"]["CIFAR-10"]["pearson"]["density, convex_acc"]["paper"]["stated"] is None
    point = facts["datasets"]["CIFAR-10"]["points"]["w8"]
    assert point["label"] == "width 8" and point["corrected"]["logreg_acc"]["first_training"]["mean"] == 64
    assert (
        "n = 5" in facts["caption"] and "With 5 points even r = 0.95 has the interval [0.42, 0.997]" in facts["caption"]
    )


def test_figure_6_correlates_each_training_by_itself(desk):
    runs = {f"w{k}": width(desk, 50.0 + k, 60.0 + k**2, seeds=2) for k in range(4)}
    own = desk.draw(figure6, runs=runs)["datasets"]["CIFAR-10"]["pearson"]["precision, logreg_acc"]["corrected"]
    r = np.corrcoef([0, 1, 2, 3], [0, 1, 4, 9])[0, 1]
    assert own["first_training"]["mean"] == pytest.approx(r)
    assert own["trainings"]["mean"] == pytest.approx(0, abs=1e-9)  # the second training has the opposite sign
    assert (own["trainings"]["n"], own["trainings"]["over"]) == (2, "seeds")


@pytest.mark.parametrize(
    ("values", "status", "said"),
    [([(50.0, 60.0), (51.0, 61.0)], "few_points", "few points"), ([(50.0, 60.0)] * 4, "constant", "constant")],
)
def test_figure_6_gives_a_reason_in_place_of_a_number(desk, values, status, said):
    runs = {f"run{k}": width(desk, q, a, "Digits", label=f"run {k}") for k, (q, a) in enumerate(values)}
    facts = desk.draw(figure6, runs=runs)
    own = facts["datasets"]["Digits"]["pearson"]["density, logreg_acc"]
    assert own["corrected"]["status"] == status and own["corrected"]["first_training"]["mean"] is None
    assert "paper" not in own and facts["datasets"]["Digits"]["points"]["run1"]["label"] == "run 1"
    assert f"ours {said}, as printed {said}" in facts["caption"]


def test_figure_6_leaves_degenerate_numbers_out_of_the_coefficient(desk):
    values = [(50.0, 60.0), (51.0, 62.0), (53.0, 61.0), (90.0, NAN), (10.0, 99.0)]
    runs = {
        f"w{k}": width(desk, q, a, status="single_class" if q in (90.0, 10.0) else "ok")
        for k, (q, a) in enumerate(values)
    }
    own = desk.draw(figure6, runs=runs)["datasets"]["CIFAR-10"]["pearson"]
    logreg = own["precision, logreg_acc"]["corrected"]["first_training"]
    assert logreg["mean"] == pytest.approx(np.corrcoef([50, 51, 53], [60, 62, 61])[0, 1])
    assert (logreg["n"], logreg["undefined"]) == (3, 2)
    assert own["precision, convex_acc"]["corrected"]["first_training"]["n"] == 4  # undefined in one run only


def point(desk, density, rate, sampling="trained", status="ok", **law):
    numbers = {m: spread(density) for m in METRICS}
    about = {"law": {"dim": 64, **law}, "acceptance": {"rate": rate, "error": 0.0, "draws": 0}}
    return {
        "sampling": sampling,
        "tau": law.get("tau"),
        "seeds": {"0": desk.score(numbers, status=status, sets=3, **about)},
    }


def curve(method, points, dataset="CIFAR-10"):
    return {"method": method, "dataset": dataset, "points": points}


def test_figure_8_places_printed_numbers_at_our_acceptance(desk):
    def gated(density, rate, tau):
        return point(desk, density, rate, tau=tau, components=10)

    curves = {
        "base": curve("baseline", [point(desk, 70.0, 1.0)]),
        "jbt": curve("JBT", [point(desk, 72.0, 0.8, "jbt80")]),
        "simp": curve("simplicial", [gated(90.0, 0.0044, 0.1445), gated(80.0, 0.038, 0.135)]),
        "random": curve("random directions", [gated(75.0, 0.04, 0.2), gated(76.0, 0.01, 0.3)]),
    }
    facts = desk.draw(figure8, curves=curves, features="inception")
    own = facts["datasets"]["CIFAR-10"]
    assert [at["tau"] for at in own["curves"]["simp"]["points"]] == [0.135, 0.1445]  # from much to little
    printed = {(q["variant"].split("=")[-1], q["metric"]): q for q in own["curves"]["simp"]["paper"]}
    assert printed["0.1445", "density"]["kept"] == pytest.approx(0.44)
    assert printed["0.1445", "density"]["value"] == 98.6
    assert not printed["0.14", "coverage"]["placed"]  # that threshold was not run
    assert {q["kept"] for q in own["curves"]["jbt"]["paper"]} == {90, 80}
    assert [q["kept"] for q in own["curves"]["base"]["paper"]] == [100, 100] and not own["curves"]["random"]["paper"]
    assert "not run: simplicial;N=10;tau_train=0.135;tau_test=0.14." in facts["caption"]


def test_printed_numbers_of_other_features_do_not_stand_beside_ours(desk):
    own = desk.draw(figure8, curves={"base": curve("baseline", [point(desk, 70.0, 1.0)])})["datasets"]["CIFAR-10"]
    assert own["curves"]["base"]["paper"] == []
    own = desk.draw(figure5, runs={"a": dimension(desk, 2, 30.0, 80.0)}, features="inception")["datasets"]["MNIST"]
    assert own["paper"]["precision"] == {} and "printed for the features oracle" in own["paper_left_out"][0]


def test_figure_8_compares_at_equal_acceptance(desk):
    curves = {
        "s": curve(
            "simplicial", [point(desk, 80.0, 0.5, tau=0.1, components=10), point(desk, 90.0, 0.1, components=10)]
        ),
        "n": curve("norm", [point(desk, 79.0, 0.52), point(desk, 60.0, 0.1), point(desk, 99.0, 0.01)]),
    }
    facts = desk.draw(figure8, curves=curves)
    pairs = facts["datasets"]["CIFAR-10"]["equal_acceptance"]["density"]["corrected"]
    assert [own["difference"]["mean"] for own in pairs] == [1, 30]
    assert [own["distinct"] for own in pairs] == [False, True]
    assert pairs[1]["difference"]["low"] == pytest.approx(30 - math.sqrt(2) * HALF)
    assert pairs[1]["difference"]["over"] == "sample sets" and pairs[1]["difference_of_trainings"]["low"] is None
    assert "norm 1 and 0 of 2" in facts["caption"]
    highest = facts["datasets"]["CIFAR-10"]["highest"]["density"]["corrected"]
    assert highest["n"]["acceptance"] == 0.01 and highest["n"]["mean"] == 99


def test_figure_8_names_curves_by_what_tells_them_apart(desk):
    one = [point(desk, 70.0, 1.0, components=10)]
    many = [point(desk, 70.0, 1.0, components=100)]
    curves = {
        "a": curve("DeliGAN", one),
        "b": curve("DeliGAN", one, "CIFAR-100"),
        "c": curve("DeliGAN, N = 100", many, "CIFAR-100"),
        "d": curve("simplicial", one, "CIFAR-100"),
        "axes 0": curve("simplicial", one),
        "axes 1": curve("simplicial", one),
    }
    own = desk.draw(figure8, curves=curves)["datasets"]
    names = {label: it["name"] for each in own.values() for label, it in each["curves"].items()}
    assert names == {
        "a": "DeliGAN, N = 10",
        "b": "DeliGAN, N = 10",
        "c": "DeliGAN, N = 100",
        "d": "simplicial",
        "axes 0": "axes 0",
        "axes 1": "axes 1",
    }


def test_figure_8_survives_gates_that_keep_nothing_and_numbers_that_are_not(desk):
    odd = [point(desk, 80.0, 0.0, tau=0.9), point(desk, NAN, 0.5, tau=0.1, status="constant"), point(desk, 70.0, NAN)]
    own = desk.draw(figure8, curves={"s": curve("simplicial", odd)})["datasets"]["CIFAR-10"]
    points = own["curves"]["s"]["points"]
    assert [at["status"] for at in points] == ["ok", "nothing_kept", "nothing_kept"]
    assert points[0]["density"]["corrected"]["status"] == "constant" and own["highest"]["density"]["corrected"] == {}


def test_figure_8_refuses_a_method_it_does_not_know(desk):
    with pytest.raises(InputError, match="no method 'magic'; there are: baseline, DeliGAN"):
        desk.draw(figure8, curves={"a": curve("magic", [])})


RADIUS = 1.2


class Ring:
    """Two classes: within a circle, and around it. The inner one is convex, the outer one is not."""

    space, classes = "test", 2

    def classify(self, x):
        label = (x.flatten(1).norm(dim=1) > RADIUS).long()
        return label, torch.full((len(x),), 0.95)


@pytest.fixture
def ring(monkeypatch):
    """What figure 4 makes of a plane of latents whose images are the latents themselves."""
    images, labels = torch.zeros(4, 1, 1, 2), torch.zeros(4, dtype=torch.int64)
    dataset = data.Dataset("plane", "digits", images, labels, images, labels, 2, -3.0, 3.0)
    monkeypatch.setattr(figure4, "EFFORTS", {"demo": Effort(4000, 1, 40, 10, 10)})
    monkeypatch.setattr(figure4, "law", lambda path: latents.build("gaussian", dim=2))

    def prepare(labeller, data=dataset):
        own = Trained("ring", 0, 7, 2, data, nn.Unflatten(1, (1, 1, 2)), labeller)
        monkeypatch.setattr(figure4, "trainings", lambda params, run: [own])
        return own

    return prepare


def figure_4(desk, **params):
    runs = {"ring": {"seeds": {"0": {"weights": "unused"}}}}
    return desk.draw(figure4, runs=runs, seed=0, **params)


def test_figure_4_knows_a_convex_class_from_a_ring(desk, ring):
    trained = ring(Ring())
    facts = figure_4(desk, pairs=3, steps=5)
    own = facts["runs"]["ring"]["seeds"]["0"]
    assert (own["status"], own["pairs"], own["pairs_by_class"]) == ("ok", 200, {"0": 100, "1": 100})
    assert list(own["class_kept"]["linear"]) == ["0.250", "0.500", "0.750"]
    assert own["points"]["spherical"]["mean"] == own["whole"]["spherical"]["mean"] == 1  # norms stay between the ends'
    found = segments.measure(trained, latents.build("gaussian", dim=2), 200, 5, 0.7, 0)
    ends = found.first.numpy(), found.second.numpy()
    outside = np.linalg.norm(ends[0], axis=1) > RADIUS
    assert outside.tolist() == (found.of == 1).tolist() and found.of[:4].tolist() == [0, 1, 0, 1]
    middle = np.linalg.norm((ends[0] + ends[1]) / 2, axis=1) > RADIUS
    half = own["class_kept"]["linear"]["0.500"]
    assert half["mean"] == pytest.approx(np.mean(middle == outside)) and half["n"] == 200
    assert half["low"] < half["mean"] < half["high"] < 0.9
    gap = own["spherical_less_linear"]
    assert gap["mean"] == pytest.approx(1 - own["points"]["linear"]["mean"]) and gap["low"] > 0
    assert facts["runs"]["ring"]["over_seeds"]["linear"]["mean"] == own["points"]["linear"]["mean"]
    assert "ring, 200 pairs" in facts["caption"]


def test_figure_4_counts_confidence_apart_from_the_class(desk, ring):
    class Unsure(Ring):
        def classify(self, x):
            label, sure = super().classify(x)
            return label, torch.where(x.flatten(1)[:, 0].abs() < 0.3, 0.5, sure)

    ring(Unsure())
    own = figure_4(desk)["runs"]["ring"]["seeds"]["0"]
    assert own["confident_samples"] == pytest.approx(1 - 0.2358, abs=0.03)  # P(|z| < 0.3)
    kept, sure = (own[name]["spherical"]["0.429"]["mean"] for name in ("class_kept", "class_kept_and_confident"))
    assert kept == 1 and sure < 0.95


def test_figure_4_of_a_single_class_has_no_share(desk, ring):
    class Same(Ring):
        def classify(self, x):
            return torch.ones(len(x), dtype=torch.int64), torch.full((len(x),), 0.9)

    ring(Same())
    facts = figure_4(desk, pairs=2, steps=3)
    own = facts["runs"]["ring"]["seeds"]["0"]
    assert own["status"] == "single_class" and own["points"]["linear"]["mean"] is None and own["pairs"] == 100
    assert "single class" in facts["caption"]


def test_figure_4_without_a_confident_sample(desk, ring):
    class Doubt(Ring):
        def classify(self, x):
            return torch.zeros(len(x), dtype=torch.int64), torch.full((len(x),), 0.4)

    ring(Doubt())
    own = figure_4(desk, pairs=2, steps=3)["runs"]["ring"]["seeds"]["0"]
    assert (own["status"], own["pairs"]) == ("no_pairs", 0) and own["class_kept"]["linear"]["0.500"]["mean"] is None


def test_figure_4_refuses_points_and_paths_without_a_middle(desk, ring, tmp_path):
    ring(Ring())
    with pytest.raises(InputError, match="steps: 2"):
        figure_4(desk, steps=2)
    place = Path(tmp_path) / "mixture.npz"
    data.save(
        place, data.prepare("gaussians", layout="explicit", centres=[[0.0, 0.0], [1.0, 1.0]], sigma=0.1, samples=10)
    )
    ring(Ring(), data.load(place))
    with pytest.raises(InputError, match="a generator of images"):
        figure_4(desk)
