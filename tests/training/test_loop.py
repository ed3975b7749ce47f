"""The loop: what is kept, logged and shown when, and that a resumed run is the run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from pushforward import rng
from pushforward.errors import Diverged, InputError
from pushforward.training.guard import Guard
from pushforward.training.loop import Loop, Outcome, Schedule


class Walk:
    """A random walk: the smallest trainer whose state matters."""

    def __init__(self, spoil: int = 0) -> None:
        self.place, self.stream, self.spoil, self.steps = torch.zeros(3), rng.generator(0, "walk"), spoil, 0

    def step(self) -> dict[str, Tensor]:
        self.steps += 1
        self.place += torch.randn(3, generator=self.stream)
        loss = self.place.square().sum()
        return {"loss": loss * float("nan") if self.steps == self.spoil else loss}

    def snapshot(self) -> dict[str, Tensor]:
        return {"place": self.place}

    def state_dict(self) -> dict[str, Any]:
        return {"place": self.place, "stream": self.stream.get_state(), "steps": self.steps}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.place, self.steps = state["place"].clone(), state["steps"]
        self.stream.set_state(state["stream"])


class Seen:
    """Remembers what the display was told."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, int, dict[str, float]]] = []

    def __call__(self, step: int, steps: int, metrics: Mapping[str, float], rate: float) -> None:
        self.calls.append((step, steps, dict(metrics)))


def run(folder: Path, walk: Walk, schedule: Schedule, progress: Any = lambda *_: None, **environment: Any) -> Outcome:
    return Loop(walk, schedule, folder, {"seed": 0}, environment, progress).run()


SCHEDULE = Schedule(20, (5, 20), log_every=4, save_every=3)


def test_snapshots_are_copies_of_their_step(tmp_path: Path) -> None:
    outcome = run(tmp_path, Walk(), SCHEDULE)
    walk = Walk()
    places = [walk.step() and walk.place.clone() for _ in range(20)]
    assert list(outcome.snapshots) == [5, 20]
    assert torch.equal(outcome.snapshots[5]["place"], places[4])
    assert torch.equal(outcome.snapshots[20]["place"], places[19])


def test_a_row_every_so_often_and_at_the_end(tmp_path: Path) -> None:
    lines = run(tmp_path, Walk(), Schedule(10, log_every=4)).history.read_text().splitlines()
    assert lines[0] == "step,loss,steps_per_second"
    assert [int(line.split(",")[0]) for line in lines[1:]] == [4, 8, 10]
    assert all(float(line.split(",")[2]) > 0 for line in lines[1:])


@pytest.mark.parametrize("stop", range(1, 14))
def test_stopped_after_any_step_the_run_goes_on_as_if_it_had_not(tmp_path: Path, stop: int) -> None:
    expected = run(tmp_path / "whole", Walk(), SCHEDULE)
    with pytest.raises(Diverged):
        run(tmp_path / "cut", Walk(spoil=stop), SCHEDULE)
    found = run(tmp_path / "cut", Walk(), SCHEDULE)
    for step, snapshot in expected.snapshots.items():
        assert torch.equal(found.snapshots[step]["place"], snapshot["place"])
    rows = [[line.split(",")[:2] for line in o.history.read_text().splitlines()] for o in (expected, found)]
    assert rows[0] == rows[1]


def test_a_finished_run_resumes_to_nothing_left_to_do(tmp_path: Path) -> None:
    run(tmp_path, Walk(), SCHEDULE)
    again = Walk()
    outcome = run(tmp_path, again, SCHEDULE)
    assert again.steps == 20
    assert list(outcome.snapshots) == [5, 20]


def test_the_two_newest_states_stay(tmp_path: Path) -> None:
    run(tmp_path, Walk(), SCHEDULE)
    assert sorted(int(path.name.split("-")[1]) for path in tmp_path.glob("state-*")) == [18, 20]


def test_states_follow_the_clock_where_no_step_is_given(tmp_path: Path) -> None:
    with pytest.raises(Diverged):
        run(tmp_path / "always", Walk(spoil=9), Schedule(20, save_seconds=0.0))
    assert sorted(int(path.name.split("-")[1]) for path in (tmp_path / "always").glob("state-*")) == [7, 8]
    with pytest.raises(Diverged):
        run(tmp_path / "never", Walk(spoil=9), Schedule(20, save_seconds=1e9))
    assert not list((tmp_path / "never").glob("state-*"))


def test_seconds_add_up_over_sessions(tmp_path: Path) -> None:
    run(tmp_path, Walk(), SCHEDULE)
    loop = Loop(Walk(), SCHEDULE, tmp_path, {"seed": 0}, {}, lambda *_: None)
    assert loop.seconds > 0
    assert loop.run().seconds == loop.seconds


def test_the_display_sees_the_start_and_the_end(tmp_path: Path) -> None:
    seen = Seen()
    run(tmp_path, Walk(), SCHEDULE, seen)
    assert seen.calls[0] == (0, 20, {})
    assert seen.calls[-1][:2] == (20, 20)
    assert set(seen.calls[-1][2]) == {"loss"}


@pytest.mark.fault("F08")
def test_on_a_gpu_exactness_is_not_promised_after_a_resume(tmp_path: Path) -> None:
    assert run(tmp_path / "a", Walk(), SCHEDULE, device="cuda").bit_exact
    with pytest.raises(Diverged):
        run(tmp_path / "b", Walk(spoil=9), SCHEDULE, device="cuda")
    assert not run(tmp_path / "b", Walk(), SCHEDULE, device="cuda").bit_exact


@pytest.mark.fault("F08")
def test_another_device_is_allowed_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Diverged):
        run(tmp_path, Walk(spoil=9), SCHEDULE, device="cuda", device_name="a GPU")
    outcome = run(tmp_path, Walk(), SCHEDULE, device="cpu", device_name="a processor")
    assert not outcome.bit_exact
    assert "device: 'cuda' -> 'cpu'" in caplog.text or "device: cuda -> cpu" in caplog.text


def test_an_inexact_run_stays_inexact(tmp_path: Path) -> None:
    for threads, spoil in ((1, 8), (2, 15)):
        with pytest.raises(Diverged):
            run(tmp_path, Walk(spoil=spoil), SCHEDULE, threads=threads)
    assert not run(tmp_path, Walk(), SCHEDULE, threads=2).bit_exact


@pytest.mark.parametrize("snapshots", [(0,), (5, 21)])
def test_snapshots_outside_the_run_are_refused(snapshots: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=r"1\.\.20"):
        Schedule(20, snapshots)


def test_weights_that_are_not_finite_are_not_kept(tmp_path: Path) -> None:
    walk = Walk()
    walk.snapshot = lambda: {"place": torch.tensor([1.0, float("inf")])}  # type: ignore[method-assign]
    with pytest.raises(Diverged, match="step 5: place is not finite"):
        run(tmp_path, walk, SCHEDULE)


def test_the_guard_names_the_first_bad_step_when_asked_late() -> None:
    guard = Guard()
    for step in range(1, 11):
        guard.watch({"a": torch.tensor(1.0), "b": torch.tensor(float("nan") if step in (4, 7) else 0.0)})
    with pytest.raises(Diverged, match="step 4:"):
        guard.check(10, "none yet")


def test_the_guard_counts_from_where_a_run_resumed() -> None:
    guard = Guard()
    guard.watch({"a": torch.tensor(1.0)})
    guard.check(101, "none yet")
    guard.watch({"a": torch.tensor(float("inf"))})
    with pytest.raises(Diverged, match="step 102:"):
        guard.check(102, "none yet")
