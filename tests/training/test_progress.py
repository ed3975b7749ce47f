"""What a person sees of a training."""

import io
import logging
import sys

import pytest

from pushforward.training import progress


def test_lines_at_the_start_now_and_then_and_at_the_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    lines = progress.Lines("run", seconds=1e9)
    lines(0, 100, {}, 0.0)
    lines(50, 100, {"loss": 1.5}, 10.0)
    lines(100, 100, {"loss": 0.25}, 10.0)
    assert [record.getMessage() for record in caplog.records] == [
        "run step 0/100",
        "run step 100/100 loss=0.25 10.0 steps/s, 0 s left",
    ]
    caplog.clear()
    lines = progress.Lines("run", seconds=0.0)
    lines(50, 100, {"loss": 1.5}, 10.0)
    assert caplog.records[0].getMessage() == "run step 50/100 loss=1.5 10.0 steps/s, 5 s left"


def test_a_bar_on_a_terminal_and_lines_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(sys, "stderr", screen)
    assert isinstance(progress.choose("run"), progress.Lines)
    monkeypatch.setattr(screen, "isatty", lambda: True)
    bar = progress.choose("run")
    assert isinstance(bar, progress.Bar)
    bar(40, 100, {}, 0.0)
    bar(70, 100, {"loss": 0.5}, 10.0)
    bar(100, 100, {"loss": 0.25}, 10.0)
    text = screen.getvalue()
    assert "run" in text
    assert "100/100" in text
    assert "loss=0.25" in text


def test_a_resumed_bar_counts_its_speed_from_where_it_began(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    bar = progress.Bar("run")
    bar(900, 1000, {}, 0.0)
    assert bar._bar.initial == 900
    assert bar._bar.n == 900
    bar(1000, 1000, {}, 1.0)
