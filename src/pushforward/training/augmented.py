"""Trainings with augmented images, a loss on z's component, or a trained law of z, as jobs (Tables 3 and 7)."""

from collections.abc import Callable, Mapping
from typing import Any

from pushforward.data.dataset import Dataset
from pushforward.errors import InputError
from pushforward.latents.law import Law
from pushforward.training import adversarial
from pushforward.training.adversarial import parse
from pushforward.training.augmented_step import Augmented, MutualInformation, Settings


def fit(
    data: Dataset,
    *,
    augment: str = "none",
    mutual_information: Mapping[str, Any] | None = None,
    train: Callable[..., None] = adversarial.train,
    **arguments: Any,
) -> None:
    """Train a GAN on a data set and publish its generator with its law of z.

    Args:
        data: what to train on.
        augment: "diffaug" shows the critic augmented images only; "none".
        mutual_information: `weight` of the cross-entropy on z's component in both losses, and the `steps`, updates of
            the generator, for which it acts; None: no such loss. The critic gets its head for it from here.
        train: what runs the training: in this process, or shared by several.
        **arguments: as `wgan.fit` takes them, its settings included.

    Raises:
        InputError: an argument out of its range, or networks or a law that do not fit the data or each other.
        Locked, Corrupt, Diverged, Resource, Interrupted: see `training.session` and `training.loop`.
    """
    if augment == "diffaug" and len(data.shape) != 3:
        raise InputError(f"augment: diffaug changes images; {data.name} is not a data set of such. Take none.")
    information = parse(MutualInformation, mutual_information or {}, "mutual_information")
    train(data, Augmented, Settings, _heads, augment=augment, mutual_information=information, **arguments)


def _heads(law: Law, settings: Settings) -> dict[str, int]:
    """Components that the critic has to tell apart."""
    return {"components": law.components} if settings.mutual_information.weight else {}
