import numpy as np
import pytest

from pushforward import data
from pushforward.data.images import jpeg
from pushforward.errors import Corrupt, InputError, Missing

RNG = np.random.default_rng(0)
IMAGES = RNG.uniform(-1, 1, (20, 3, 32, 32)).astype(np.float32)
LABELS = np.arange(20) % 10


@pytest.fixture
def samples(tmp_path):
    def write(**changes):
        path = tmp_path / "samples.npz"
        np.savez(path, **{"images": IMAGES, "labels": LABELS} | changes)
        return str(path)

    return write


def test_exact_arrays_by_default(samples):
    arrays = data.prepare("synthetic", samples=samples())
    back = arrays["train"].astype(np.float64) / 255 * 2 - 1
    assert np.abs(back - IMAGES).max() <= 1 / 255 + 1e-6  # half a level
    np.testing.assert_array_equal(arrays["train_labels"], LABELS)
    assert arrays["test"].shape == (0, 3, 32, 32)


def test_ends_of_the_range_and_beyond(samples):
    ends = np.array([-1.5, -1, 1, 1.5], np.float32).reshape(4, 1, 1, 1).repeat(4, 2).repeat(4, 3)
    for format in ("png", "jpeg"):
        arrays = data.prepare("synthetic", samples=samples(images=ends, labels=LABELS[:4]), format=format)
        assert arrays["train"][:, 0, 0, 0].tolist() == [0, 0, 255, 255]


def test_printed_form_cuts_off_and_compresses(samples):
    arrays = data.prepare("synthetic", samples=samples(), format="jpeg")
    cut = np.floor((IMAGES + 1) / 2 * 255).astype(np.uint8)
    np.testing.assert_array_equal(arrays["train"], jpeg(cut, 75))
    exact = data.prepare("synthetic", samples=samples())["train"]
    assert exact.mean() - cut.mean() == pytest.approx(0.5, abs=0.01)  # darker by half a level


def test_integers_pass_as_they_are(samples):
    pixels = RNG.integers(0, 256, (20, 1, 8, 8), dtype=np.uint8)
    path = samples(images=pixels)
    np.testing.assert_array_equal(data.prepare("synthetic", samples=path, low=0.0)["train"], pixels)
    with pytest.raises(InputError, match="needs the floats"):
        data.prepare("synthetic", samples=path, format="jpeg")


def test_round_trip(samples, tmp_path):
    data.save(tmp_path / "synthetic.npz", data.prepare("synthetic", samples=samples()))
    loaded = data.load(tmp_path / "synthetic.npz")
    assert loaded.kind == "synthetic" and len(loaded.test) == 0 and loaded.about["format"] == "png"


def test_other_arrays(tmp_path):
    np.savez(tmp_path / "other.npz", x=IMAGES)
    with pytest.raises(Corrupt, match="no array 'images'"):
        data.prepare("synthetic", samples=str(tmp_path / "other.npz"))


NAN = IMAGES.copy()
NAN[3, 0, 0, 0] = np.nan
FAULTS = {
    "nan": ({"images": NAN}, "1 images have values that are not finite"),
    "flat": ({"images": IMAGES.reshape(20, -1)}, "expected images"),
    "short labels": ({"labels": LABELS[:-1]}, "expected images"),
    "label": ({"labels": LABELS + 1}, "labels from 1 to 10, expected 0 to 9"),
    "none": ({"images": IMAGES[:0], "labels": LABELS[:0]}, "expected images"),
    "pickle": ({"labels": np.array([object()] * 20)}, "plain arrays"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults(samples, fault):
    changes, told = FAULTS[fault]
    with pytest.raises(Corrupt, match=told):
        data.prepare("synthetic", samples=samples(**changes))


def test_bad_parameters(samples, tmp_path):
    with pytest.raises(InputError, match="png or jpeg"):
        data.prepare("synthetic", samples=samples(), format="gif")
    with pytest.raises(InputError, match="low < high"):
        data.prepare("synthetic", samples=samples(), low=1.0, high=1.0)
    with pytest.raises(Missing):
        data.prepare("synthetic", samples=str(tmp_path / "none.npz"))
    (tmp_path / "cut.npz").write_bytes(b"PK\3\4")
    with pytest.raises(Corrupt):
        data.prepare("synthetic", samples=str(tmp_path / "cut.npz"))
