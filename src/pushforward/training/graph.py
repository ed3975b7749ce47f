"""A whole step of a GAN as one CUDA graph: small networks keep a GPU waiting for the launch of the next kernel.

A run says `cuda_graph: true`. It has not yet been tried on a device: its test there skips where there is none.
"""

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor

from pushforward.data.batches import Source
from pushforward.data.dataset import Dataset
from pushforward.errors import InputError
from pushforward.training import adversarial
from pushforward.training.wgan_step import WGAN, Settings

Batch = tuple[Tensor, ...]
Metrics = dict[str, Tensor]
Recorder = Callable[[Callable[[], Metrics], Iterable[torch.Generator]], tuple[Callable[[], None], Metrics]]
WARMUP = 3  # steps before the recording, in which libraries choose kernels and take their memory
COUNTED = ("seen", "updates", "average")  # what a step changes by numbers of Python, which a graph would hold fast


def fit(data: Dataset, *, method: str, recorder: Recorder | None = None, **arguments: Any) -> None:
    """Train a GAN whose steps are replayed, and publish its generator.

    Args:
        data: what to train on.
        method: module of the training: "wgan", "augmented" or "conditional".
        recorder: see `Graphed`.
        **arguments: as the method's own `fit` takes them.

    Raises:
        InputError: see `Graphed`, and the method's own `fit`.
        Locked, Corrupt, Diverged, Resource, Interrupted: see `training.session` and `training.loop`.
    """
    own = importlib.import_module(f"pushforward.training.{method}")
    train = partial(_train, recorder or record)
    if method == "wgan":
        train(data, own.trainer, Settings, lambda _law, _settings: {}, **arguments)
    else:
        own.fit(data, train=train, **arguments)


def _train(recorder: Recorder, data: Dataset, build: Callable[..., WGAN], *rest: Any, **arguments: Any) -> None:
    """`adversarial.train`, its trainer replayed."""
    adversarial.train(data, lambda *given: cast(WGAN, Graphed(build(*given), recorder)), *rest, **arguments)


class Feed:
    """Gives a step the batches that were read for it before.

    Args:
        source: where they come from.
        labelled: whether they are wanted with labels.
    """

    def __init__(self, source: Source, labelled: bool) -> None:
        self.source, self.labelled, self.ready = source, labelled, list[Batch]()

    def read(self) -> Batch:
        """The next batch of the source."""
        return self.source.next_labelled() if self.labelled else (self.source.next(),)

    def next(self) -> Tensor:
        """The next batch that is ready."""
        return self.ready.pop(0)[0]

    def next_labelled(self) -> tuple[Tensor, Tensor]:
        """The same with its labels."""
        x, labels = self.ready.pop(0)
        return x, labels

    def state_dict(self) -> dict[str, Tensor]:
        """The place of the source."""
        return self.source.state_dict()

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Go on from there."""
        self.source.load_state_dict(state)


def record(work: Callable[[], Metrics], streams: Iterable[torch.Generator]) -> tuple[Callable[[], None], Metrics]:
    """Record what `work` does on the GPU, which it is not made to do by this.

    Args:
        work: uses the same memory each time.
        streams: generators that it draws from; replays draw on from where these stand.

    Returns:
        What replays it, and the tensors that hold its result afterwards.
    """
    graph = torch.cuda.CUDAGraph()
    for stream in streams:
        graph.register_generator_state(stream)
    with torch.cuda.graph(graph, stream=torch.cuda.current_stream()):
        result = work()
    return graph.replay, result


class Graphed:
    """A trainer for `training.loop` that replays the steps of another one; states and results are that one's.

    A graph has fixed shapes: a step with a smaller batch, as at the end of an epoch, runs as it is. So do the first
    steps of a session. Where the loss on z's component ends, the step is recorded anew.

    Args:
        trainer: a WGAN of any kind, on a GPU.
        recorder: what records; tests pretend.

    Raises:
        InputError: no GPU, or a law of z that redraws until enough pass, which no graph can.
    """

    warm: int  # steps that ran as they are
    largest: int  # samples of a whole batch
    recorded: tuple[int, float] | None  # for which size, and which weight of the loss on components
    batches: list[Batch]  # that replays read
    metrics: Metrics  # that they write
    replay: Callable[[], None]

    def __init__(self, trainer: WGAN, recorder: Recorder = record) -> None:
        if recorder is record and trainer.device.type != "cuda":
            raise InputError(f"a CUDA graph wants a GPU; this training is on {trainer.device}.")
        if getattr(trainer.law, "tau", None) is not None:
            raise InputError(
                f"the law {trainer.law.name} redraws z until enough pass; a CUDA graph cannot. Leave it out."
            )
        self.trainer, self.recorder = trainer, recorder
        self.feed = Feed(trainer.source, hasattr(trainer, "labels"))
        trainer.source = self.feed
        for optimizer in (trainer.critic_adam, trainer.generator_adam):
            for group in optimizer.param_groups:
                group["capturable"] = True
        self.aside = torch.cuda.Stream(trainer.device) if trainer.device.type == "cuda" else None
        self._forget()

    def step(self) -> Metrics:
        """One step, replayed where it can be."""
        with _on(self.aside):
            batches = [self.feed.read() for _ in range(self.trainer.settings.critic_steps)]
            sizes = [len(batch[0]) for batch in batches]
            self.largest = max(self.largest, *sizes)
            if self.warm < WARMUP or min(sizes) < self.largest:
                self.warm += 1
                self.feed.ready = batches
                return self.trainer.step()
            return self._replay(batches)

    def snapshot(self) -> dict[str, Tensor]:
        """The trainer's."""
        return self.trainer.snapshot()

    def state_dict(self) -> dict[str, Any]:
        """The trainer's."""
        return self.trainer.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """The trainer's; what was recorded is forgotten, as the moments of Adam now lie elsewhere."""
        self._forget()
        self.trainer.load_state_dict(state)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.trainer, name)

    def _forget(self) -> None:
        self.warm, self.largest, self.recorded, self.batches, self.metrics = 0, 0, None, [], {}

    def _replay(self, batches: list[Batch]) -> Metrics:
        trainer, key = self.trainer, (self.largest, self._weight())
        if self.recorded != key:
            self.batches, self.recorded = [tuple(part.clone() for part in batch) for batch in batches], key
            self.replay, self.metrics = self.recorder(self._work, trainer.streams.values())
        for mine, new in zip(self.batches, batches, strict=True):
            for to, part in zip(mine, new, strict=True):
                to.copy_(part)
        self.replay()
        trainer.seen += self.largest * len(batches)
        if hasattr(trainer, "updates"):
            trainer.updates += 1
        if trainer.average:
            trainer.average.update(self.largest, trainer.seen)
        return {name: value.clone() for name, value in self.metrics.items()}  # the next replay writes over them

    def _work(self) -> Metrics:
        """A step on the batches that replays find, but for what Python counts."""
        counted = {name: vars(self.trainer)[name] for name in COUNTED if name in vars(self.trainer)}
        self.feed.ready, self.trainer.average = list(self.batches), None
        try:
            return self.trainer.step()
        finally:
            vars(self.trainer).update(counted)

    def _weight(self) -> float:
        """Weight of the loss on z's component now."""
        return self.trainer._weight() if hasattr(self.trainer, "_weight") else 0.0


@contextmanager
def _on(stream: torch.cuda.Stream | None) -> Iterator[None]:
    """Work on a stream of its own, in order with what comes before and after: the common one records no graph."""
    if stream is None:
        yield
        return
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        yield
    torch.cuda.current_stream().wait_stream(stream)
