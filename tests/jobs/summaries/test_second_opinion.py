"""Agreement of two classifiers whose labels are known in advance: they look at the mean brightness alone."""

import pytest
import torch

from pushforward import artifacts, models
from pushforward.data.dataset import Dataset
from pushforward.errors import Corrupt, InputError
from pushforward.jobs.summaries import second_opinion

SIDE = 8
DARK, DIM, LIGHT, BRIGHT = 0.1, 0.45, 0.55, 0.9  # the middle two leave a classifier unsure
TEST = torch.tensor([DARK, DARK, DIM, LIGHT, BRIGHT, BRIGHT, BRIGHT])
TRUTH = torch.tensor([0, 1, 0, 1, 1, 1, -1])  # one image is not what it looks like, one has no label


def classifier(path, border, sign=1, image_channels=1):
    """Published weights: class 1 above the border, with confidence 0.999 from 0.17 away on; the other way for -1."""
    sizes = {"image_size": SIDE, "image_channels": image_channels, "classes": 2, "channels": [1], "feature_dim": 1}
    network = models.build("classifier", "classifier", **sizes)
    with torch.no_grad():
        for p in network.parameters():
            p.zero_()
        network.body[0].weight[0, 0, 1, 1] = 1.0  # the pixel itself
        network.hidden[0].weight.fill_(1 / SIDE**2)
        network.out.weight[:, 0] = torch.tensor([-20.0, 20.0]) * sign
        network.out.bias[:] = -border * network.out.weight[:, 0]
    tensors = {f"1/{name}": value for name, value in network.state_dict().items()}
    artifacts.save_tensors(path, tensors, {"model": {"kind": "classifier", "sizes": sizes}, "steps": [1]})
    return str(path)


@pytest.fixture
def images(monkeypatch):
    pixels = (255 * TEST).round().to(torch.uint8).view(-1, 1, 1, 1).expand(-1, 1, SIDE, SIDE)
    given = Dataset("squares", "digits", pixels, TRUTH, pixels, TRUTH, 2, 0.0, 1.0)
    monkeypatch.setattr(second_opinion.data, "load", lambda path: given)


@pytest.fixture
def files(images, tmp_path):
    return {"weights": "none", "data": "squares.npz", "oracle": classifier(tmp_path / "oracle.safetensors", 0.5)}


@pytest.mark.parametrize(
    ("border", "sign", "agree", "second", "sure_agree"),
    [(0.5, 1, 6, 5, 4), (0.5, -1, 0, 1, 0), (0.6, 1, 5, 4, 4)],
)
def test_counts_on_test_images_are_those_of_the_known_labels(tmp_path, files, border, sign, agree, second, sure_agree):
    other = {"weights": classifier(tmp_path / "second.safetensors", border, sign), "about": "its sidecar"}
    tally = second_opinion.Pair(other, files).on_test(threshold=0.99)
    assert (tally.n, tally.first) == (6, 5)
    assert (tally.agree, tally.second, tally.sure, tally.sure_agree) == (agree, second, 4, sure_agree)


class Stripes(torch.nn.Module):
    """Images as bright as the first coordinate is large, in the whole of [0, 1]."""

    def forward(self, z):
        return torch.special.ndtr(z[:, :1, None, None]).expand(-1, 1, SIDE, SIDE)


def test_samples_between_the_two_borders_are_where_they_disagree(tmp_path, files, made, monkeypatch):
    from pushforward.latents.gaussian import Gaussian

    monkeypatch.setattr(second_opinion.checkpoint, "generator", lambda path: Stripes())
    monkeypatch.setattr(second_opinion.checkpoint, "law", lambda path: Gaussian(2))
    other = {"weights": classifier(tmp_path / "second.safetensors", 0.7), "about": "its sidecar"}
    own = {"dataset": "Squares", "latent_dim": 2, "model": "cnn"}
    params = {
        **{"scale": "demo", "seed": 0, "points": 2500, "classifier": "second", "second": other},
        "runs": {"r": {**own, "threshold": 0.9, "seeds": {"0": files, "1": files}}},
    }
    second_opinion.run(params, {}, made.outs, made.root)
    frame, page = made.results()
    row = made.one(frame, metric="agreement_pct", run="r")
    assert row["n"] == 2500 and abs(row["ours"] - 80) < 4 * 100 * (0.8 * 0.2 / 2500) ** 0.5
    assert [row["ci_low"], row["ci_high"]] == pytest.approx(made.wilson(row["ours"] / 100, 2500), rel=1e-5)
    assert row["n_seeds"] == 2
    # Sure means at least log(9) / 40 = 0.055 from the border: 0.145 of the 0.89 are between the two borders.
    sure = made.one(frame, metric="agreement_where_sure_pct", run="r")
    assert sure["ours"] == pytest.approx(100 * (1 - 0.145 / 0.89), abs=4) and sure["n"] < 2500
    assert made.one(frame, metric="second_test_accuracy")["ours"] == pytest.approx(100 * 4 / 6)
    assert f"| Squares | cnn | r | 2,500 | {row['ours']:.2f} \\[" in page and "confidence above 0.9" in page


def test_a_scale_without_such_runs_says_so(made):
    given = {"scale": "demo", "seed": 0, "points": 10, "classifier": "second", "second": {}, "runs": {}}
    second_opinion.run(given, {}, made.outs, made.root)
    frame, page = made.results()
    assert frame.empty and "No run of this scale" in page


def test_what_cannot_be_compared_is_refused(tmp_path, files):
    colours = {"weights": classifier(tmp_path / "colours.safetensors", 0.5, image_channels=3), "about": "its sidecar"}
    with pytest.raises(InputError, match=r"colours\.safetensors does not take images of shape \(1, 8, 8\)"):
        second_opinion.Pair(colours, files)
    with pytest.raises(InputError, match=r"squares\.npz: its labels are exact"):
        second_opinion.Pair(colours, {"weights": "none", "data": "squares.npz"})
    with pytest.raises(Corrupt, match="not the authors' classifier"):
        second_opinion.Pair({"weights": files["oracle"]}, files)
