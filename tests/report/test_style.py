import hashlib
import itertools
import os
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from pushforward.errors import InputError
from pushforward.report import style

DRAW = """
import sys
from pushforward.report import style
with style.use():
    drawing = style.figure()
    axes = drawing.subplots()
    for i, colour in enumerate(style.colours(4)):
        axes.plot([0, 1, 2], [i, i + 1, i], color=colour, label=f"mode {i}")
    axes.set(xlabel="$d$", ylabel="precision (%)", title="α = 0.9")
    axes.legend()
style.save(drawing, sys.argv[1])
"""

# Linear-RGB simulation of full protanopia, deuteranopia and tritanopia (Machado, Oliveira and Fernandes, 2009).
VISIONS = {
    "common": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}
XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]])


def lab(colour, vision):
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92)
    x, y, z = np.cbrt(np.clip(XYZ @ np.clip(np.array(vision) @ linear, 0, 1) / XYZ.sum(1), 0.008856, None))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("vision", VISIONS)
def test_classes_stay_apart_for_every_kind_of_vision(vision):
    seen = [lab(colour, VISIONS[vision]) for colour in (*style.CLASSES, "white")]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > 15


def test_files_are_the_same_bytes_in_another_process(tmp_path):
    found = []
    for place, seed in (("a", "1"), ("b", "2")):
        (tmp_path / place).mkdir()
        environment = os.environ | {"PYTHONHASHSEED": seed, "MPLCONFIGDIR": str(tmp_path)}
        subprocess.run([sys.executable, "-c", DRAW, str(tmp_path / place / "figure1")], check=True, env=environment)
        files = [tmp_path / place / f"figure1{suffix}" for suffix in (".pdf", ".png")]
        found.append([hashlib.sha256(file.read_bytes()).hexdigest() for file in files])
        assert b"CreationDate" not in files[0].read_bytes()
        assert files[0].read_bytes().startswith(b"%PDF") and files[1].read_bytes().startswith(b"\x89PNG")
    assert found[0] == found[1]


@pytest.mark.parametrize("name", ["figure2", "figure2.pdf", "figure2.png", "figure2.5"])
def test_save_writes_both_beside_each_other(tmp_path, name):
    with style.use():
        drawing = style.figure(style.SINGLE, 1.0)
        drawing.subplots().plot([0, 1])
    stem = "figure2.5" if name == "figure2.5" else "figure2"
    assert style.save(drawing, tmp_path / name) == (tmp_path / f"{stem}.pdf", tmp_path / f"{stem}.png")
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{stem}.pdf", f"{stem}.png"]


def test_text_is_legible_at_column_width():
    with style.use():
        sizes = [mpl.rcParams[f"{name}.labelsize"] for name in ("axes", "xtick", "ytick")]
        assert min(*sizes, mpl.rcParams["legend.fontsize"], mpl.rcParams["font.size"]) >= 7
        assert style.figure().get_figwidth() == 3.25
        assert mpl.rcParams["pdf.fonttype"] == 42


def test_the_style_ends_with_its_block():
    before = dict(mpl.rcParams)
    with style.use():
        assert mpl.rcParams["axes.spines.top"] is False
    assert dict(mpl.rcParams) == before


def test_nothing_opens_a_window():
    code = (
        "import sys; from pushforward.report import style, sheet, curves; assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("n", [0, 13])
def test_more_classes_than_colours_are_refused(n):
    with pytest.raises(InputError, match="1 to 12 classes"):
        style.colours(n)
