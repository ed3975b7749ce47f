import hashlib
import logging
import os
import socket
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from pushforward.data import download, fetch
from pushforward.data.fetch import Published
from pushforward.errors import Corrupt, InputError, Missing, Resource

BODY = bytes(range(256)) * 4096  # 1 MiB
SHA = hashlib.sha256(BODY).hexdigest()
NAME = "file.bin"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "raw" / NAME


def get(urls, place, **options):
    return fetch.fetch(urls, SHA, len(BODY), place, **options)


def part(place: Path) -> Path:
    return place.with_name(NAME + ".part")


def leave_part(place: Path, content: bytes) -> None:
    place.parent.mkdir(parents=True)
    part(place).write_bytes(content)


def dead_address() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/{NAME}"


@pytest.fixture(autouse=True)
def served(request):
    if "site" in request.fixturenames:
        request.getfixturevalue("site").files[NAME] = BODY


def test_whole_file(site, place):
    assert get([site.url("whole", NAME)], place) == place
    assert place.read_bytes() == BODY
    assert not part(place).exists()


def test_second_call_asks_nobody(site, place):
    get([site.url("whole", NAME)], place)
    get([site.url("whole", NAME)], place)
    assert len(site.requests) == 1


@pytest.mark.fault("F15")
def test_broken_connection_is_taken_up_where_it_broke(site, place):
    get([site.url("cut", NAME)], place)
    assert place.read_bytes() == BODY
    assert site.ranges() == [None, f"bytes={len(BODY) // 2}-"]


@pytest.mark.fault("F15")
def test_part_of_an_earlier_call_is_taken_up(site, place):
    leave_part(place, BODY[:1000])
    get([site.url("whole", NAME)], place)
    assert place.read_bytes() == BODY
    assert site.ranges() == ["bytes=1000-"]


@pytest.mark.fault("F15")
def test_part_is_kept_when_the_connection_cannot_be_had_again(site, place):
    with pytest.raises(Missing, match=f"broke off after {len(BODY) // 2} of {len(BODY)}"):
        get([site.url("cutalways", NAME)], place)
    assert part(place).read_bytes() == BODY[: len(BODY) // 2]
    get([site.url("whole", NAME)], place)
    assert place.read_bytes() == BODY


@pytest.mark.fault("F16")
def test_server_without_ranges_starts_again(site, place):
    leave_part(place, b"x" * 1000)  # would spoil the file if it were kept
    get([site.url("norange", NAME)], place)
    assert place.read_bytes() == BODY
    assert site.ranges() == ["bytes=1000-"]


@pytest.mark.fault("F16")
def test_answer_with_another_range_starts_again(site, place):
    leave_part(place, BODY[:1000])
    get([site.url("otherrange", NAME)], place)
    assert place.read_bytes() == BODY


def test_part_of_another_file_is_thrown_away(site, place):
    leave_part(place, b"x" * 1000)
    get([site.url("whole", NAME)], place)
    assert place.read_bytes() == BODY
    assert site.ranges() == ["bytes=1000-", None]


@pytest.mark.parametrize("content", [b"x" * (len(BODY) + 1), b"x" * len(BODY)])
def test_part_as_long_as_the_file_or_longer(site, place, content):
    leave_part(place, content)
    get([site.url("whole", NAME)], place)
    assert place.read_bytes() == BODY


def test_complete_part_needs_no_network(place):
    leave_part(place, BODY)
    assert get([dead_address()], place).read_bytes() == BODY


def test_unknown_size(site, place):
    leave_part(place, BODY)  # a range from the end on: 416
    assert fetch.fetch([site.url("whole", NAME)], SHA, None, place).read_bytes() == BODY


@pytest.mark.fault("F17")
@pytest.mark.parametrize("manner", ["html", "htmlopen"])
def test_page_instead_of_the_file(site, place, manner):
    with pytest.raises(Corrupt, match=r"HTML page, first bytes b'<.*Please log in") as caught:
        get([site.url(manner, NAME)], place)
    assert caught.value.exit_code == 4
    assert not place.exists() and not part(place).exists()


@pytest.mark.fault("F18")
def test_wrong_content_is_deleted(site, place):
    site.files[NAME] = b"y" * len(BODY)
    with pytest.raises(Corrupt, match=r"sha256 [0-9a-f]{64}, expected 1048576 bytes with .*first bytes b'yyy"):
        get([site.url("whole", NAME)], place)
    assert not place.exists() and not part(place).exists()


@pytest.mark.fault("F18")
def test_wrong_size_is_refused_before_it_is_loaded(site, place):
    site.files[NAME] = BODY + b"!"
    with pytest.raises(Corrupt, match=f"offers {len(BODY) + 1} bytes, expected {len(BODY)}"):
        get([site.url("whole", NAME)], place)
    assert not part(place).exists()


@pytest.mark.fault("F18")
def test_endless_answer_is_cut_and_refused(site, place):
    with pytest.raises(Corrupt):
        get([site.url("endless", NAME)], place)
    assert not part(place).exists()


def test_next_address_after_errors(site, place):
    urls = [dead_address(), site.url("error", NAME), site.url("html", NAME), site.url("whole", NAME)]
    assert get(urls, place).read_bytes() == BODY


def test_nothing_reachable_tells_what_to_do(site, place):
    url = dead_address()
    with pytest.raises(Missing) as caught:
        get([url, site.url("error", NAME)], place)
    text = str(caught.value)
    assert caught.value.exit_code == 7
    for told in (NAME, SHA, url, "503", str(place), "PUSHFORWARD_MIRROR", "mirror"):
        assert told in text


def test_file_of_the_right_name_and_wrong_content_is_replaced(site, place):
    place.parent.mkdir()
    place.write_bytes(b"old")
    assert get([site.url("whole", NAME)], place).read_bytes() == BODY


@pytest.mark.parametrize("below", ["", "sub"])
def test_mirror_copy_is_used_where_it_lies(tmp_path, place, below):
    folder = tmp_path / "mirror" / below
    folder.mkdir(parents=True)
    (folder / NAME).write_bytes(BODY)
    assert get([dead_address()], place, mirror=tmp_path / "mirror") == folder / NAME
    assert not place.parent.exists()


def test_mirror_from_the_environment(tmp_path, place, monkeypatch):
    (tmp_path / NAME).write_bytes(BODY)
    monkeypatch.setenv("PUSHFORWARD_MIRROR", str(tmp_path))
    assert get([dead_address()], place) == tmp_path / NAME


def test_mirror_tells_files_of_one_name_apart(tmp_path, place):
    for name, content in (("a", b"other"), ("b", BODY)):
        (tmp_path / name).mkdir()
        (tmp_path / name / NAME).write_bytes(content)
    assert get([], place, mirror=tmp_path) == tmp_path / "b" / NAME


def test_mirror_may_hold_the_file_unpacked(tmp_path):
    (tmp_path / "images").write_bytes(b"plain")
    file = Published("images.gz", (), 10, "0" * 64, also=(hashlib.sha256(b"plain").hexdigest(),))
    assert file.fetch(tmp_path / "raw", tmp_path) == tmp_path / "images"


def test_mirror_with_a_wrong_file_is_left_alone(tmp_path, place):
    (tmp_path / NAME).write_bytes(b"other")
    with pytest.raises(Corrupt, match="another file"):
        get([], place, mirror=tmp_path)
    with pytest.raises(Missing, match="another file"):
        get([dead_address()], place, mirror=tmp_path)
    assert (tmp_path / NAME).read_bytes() == b"other"


def test_mirror_that_is_no_folder(tmp_path, place):
    with pytest.raises(InputError, match="is not a folder"):
        get([], place, mirror=tmp_path / "nowhere")


def test_no_address_and_no_mirror(place):
    with pytest.raises(Missing, match="no address is known"):
        get([], place)


@pytest.mark.fault("F47")
def test_password_is_sent_but_never_shown(site, place, caplog):
    caplog.set_level(logging.DEBUG)
    login = "user:se%40cret@"
    with pytest.raises(Missing) as caught:
        get([site.url("error", NAME + "?token=t0ps", login)], place)
    get([site.url("whole", NAME, login)], place)
    assert site.requests[-1][1]["Authorization"] == "Basic dXNlcjpzZUBjcmV0"
    shown = str(caught.value) + caplog.text
    assert "127.0.0.1" in shown
    assert not any(secret in shown for secret in ("se%40cret", "se@cret", "user", "dXNlcjpz", "t0ps"))


@pytest.mark.fault("F47")
def test_redact():
    assert download.redact("https://u:p@host:81/a/b?key=1#f") == "https://host:81/a/b"


def test_only_web_addresses(tmp_path, place):
    (tmp_path / NAME).write_bytes(BODY)
    with pytest.raises(Missing, match="not an http or https address"):
        get([(tmp_path / NAME).as_uri()], place)


def test_two_at_once_load_once(site, place):
    threads = [threading.Thread(target=get, args=([site.url("whole", NAME)], place)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert place.read_bytes() == BODY
    assert len(site.requests) == 1


@pytest.mark.fault("F25")
def test_no_room_is_told_before_loading(site, place, monkeypatch):
    monkeypatch.setattr(fetch.shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(Resource, match="1 MB more"):
        get([site.url("whole", NAME)], place)
    assert site.requests == []


@pytest.mark.fault("F25")
def test_disk_that_fills_up_keeps_the_part(site, place, monkeypatch):
    def full(*_):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(fetch, "_check", full)
    with pytest.raises(Resource, match="Free some space"):
        get([site.url("whole", NAME)], place)
    assert part(place).exists() and not place.exists()


def test_progress_is_logged(site, place, caplog, monkeypatch):
    monkeypatch.setattr(download, "REPORT", 0.0)
    caplog.set_level(logging.INFO)
    get([site.url("whole", NAME)], place)
    assert "of 1.0 MB" in caplog.text
