"""Published weights of networks: where they come from, how they are known, where they are looked for."""

import os
import pickle
import struct
from pathlib import Path

from pushforward.artifacts import digest_file
from pushforward.data.fetch import Published
from pushforward.errors import Corrupt, InputError, Missing
from pushforward.specs.report import RELEASED

LOCAL = "PUSHFORWARD_WEIGHTS"  # environment variable naming a folder that holds weight files

# What the readers of weights raise on files that are damaged or something else.
UNREADABLE = (
    *(RuntimeError, KeyError, ValueError, TypeError, AttributeError, EOFError),
    *(struct.error, pickle.UnpicklingError),
)

# By the feature space, or by what the network is for. Inception's and CLIP's addresses carry a part of the sha256 that
# follows, the classifier's one names a commit: address and digest vouch for each other.
WEIGHTS = {
    "inception": Published(
        name="weights-inception-2015-12-05-6726825d.pth",
        urls=(
            "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/"
            "weights-inception-2015-12-05-6726825d.pth",
        ),
        size=95_628_359,
        sha256="6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
    ),
    "clip-vit-b32": Published(
        name="ViT-B-32.pt",
        urls=(
            "https://openaipublic.azureedge.net/clip/models/"
            "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af/ViT-B-32.pt",
        ),
        size=353_976_522,
        sha256="40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af",
    ),
    RELEASED: Published(
        name="mnist_classifier.pth",
        urls=(
            "https://raw.githubusercontent.com/thibautissenhuth/unveiling_latent_geometry/"
            "f2c7de84175bac37ad1c6a8567db19c9d9340e95/latent_space_geometry/models/mnist_classifier.pth",
        ),
        size=3_702_087,
        sha256="b43dbe6f2475fc9da21958aaaf85658bf8b286e7c38290abf3d59fec08c592e6",
    ),
}


def cache() -> Path:
    """The folder that all scales share: `pushforward/weights` in the user's cache."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "pushforward" / "weights"


def find(network: str, folder: str | Path | None = None) -> Path:
    """The weights of a network, without a download.

    Args:
        network: a key of `WEIGHTS`.
        folder: where to look; else the folder of PUSHFORWARD_WEIGHTS, then `cache()`.

    Returns:
        Path of the file, whose sha256 is the published one.

    Raises:
        Missing: no such file; the message gives its name, its sha256 and the command that fetches it.
        Corrupt: a file of that name is something else.
        InputError: no such network.
    """
    published = _published(network)
    for place in _places(folder):
        path = place / published.name
        if path.is_file():
            _require(path, published)
            return path
    raise Missing(_advice(network, published, folder))


def fetch(network: str, folder: str | Path | None = None) -> Path:
    """The weights of a network: those of PUSHFORWARD_WEIGHTS, else of `folder`, where they are fetched once.

    Args:
        network: a key of `WEIGHTS`.
        folder: where a download goes; else `cache()`.

    Raises:
        Missing: not here, and the publisher cannot be reached.
        Corrupt, InputError, Resource: see `data.fetch`.
    """
    published = _published(network)
    try:
        return published.fetch(folder or cache(), os.environ.get(LOCAL))
    except Missing as error:
        raise Missing(f"{_advice(network, published, folder)}\n{error}") from None


def foreign(path: Path, what: str, error: Exception) -> Corrupt:
    """The error for a file that holds something else than `what`, with the first line of the reader's own words."""
    words = str(error).splitlines() or [""]
    return Corrupt(f"{path} does not hold {what} ({type(error).__name__}: {words[0][:200]}). Fetch it again.")


def _published(network: str) -> Published:
    if network not in WEIGHTS:
        raise InputError(f"no weights of {network!r} are published; there are: {', '.join(WEIGHTS)}.")
    return WEIGHTS[network]


def _places(folder: str | Path | None) -> list[Path]:
    if folder is not None:
        return [Path(folder)]
    local = os.environ.get(LOCAL)
    return [*([Path(local).expanduser()] if local else []), cache()]


def _require(path: Path, published: Published) -> None:
    found = digest_file(path)
    if found != published.sha256:
        raise Corrupt(
            f"{path} has sha256 {found}, expected {published.sha256}: it is not the published file. "
            "Remove it and fetch it again."
        )


def _advice(network: str, published: Published, folder: str | Path | None) -> str:
    places = _places(folder)
    return (
        f"{network} needs {published.name} (sha256 {published.sha256}, {published.size} bytes), which is not "
        f"in {' or '.join(map(str, places))}. Fetch it with\n"
        f"  curl --create-dirs -L -o {places[-1] / published.name} {published.urls[0]}\n"
        f"or set {LOCAL} to a folder that holds it."
    )
