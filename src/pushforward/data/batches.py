"""Batches without end: from images in memory, or drawn from a mixture. Both resume exactly where they stopped."""

import math
from typing import Protocol

import torch
from torch import Tensor

from pushforward.data.dataset import Dataset, scale
from pushforward.errors import Corrupt, InputError
from pushforward.rng import generator

State = dict[str, Tensor]


class Source(Protocol):
    """Where a training takes its batches from."""

    def next(self) -> Tensor:
        """The next batch, float32 (n, ...) in the data set's range."""

    def next_labelled(self) -> tuple[Tensor, Tensor]:
        """The next batch and its labels, int64 (n,)."""

    def state_dict(self) -> State:
        """What `load_state_dict` needs to go on exactly from here."""

    def load_state_dict(self, state: State) -> None:
        """Go on from a saved place."""


def source(
    data: Dataset,
    batch: int,
    seed: int,
    *,
    device: str | torch.device = "cpu",
    keep_last: bool = True,
    flip: bool = False,
) -> Source:
    """The training batches of a data set: fresh draws for a mixture, one permutation an epoch for images."""
    if data.centres is not None and data.weights is not None and data.sigma is not None:
        return Mixture(data.centres, data.weights, data.sigma, batch, seed, device=device)
    images, labels = data.train.to(device), data.train_labels.to(device)
    span = (data.low, data.high)
    return Permuted(images, batch, seed, labels=labels, span=span, keep_last=keep_last, flip=flip)


class Permuted:
    """Batches of a tensor in memory, in a new seeded order every epoch.

    Order and flips of an epoch follow from (seed, epoch) alone, so the state is just the place: epoch and position.
    Nothing is moved between host and device inside an epoch.

    Args:
        tensor: (N, ...), uint8 images or floats, on the device where the batches are wanted.
        batch: samples in a batch.
        seed: of the run.
        labels: int64 (N,) on the same device, for `next_labelled`.
        span: range of the scaled images.
        keep_last: whether the small batch at the end of an epoch is given too, as the authors' loader does.
        flip: whether each image is mirrored left to right with probability 1/2.

    Raises:
        InputError: no samples, a batch size out of range, or labels of another length.
    """

    def __init__(
        self,
        tensor: Tensor,
        batch: int,
        seed: int,
        *,
        labels: Tensor | None = None,
        span: tuple[float, float] = (0.0, 1.0),
        keep_last: bool = True,
        flip: bool = False,
    ) -> None:
        if not 1 <= batch <= len(tensor):
            raise InputError(f"batch: expected 1 to {len(tensor)}, the number of samples, got {batch}.")
        if labels is not None and labels.shape != tensor.shape[:1]:
            raise InputError(f"{len(tensor)} samples, but labels of shape {tuple(labels.shape)}.")
        self.tensor, self.labels, self.batch, self.seed = tensor, labels, batch, seed
        self.span, self.flip = span, flip
        # Where an epoch ends: at the last sample, or after the last whole batch.
        self.end = len(tensor) if keep_last else len(tensor) // batch * batch
        self.start_epoch(0)

    @property
    def batches_per_epoch(self) -> int:
        """How many batches an epoch has."""
        return math.ceil(self.end / self.batch)

    def start_epoch(self, epoch: int) -> None:
        """Draw the order, and the flips, of an epoch."""
        n, device = len(self.tensor), self.tensor.device
        self.epoch, self.position = epoch, 0
        self.order = torch.randperm(n, generator=generator(self.seed, "permutation", epoch)).to(device)
        if self.flip:
            coins = torch.rand(n, generator=generator(self.seed, "flip", epoch)) < 0.5
            self.flipped = coins.to(device)

    def next(self) -> Tensor:
        """The next batch, float32 in `span`."""
        return self._read(self._advance())

    def next_labelled(self) -> tuple[Tensor, Tensor]:
        """The next batch and its labels.

        Raises:
            InputError: made without labels.
        """
        if self.labels is None:
            raise InputError("these batches were made without labels.")
        chosen = self._advance()
        return self._read(chosen), self.labels[chosen]

    def state_dict(self) -> State:
        """Epoch and position, as 0-d int64 tensors."""
        return {"epoch": torch.tensor(self.epoch), "position": torch.tensor(self.position)}

    def load_state_dict(self, state: State) -> None:
        """Go on from a saved place.

        Raises:
            Corrupt: no such place with this many samples and this batch size.
        """
        epoch, position = int(state["epoch"]), int(state["position"])
        whole = position % self.batch == 0 or position == self.end
        if epoch < 0 or not 0 <= position <= self.end or not whole:
            raise Corrupt(
                f"no batch of {self.batch} begins at sample {position} of {self.end} in epoch {epoch}. "
                "The state was saved with other data or another batch size."
            )
        self.start_epoch(epoch)
        self.position = position

    def _advance(self) -> Tensor:
        """Indices of the next batch."""
        if self.position >= self.end:
            self.start_epoch(self.epoch + 1)
        first, self.position = self.position, min(self.position + self.batch, self.end)
        return self.order[first : self.position]

    def _read(self, chosen: Tensor) -> Tensor:
        x = self.tensor[chosen]
        if self.flip:  # before scaling: bytes are a quarter of the floats
            mirrored = self.flipped[chosen].view(-1, *[1] * (x.ndim - 1))
            x = torch.where(mirrored, x.flip(-1), x)
        return scale(x, *self.span)


class Mixture:
    """Batches drawn afresh from a Gaussian mixture.

    Args:
        centres: (m, D).
        weights: (m,), positive.
        sigma: deviation of each coordinate; 0 gives the centres themselves.
        batch: samples in a batch.
        seed: of the run.
        device: where the batches are drawn.
    """

    def __init__(
        self,
        centres: Tensor,
        weights: Tensor,
        sigma: float,
        batch: int,
        seed: int,
        *,
        device: str | torch.device = "cpu",
    ) -> None:
        if batch < 1:
            raise InputError(f"batch: expected at least 1, got {batch}.")
        self.centres, self.weights, self.sigma, self.batch = centres.to(device), weights.to(device), sigma, batch
        self.generator = generator(seed, "mixture", device=device)

    def next(self) -> Tensor:
        """The next batch, float32 (batch, D)."""
        return self.next_labelled()[0]

    def next_labelled(self) -> tuple[Tensor, Tensor]:
        """The next batch and the modes it was drawn from."""
        return sample_mixture(self.centres, self.weights, self.sigma, self.batch, self.generator)

    def state_dict(self) -> State:
        """The generator's state, a uint8 tensor."""
        return {"generator": self.generator.get_state()}

    def load_state_dict(self, state: State) -> None:
        """Go on from a saved place.

        Raises:
            Corrupt: not a state of a generator of this device.
        """
        try:
            self.generator.set_state(state["generator"].cpu())
        except (RuntimeError, TypeError) as error:
            device = self.generator.device.type
            raise Corrupt(f"the saved state is not one of a {device} generator ({error}).") from None


def sample_mixture(
    centres: Tensor, weights: Tensor, sigma: float, n: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Draw from a mixture of isotropic Gaussians.

    Args:
        centres: (m, D), on the generator's device.
        weights: (m,), positive; normalised here.
        sigma: deviation of each coordinate.
        n: how many.
        generator: source of all randomness.

    Returns:
        Points, float32 (n, D), and the modes they come from, int64 (n,).
    """
    device = centres.device
    cumulative = weights.to(torch.float64).cumsum(0)
    uniform = torch.rand(n, generator=generator, device=device, dtype=torch.float64)
    modes = torch.searchsorted(cumulative, uniform * cumulative[-1], right=True).clamp_(max=len(centres) - 1)
    noise = torch.randn(n, centres.shape[1], generator=generator, device=device)
    return centres.to(torch.float32)[modes] + sigma * noise, modes
