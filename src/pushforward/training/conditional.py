"""The training of a class-conditional GAN as a job: the origin of Synthetic CIFAR-10 (earlier version, Table 5)."""

from collections.abc import Callable
from typing import Any

from pushforward.data.dataset import Dataset
from pushforward.errors import InputError
from pushforward.training import adversarial
from pushforward.training.conditional_step import Conditional
from pushforward.training.wgan_step import Settings


def fit(data: Dataset, *, train: Callable[..., None] = adversarial.train, **arguments: Any) -> None:
    """Train a generator of x given z and a label, and publish it.

    Args:
        data: what to train on; each sample has a label.
        train: what runs the training: in this process, or shared by several.
        **arguments: as `wgan.fit` takes them, its settings included; `classes` of both networks follow from the data.

    Raises:
        InputError: an argument out of its range, samples without a label, or networks that do not fit the data.
        Locked, Corrupt, Diverged, Resource, Interrupted: see `training.session` and `training.loop`.
    """
    if len(data.train_labels) and int(data.train_labels.min()) < 0:
        raise InputError(f"a conditional training needs a label for each sample; {data.name} has samples without one.")
    for part in ("generator", "critic"):
        classes = arguments["model"][part].get("classes", data.classes)
        if classes != data.classes:
            raise InputError(f"{part}: {data.name} has {data.classes} classes; a size of {classes} came. Leave it out.")
    train(data, Conditional, Settings, lambda _law, _settings: {"classes": data.classes}, **arguments)
