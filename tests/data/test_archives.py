import io
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pushforward.data import archives
from pushforward.data.archives import extract
from pushforward.errors import Corrupt, Resource

LIMIT = 10_000


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", size: int | None = None) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    info.size = size if size is not None else (4 if kind == tarfile.REGTYPE else 0)
    return info


def tar(path: Path, *members: tarfile.TarInfo, mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as file:
        for info in members:
            file.addfile(info, io.BytesIO(b"data") if info.isreg() else None)
    return path


def contents(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_tar(tmp_path, mode):
    archive = tar(tmp_path / "a.tar", member("set", tarfile.DIRTYPE), member("set/x.bin"), mode=mode)
    assert extract(archive, tmp_path / "out", LIMIT) == [tmp_path / "out/set/x.bin"]
    assert (tmp_path / "out/set/x.bin").read_bytes() == b"data"


def test_zip(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.mkdir("set")
        file.writestr("set/x.bin", b"data")
    assert extract(tmp_path / "a.zip", tmp_path / "out", LIMIT) == [tmp_path / "out/set/x.bin"]
    assert (tmp_path / "out/set/x.bin").read_bytes() == b"data"


BAD = {
    "parent": member("../evil"),
    "parent inside": member("set/../../evil"),
    "absolute": member("/tmp/evil"),
    "windows": member("..\\evil"),
    "drive": member("C:evil"),
    "symlink out": member("link", tarfile.SYMTYPE, "/etc/passwd"),
    "symlink up": member("link", tarfile.SYMTYPE, "../../evil"),
    "symlink inside": member("link", tarfile.SYMTYPE, "good"),
    "hardlink": member("link", tarfile.LNKTYPE, "../evil"),
    "device": member("dev", tarfile.CHRTYPE),
    "block device": member("dev", tarfile.BLKTYPE),
    "pipe": member("pipe", tarfile.FIFOTYPE),
    "twice": member("good"),
    "other spelling": member("./good"),
}


@pytest.mark.fault("F19")
@pytest.mark.parametrize("name", BAD)
def test_bad_member_is_refused_before_anything_is_written(tmp_path, name):
    archive = tar(tmp_path / "a.tar.gz", member("good"), BAD[name])
    with pytest.raises(Corrupt, match="Nothing was unpacked"):
        extract(archive, tmp_path / "out", LIMIT)
    assert contents(tmp_path) == ["a.tar.gz"]


@pytest.mark.fault("F19")
def test_bomb_is_refused_at_its_header(tmp_path):
    """The header promises 10 GB that are not even there."""
    with open(tmp_path / "a.tar", "wb") as file:
        file.write(tar(tmp_path / "good.tar", member("good"), mode="w").read_bytes()[:1024])
        file.write(member("bomb", size=10 * 2**30).tobuf())
    (tmp_path / "good.tar").unlink()
    with pytest.raises(Corrupt, match=f"more than {LIMIT} bytes"):
        extract(tmp_path / "a.tar", tmp_path / "out", LIMIT)
    assert contents(tmp_path) == ["a.tar"]


def test_many_small_members_count_together(tmp_path):
    archive = tar(tmp_path / "a.tar", *(member(str(i)) for i in range(5)))
    with pytest.raises(Corrupt, match="more than 19 bytes"):
        extract(archive, tmp_path / "out", 19)
    assert len(extract(archive, tmp_path / "out", 20)) == 5


def test_too_many_members(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MEMBERS", 3)
    archive = tar(tmp_path / "a.tar", *(member(str(i), size=0) for i in range(4)))
    with pytest.raises(Corrupt, match="more than 3 members"):
        extract(archive, tmp_path / "out", LIMIT)


def zip_info(name: str, mode: int = 0) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


@pytest.mark.fault("F19")
@pytest.mark.parametrize(
    "info", [zip_info("../evil"), zip_info("/tmp/evil"), zip_info("link", 0o120777), zip_info("pipe", 0o010600)]
)
def test_bad_zip_member(tmp_path, info):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("good", b"data")
        file.writestr(info, b"/etc/passwd")
    with pytest.raises(Corrupt, match="Nothing was unpacked"):
        extract(tmp_path / "a.zip", tmp_path / "out", LIMIT)
    assert contents(tmp_path) == ["a.zip"]


@pytest.mark.fault("F19")
def test_zip_bomb(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("bomb", bytes(10**7))
    assert (tmp_path / "a.zip").stat().st_size < LIMIT * 2
    with pytest.raises(Corrupt, match="more than"):
        extract(tmp_path / "a.zip", tmp_path / "out", LIMIT)


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b"<html>" + b, lambda b: b""])
def test_damaged(tmp_path, damage):
    archive = tar(tmp_path / "a.tar.gz", member("x", size=4), member("y", size=4))
    archive.write_bytes(damage(archive.read_bytes()))
    with pytest.raises(Corrupt):
        extract(archive, tmp_path / "out", LIMIT)
    assert not (tmp_path / "out").exists()


def test_no_room(tmp_path, monkeypatch):
    archive = tar(tmp_path / "a.tar.gz", member("x"))
    monkeypatch.setattr(archives.shutil, "disk_usage", lambda _: type("Disk", (), {"free": 3}))
    with pytest.raises(Resource):
        extract(archive, tmp_path / "out", LIMIT)
    assert not (tmp_path / "out").exists()


kinds = st.sampled_from([tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
names = st.lists(st.sampled_from(["..", ".", "a", "b", "", "/", "~"]), min_size=1, max_size=4).map("/".join)


@pytest.mark.fault("F19")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(names, kinds, names), max_size=4))
def test_never_writes_outside(tmp_path_factory, rows):
    root = tmp_path_factory.mktemp("root")
    archive = tar(root / "a.tar", *(member(name or "x", kind, link) for name, kind, link in rows), mode="w")
    (root / "in").mkdir()
    try:
        written = extract(archive, root / "in/out", LIMIT)
    except Corrupt:
        assert contents(root) == ["a.tar", "in"]
    else:
        assert all(path.resolve().is_relative_to(root / "in/out") for path in written)
        assert [name for name in contents(root) if not name.startswith("in")] == ["a.tar"]
        assert contents(root / "in") in ([], ["out", *(n for n in contents(root / "in") if n.startswith("out/"))])
