"""How process 0 leads a training: it tells the others what comes next, then all do it."""

import hashlib
import json
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import torch
from torch import Tensor

from pushforward.errors import PushforwardError
from pushforward.training import checkpoints
from pushforward.training.interruption import Stop
from pushforward.training.processes import World
from pushforward.training.wgan_step import WGAN

STEP, LOAD, COMPARE, END = "step", "load", "compare", "end"


class Leader:
    """The trainer of process 0 as `training.loop` sees it. Leaving its block ends the others.

    Args:
        trainer: the share of process 0.
        world: the processes.
    """

    def __init__(self, trainer: WGAN, world: World) -> None:
        self.trainer, self.world, self._together = trainer, world, False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        # In the middle of something the others wait elsewhere; they end when they see this process gone.
        if not self._together:
            self.world.tell(END)

    def step(self) -> dict[str, Tensor]:
        """One step of all."""
        self._begin(STEP)
        metrics = self.trainer.step()
        self._together = False
        return metrics

    def snapshot(self) -> dict[str, Tensor]:
        """The weights to publish, the same in every process."""
        return self.trainer.snapshot()

    def state_dict(self) -> dict[str, Any]:
        """The state, the same in every process.

        Raises:
            PushforwardError: it is not the same.
        """
        self._begin(COMPARE)
        compare(self.trainer, self.world)
        self._together = False
        return self.trainer.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state, all of them."""
        self._begin(LOAD)
        self.world.tell(state)
        self.trainer.load_state_dict(state)
        self._together = False

    def _begin(self, what: str) -> None:
        self._together = True
        self.world.tell(what)


def follow(trainer: WGAN, world: World) -> None:
    """Do what process 0 says until it says end; a signal to stop is its to hear.

    Raises:
        PushforwardError: process 0 ended without a word, or the processes went apart.
    """
    with Stop():
        while (what := world.tell()) != END:
            if what == STEP:
                trainer.step()
            elif what == COMPARE:
                compare(trainer, world)
            else:
                trainer.load_state_dict(world.tell())


def compare(trainer: WGAN, world: World) -> None:
    """Check that all processes hold the same weights and stand at the same place of every random stream.

    Raises:
        PushforwardError: they do not; nothing is saved.
    """
    prints = world.gather(_fingerprint(trainer))
    strange = [rank for rank, own in enumerate(prints) if own != prints[0]]
    if strange:
        raise PushforwardError(
            f"the processes {', '.join(map(str, strange))} of this training hold other weights or random streams than "
            "process 0, so they train different things. Are their GPUs and versions alike? The newest state is good; "
            "run again to go on from it."
        )


def _fingerprint(trainer: WGAN) -> str:
    """A digest of places and of two sums over the weights, which are taken where the weights are."""
    networks = [p.detach() for network in (trainer.generator, trainer.critic) for p in network.parameters()]
    buffers = [b for b in trainer.generator.buffers() if b.is_floating_point()]
    sums = torch.stack([v.double().sum() for v in networks + buffers] + [v.double().square().sum() for v in networks])
    places: dict[str, Tensor] = {}
    state = {name: stream.get_state() for name, stream in trainer.streams.items()}
    tree = checkpoints.pack({"streams": state, "source": trainer.source.state_dict(), "seen": trainer.seen}, places)
    content = hashlib.sha256(json.dumps([tree, sums.tolist()]).encode())
    for place in places.values():
        content.update(place.numpy().tobytes())
    return content.hexdigest()
