"""Trainings that are killed, cut short, given bad files or bad numbers: none ends quietly wrong."""

import errno
import os
import pickle
import random
import re
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

import pushforward
from pushforward import artifacts
from pushforward.data.dataset import Dataset
from pushforward.errors import Corrupt, Diverged, InputError, Interrupted, Locked, Resource
from pushforward.locks import hold
from pushforward.sampling.checkpoint import load_released
from pushforward.training import checkpoints, wgan
from pushforward.training.history import History
from pushforward.training.stacked_step import Stacked

Job = Callable[..., tuple[int, str]]
SIZES = {"width": 16, "depth": 2}


def config(folder: Path, **changes: Any) -> dict[str, Any]:
    """A training of a fifth of a second."""
    return {
        "model": {"kind": "mlp", "generator": SIZES, "critic": SIZES},
        "latent": {"law": "gaussian", "dim": 2},
        "out": str(folder / "models" / "s0.safetensors"),
        "state_dir": str(folder / "state"),
        **{"seed": 3, "steps": 60, "snapshots": [20, 40, 60], "batch": 16, "ema_halflife": 100.0},
        **{"log_every": 5, "save_every": 4, "threads": 1},
        **changes,
    }


def weights(folder: Path) -> str:
    """Digest of what was published, after checking it against the sidecar."""
    artifacts.load_tensors(folder / "models" / "s0.safetensors")
    return artifacts.digest_file(folder / "models" / "s0.safetensors")


def states(folder: Path) -> list[Path]:
    return sorted((folder / "state").glob("state-*"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, mixture: Dataset) -> Path:
    """The same training, never disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    wgan.fit(mixture, **config(folder))
    return folder


def stop_at(monkeypatch: pytest.MonkeyPatch, step: int, number: int = signal.SIGTERM) -> None:
    """Send this process a signal in the middle of a step."""
    original, calls = Stacked.step, iter(range(1, 10**9))

    def stepped(self: Stacked) -> dict[str, torch.Tensor]:
        if next(calls) == step:
            os.kill(os.getpid(), number)
        return original(self)

    monkeypatch.setattr(Stacked, "step", stepped)


@pytest.fixture
def stopped(tmp_path: Path, mixture: Dataset, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A training stopped after step 30, with the states of steps 28 and 30."""
    with monkeypatch.context() as patch:
        stop_at(patch, 30)
        with pytest.raises(Interrupted):
            wgan.fit(mixture, **config(tmp_path))
    assert [int(path.name.split("-")[1]) for path in states(tmp_path)] == [28, 30]
    return tmp_path


@pytest.mark.fault("F01")
def test_f01_killed_ten_times_it_ends_with_the_same_weights(tmp_path: Path, whole: Path, job: Job) -> None:
    """A training that ends between two kills is compared, and another one begun, until ten kills were made."""
    chance, killed, trained = random.Random(0), 0, 0
    for _ in range(100):
        if killed == 10:
            break
        folder = tmp_path / str(trained)
        code, log = job(config(folder, save_every=2), kill_after=chance.uniform(0.01, 0.15))
        assert code in (0, -9), log
        killed += code == -9
        if code == 0:
            assert weights(folder) == weights(whole)
            trained += 1
    assert killed == 10
    last = tmp_path / str(trained)
    assert job(config(last, save_every=2))[0] == 0
    assert weights(last) == weights(whole)
    columns = [
        [row.rsplit(",", 1)[0] for row in (folder / "models" / "s0.csv").read_text().splitlines()]
        for folder in (last, whole)
    ]
    assert columns[0] == columns[1]  # but for the speed


@pytest.mark.fault("F02")
@pytest.mark.parametrize("replace", [1, 2, 5, 16, 17, 18])
def test_f02_killed_between_write_and_rename(tmp_path: Path, whole: Path, job: Job, replace: int) -> None:
    """60 steps, a state every fourth: names 1..15 are those of states, then come CSV, weights and sidecar."""
    code, log = job(config(tmp_path, options={"kill_at_replace": replace}))
    assert code == -9, log
    left = list(tmp_path.glob("*/.*.part*"))
    assert len(left) == 1
    assert len(states(tmp_path)) == min(replace - 1, 2)
    assert job(config(tmp_path))[0] == 0
    assert not list(tmp_path.glob("*/.*.part*"))
    assert weights(tmp_path) == weights(whole)


@pytest.mark.fault("F03")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_f03_a_signal_saves_and_ends_within_a_step(
    tmp_path: Path, whole: Path, mixture: Dataset, monkeypatch: pytest.MonkeyPatch, number: int, code: int
) -> None:
    before = signal.getsignal(number)
    with monkeypatch.context() as patch:
        stop_at(patch, 7, number)
        with pytest.raises(Interrupted, match="after step 7") as caught:
            wgan.fit(mixture, **config(tmp_path))
    assert caught.value.exit_code == code
    assert signal.getsignal(number) is before
    assert "state-000000007-" in states(tmp_path)[-1].name
    wgan.fit(mixture, **config(tmp_path))
    assert weights(tmp_path) == weights(whole)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.fault("F04")
@pytest.mark.fault("F05")
@pytest.mark.parametrize("damage", [truncate, empty, flip])
def test_f04_f05_a_damaged_newest_state_falls_back_to_the_one_before(
    stopped: Path, whole: Path, mixture: Dataset, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    damage(states(stopped)[-1])
    wgan.fit(mixture, **config(stopped))
    assert "state-000000030" in caplog.text
    assert "before it" in caplog.text
    assert weights(stopped) == weights(whole)


@pytest.mark.fault("F06")
def test_f06_no_good_state_is_an_error_and_no_restart(stopped: Path, mixture: Dataset) -> None:
    for path in states(stopped):
        flip(path)
    with pytest.raises(Corrupt, match=r"state-000000028.*state-000000030.*Remove them") as caught:
        wgan.fit(mixture, **config(stopped))
    assert caught.value.exit_code == 4
    assert len(states(stopped)) == 2
    assert not (stopped / "models" / "s0.safetensors").exists()


@pytest.mark.fault("F07")
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"generator_lr": 1e-4}, r"generator_lr: 5e-05 -> 0\.0001"),
        ({"seed": 4}, "seed: 3 -> 4"),
        ({"latent": {"law": "gaussian", "dim": 3}}, r"latent\.dim: 2 -> 3"),
        ({"model": {"kind": "mlp", "generator": SIZES, "critic": {**SIZES, "width": 8}}}, r"critic\.width: 16 -> 8"),
    ],
)
def test_f07_a_state_of_other_parameters_is_refused(
    stopped: Path, mixture: Dataset, changes: Mapping[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        wgan.fit(mixture, **config(stopped, **changes))
    assert caught.value.exit_code == 2
    assert len(states(stopped)) == 2


@pytest.mark.fault("F07")
def test_f07_so_is_one_of_other_data(stopped: Path, images: Dataset, mixture: Dataset) -> None:
    moved = Dataset(**{**vars(mixture), "sigma": 0.2})
    with pytest.raises(InputError, match="data: "):
        wgan.fit(moved, **config(stopped))


@pytest.mark.fault("F08")
def test_f08_another_number_of_threads_is_allowed_and_marked(
    stopped: Path, mixture: Dataset, caplog: pytest.LogCaptureFixture
) -> None:
    wgan.fit(mixture, **config(stopped, threads=2))
    assert "threads: 1 -> 2" in caplog.text
    assert artifacts.read_json(stopped / "models" / "s0.json")["bit_exact"] is False


def test_an_undisturbed_or_well_resumed_run_is_marked_exact(stopped: Path, whole: Path, mixture: Dataset) -> None:
    wgan.fit(mixture, **config(stopped))
    for folder in (stopped, whole):
        assert artifacts.read_json(folder / "models" / "s0.json")["bit_exact"] is True
        assert "-000000060-" in states(folder)[-1].name  # stays for whoever records the result


class Payload:
    """Runs code when it is unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> Any:
        return Path.touch, (self.target,)


@pytest.mark.fault("F20")
def test_f20_a_pickle_is_never_run(stopped: Path, mixture: Dataset) -> None:
    mark = stopped / "it ran"
    for path in states(stopped):
        path.write_bytes(pickle.dumps(Payload(mark)))
    with pytest.raises(Corrupt):
        wgan.fit(mixture, **config(stopped))
    torch.save(Payload(mark), stopped / "classifier.pth")
    with pytest.raises(Corrupt, match="classifier"):
        load_released(stopped / "classifier.pth")
    assert not mark.exists()


@pytest.mark.fault("F20")
def test_f20_nothing_here_unpickles() -> None:
    folder = Path(pushforward.__file__).parent
    sources = {path: path.read_text() for path in folder.rglob("*.py")}
    assert len(sources) > 30
    for path, text in sources.items():
        assert "weights_only=False" not in text, path
        assert not re.search(r"pickle\.loads?\(|allow_pickle=True", text), path
        for call in re.findall(r"torch\.load\([^\n]*", text):
            assert "weights_only=True" in call, path


@pytest.mark.fault("F25")
def test_f25_a_full_disk_keeps_the_states_before(stopped: Path, whole: Path, mixture: Dataset, job: Job) -> None:
    before = {path: path.read_bytes() for path in states(stopped)}
    code, log = job(config(stopped, options={"file_limit": 4096}))
    assert code == Resource.exit_code, log
    assert "Free some space" in log
    assert {path: path.read_bytes() for path in states(stopped)} == before
    assert not list(stopped.glob("*/.*.part*"))
    wgan.fit(mixture, **config(stopped))
    assert weights(stopped) == weights(whole)


@pytest.mark.fault("F25")
def test_f25_so_does_one_that_is_full_when_a_row_is_logged(
    stopped: Path, mixture: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: History, row: Mapping[str, float]) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    before = states(stopped)
    monkeypatch.setattr(History, "append", full)
    with pytest.raises(Resource, match="No space left on device"):
        wgan.fit(mixture, **config(stopped))
    assert len(states(stopped)) == 2
    assert states(stopped)[-1] >= before[-1]


@pytest.mark.fault("F25")
def test_f25_too_small_a_disk_is_said_before_the_first_step(
    tmp_path: Path, mixture: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = checkpoints.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(checkpoints.shutil, "disk_usage", lambda _folder: usage._replace(free=1000))
    with pytest.raises(Resource, match=r"MB"):
        wgan.fit(mixture, **config(tmp_path))
    assert not states(tmp_path)


@pytest.mark.fault("F26")
def test_f26_a_state_that_may_not_be_written_is_an_error(
    stopped: Path, mixture: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: Any, target: Any) -> None:
        raise PermissionError(13, "Permission denied", str(target))

    before = {path: path.read_bytes() for path in states(stopped)}
    monkeypatch.setattr(artifacts.os, "replace", refuse)
    with pytest.raises(PermissionError):
        wgan.fit(mixture, **config(stopped))
    assert {path: path.read_bytes() for path in states(stopped)} == before
    assert not (stopped / "models" / "s0.safetensors").exists()


@pytest.mark.fault("F26")
def test_f26_a_folder_that_cannot_be_written_is_met_before_the_training(tmp_path: Path, mixture: Dataset) -> None:
    (tmp_path / "models").write_text("a file where a folder should be")
    with pytest.raises(FileExistsError):
        wgan.fit(mixture, **config(tmp_path))
    assert not states(tmp_path)


@pytest.mark.fault("F28")
def test_f28_out_of_memory_is_a_resource_error(
    tmp_path: Path, mixture: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def step(self: Stacked) -> dict[str, torch.Tensor]:
        raise torch.OutOfMemoryError("no memory left")

    monkeypatch.setattr(Stacked, "step", step)
    with pytest.raises(Resource, match="batch"):
        wgan.fit(mixture, **config(tmp_path))


@pytest.mark.fault("F32")
def test_f32_an_exploding_training_stops_at_once_and_saves_nothing_of_it(tmp_path: Path, mixture: Dataset) -> None:
    with pytest.raises(Diverged, match=r"step \d+: .* not finite.*Last good state: \S+state-0000000\d\d") as caught:
        wgan.fit(mixture, **config(tmp_path, save_every=1, generator_lr=1e6, critic_lr=1e6, critic_steps=1))
    assert caught.value.exit_code == 3
    bad = int(re.search(r"step (\d+)", str(caught.value))[1])  # type: ignore[index]
    kept = states(tmp_path)
    assert [int(path.name.split("-")[1]) for path in kept][-1] == bad - 1
    for path in kept:
        tensors: dict[str, torch.Tensor] = {}
        checkpoints.pack(checkpoints.load(path), tensors)
        assert all(torch.isfinite(t).all() for t in tensors.values() if t.is_floating_point())


@pytest.mark.fault("F32")
def test_f32_nan_in_the_data_stops_the_first_step(tmp_path: Path, mixture: Dataset) -> None:
    centres = mixture.centres
    assert centres is not None
    spoiled = Dataset(**{**vars(mixture), "centres": centres.clone().fill_(float("nan"))})
    with pytest.raises(Diverged, match=r"step 1: .*Last good state: none"):
        wgan.fit(spoiled, **config(tmp_path))
    assert not states(tmp_path)


@pytest.mark.fault("F44")
def test_f44_a_run_in_progress_is_locked(stopped: Path, mixture: Dataset) -> None:
    with hold(stopped / "state/lock", "a test"), pytest.raises(Locked, match=f"process {os.getpid()} on ") as caught:
        wgan.fit(mixture, **config(stopped))
    assert caught.value.exit_code == 6


@pytest.mark.fault("F44")
def test_f44_the_lock_of_a_dead_process_is_taken_over(tmp_path: Path, whole: Path, job: Job, mixture: Dataset) -> None:
    assert job(config(tmp_path, options={"kill_at_replace": 3}))[0] == -9
    assert (tmp_path / "state" / "lock.json").exists()
    wgan.fit(mixture, **config(tmp_path))
    assert weights(tmp_path) == weights(whole)
