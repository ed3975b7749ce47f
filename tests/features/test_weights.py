"""Where weight files come from and how they are known."""

import hashlib
import socket

import pytest

from pushforward.data.fetch import Published
from pushforward.errors import Corrupt, InputError, Missing
from pushforward.features import weights
from pushforward.features.extractor import SPACES

BODY = b"weights" * 100


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """One published file of 700 bytes whose publisher does not answer."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/small.pth"
    published = Published("small.pth", (url,), len(BODY), hashlib.sha256(BODY).hexdigest())
    monkeypatch.setitem(weights.WEIGHTS, "small", published)


def test_digests_and_addresses_vouch_for_each_other():
    inception, clip = weights.WEIGHTS["inception"], weights.WEIGHTS["clip-vit-b32"]
    assert inception.sha256.startswith(inception.name.rsplit("-", 1)[1].removesuffix(".pth"))
    assert clip.urls[0].split("/")[-2] == clip.sha256
    assert all(published.urls[0].endswith(f"/{published.name}") for published in (inception, clip))
    assert {"inception", "clip-vit-b32"} < SPACES.keys()


def test_addresses_are_those_of_the_packages():
    from pushforward.features import compat

    assert weights.WEIGHTS["inception"].urls == (compat.import_inception().URL_INCEPTION_V3,)
    assert weights.WEIGHTS["clip-vit-b32"].urls == (compat.import_clip().clip._MODELS["ViT-B/32"],)


@pytest.mark.parametrize("where", ["environment", "cache", "argument"])
def test_a_local_file_is_found_and_checked(monkeypatch, tmp_path, where):
    folder = {"environment": tmp_path / "mine", "cache": weights.cache(), "argument": tmp_path / "given"}[where]
    folder.mkdir(parents=True)
    if where == "environment":
        monkeypatch.setenv("PUSHFORWARD_WEIGHTS", str(folder))
    argument = folder if where == "argument" else None
    (folder / "small.pth").write_bytes(BODY)
    assert weights.find("small", argument) == weights.fetch("small", argument) == folder / "small.pth"
    (folder / "small.pth").write_bytes(b"altered")
    with pytest.raises(Corrupt, match="it is not the published file") as caught:
        weights.find("small", argument)
    assert caught.value.exit_code == 4


@pytest.mark.fault("F48")
@pytest.mark.parametrize("way", [weights.find, weights.fetch])
def test_a_missing_file_is_named_with_digest_and_command(tmp_path, way):
    with pytest.raises(Missing) as caught:
        way("small", tmp_path / "there")
    published = weights.WEIGHTS["small"]
    command = f"curl --create-dirs -L -o {tmp_path / 'there' / 'small.pth'} {published.urls[0]}"
    assert caught.value.exit_code == 7
    for part in ("small.pth", published.sha256, "700 bytes", command, "PUSHFORWARD_WEIGHTS"):
        assert part in str(caught.value)


def test_an_unknown_space_is_refused():
    with pytest.raises(InputError, match="inception, clip-vit-b32"):
        weights.find("vgg")
