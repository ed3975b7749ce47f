import numpy as np
import pandas as pd
import pytest

from pushforward.errors import InputError, Missing
from pushforward.report.curves import POINTS, curves, read


def log(n=2000):
    draw = np.random.default_rng(0)
    columns = ("critic_loss", "distance", "critic_gradient", "generator_loss", "generator_gradient")
    return pd.DataFrame({"step": np.arange(n), **{name: draw.uniform(1, 2, n) for name in columns}})


def test_a_panel_for_each_kind():
    drawing = curves(log(), "digits")
    assert [axes.get_ylabel() for axes in drawing.axes] == ["loss", "critic: real − fake", "gradient norm"]
    assert [len(axes.lines) for axes in drawing.axes] == [2, 1, 2]
    assert drawing.axes[2].get_yscale() == "log"
    assert drawing.axes[0].lines[0].get_color() == drawing.axes[2].lines[0].get_color()  # the critic's, in both


def test_a_spike_stays_visible_after_thinning():
    history = log()
    history.loc[777, "critic_loss"] = 1e4
    drawing = curves(history)
    line, band = drawing.axes[0].lines[0], drawing.axes[0].collections[0]
    assert len(line.get_xdata()) == POINTS
    assert band.get_paths()[0].vertices[:, 1].max() == 1e4


def test_a_short_log_and_gaps_are_drawn_as_they_are():
    history = pd.DataFrame({"step": [0, 1, 2], "loss": [3.0, np.nan, 1.0]})
    line = curves(history).axes[0].lines[0]
    assert list(line.get_xdata()) == [0, 2] and list(line.get_ydata()) == [3.0, 1.0]


def test_read(tmp_path):
    log(5).to_csv(tmp_path / "log.csv", index=False)
    assert read(tmp_path / "log.csv").shape == (5, 6)
    with pytest.raises(Missing, match="is not here"):
        read(tmp_path / "none.csv")


@pytest.mark.parametrize("text", ["", "step,critic_loss\n", "time,critic_loss\n1,2\n", "step,speed\n1,2\n"])
def test_a_file_that_is_no_log_is_refused(tmp_path, text):
    (tmp_path / "log.csv").write_text(text)
    with pytest.raises(InputError, match=r"log\.csv: expected"):
        read(tmp_path / "log.csv")
