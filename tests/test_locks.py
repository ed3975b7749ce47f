import json
from pathlib import Path

import pytest

from pushforward.errors import Locked
from pushforward.locks import hold


@pytest.mark.fault("F44")
def test_a_held_lock_names_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    with hold(path, "a test"):
        (tmp_path / "x.json").write_text(json.dumps({"pid": 12, "host": "elsewhere", "purpose": "y"}))
        with pytest.raises(Locked, match="is held by process 12 on elsewhere") as caught, hold(path, "another"):
            pass
        assert caught.value.exit_code == 6
        (tmp_path / "x.json").write_text("half wri")
        with pytest.raises(Locked, match="another process"), hold(path, "another"):
            pass


def test_a_lock_is_free_again_afterwards_also_after_an_error(tmp_path: Path) -> None:
    path = tmp_path / "new/x.lock"
    with pytest.raises(ZeroDivisionError), hold(path, "a test"):
        raise ZeroDivisionError
    with hold(path, "a test"):
        assert json.loads((tmp_path / "new/x.json").read_text())["purpose"] == "a test"
    assert not (tmp_path / "new/x.json").exists()


@pytest.mark.fault("F44")
def test_what_a_dead_process_left_does_not_lock(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(json.dumps({"pid": 999999999, "host": "here", "purpose": "z"}))
    (tmp_path / "x.lock").touch()
    with hold(tmp_path / "x.lock", "a test"):
        pass
