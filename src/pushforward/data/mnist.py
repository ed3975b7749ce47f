"""MNIST (LeCun, Cortes, Burges) and Fashion-MNIST (Xiao, Rasul, Vollgraf 2017), from the four official IDX files."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pushforward.data import idx, images
from pushforward.data.fetch import Published

CLASSES = 10
SIZE = 28
ROLES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")

# The first publisher's address answers no more; these serve the same files, byte for byte.
ADDRESSES = {
    "mnist": ("https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"),
    "fashion-mnist": (
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
    ),
}

# kind -> in the order of ROLES: bytes and sha256 of the .gz; sha256 of other copies with the same content: unpacked,
# and for Fashion-MNIST also as the Debian package dataset-fashion-mnist packs it.
FILES = {
    "mnist": (
        (
            9912422,
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            ("ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",),
        ),
        (
            28881,
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            ("65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",),
        ),
        (
            1648877,
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            ("0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",),
        ),
        (
            4542,
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            ("ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",),
        ),
    ),
    "fashion-mnist": (
        (
            26421880,
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            (
                "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
                "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7",
            ),
        ),
        (
            29515,
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            (
                "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
                "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056",
            ),
        ),
        (
            4422102,
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            (
                "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
                "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa",
            ),
        ),
        (
            5148,
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
            (
                "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
                "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05",
            ),
        ),
    ),
}


def published(kind: str) -> tuple[Published, ...]:
    """The four files of a kind, in the order of `ROLES`."""
    return tuple(
        Published(f"{role}.gz", tuple(f"{base}{role}.gz" for base in ADDRESSES[kind]), size, sha256, also)
        for role, (size, sha256, also) in zip(ROLES, FILES[kind], strict=True)
    )


def prepare(
    kind: str, *, raw: str = "data/raw", mirror: str | None = None, classes: Sequence[int] | None = None
) -> dict[str, np.ndarray]:
    """60,000 and 10,000 grey images of 28 x 28, scaled range [0, 1] (the authors' loader only divides by 255).

    Args:
        kind: "mnist" or "fashion-mnist".
        raw: folder for what is fetched.
        mirror: local folder with the files; else the environment variable PUSHFORWARD_MIRROR, else the network.
        classes: classes to keep, renumbered in this order; all if None.

    Raises:
        Missing: not here and not to be had.
        Corrupt: a file is not the published one.
        InputError: bad `classes` or `mirror`.
    """
    paths = [file.fetch(Path(raw) / kind, mirror) for file in published(kind)]
    train = idx.read_pair(paths[0], paths[1], classes=CLASSES, size=SIZE)
    test = idx.read_pair(paths[2], paths[3], classes=CLASSES, size=SIZE)
    digests = {file.name: file.sha256 for file in published(kind)}
    return images.arrays(kind, train, test, classes=CLASSES, span=images.MNIST_RANGE, keep=classes, published=digests)
