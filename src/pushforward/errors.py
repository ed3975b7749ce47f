"""Errors that a person can act on; each carries the exit code of the command that meets it."""


class PushforwardError(Exception):
    """Base of every error raised on purpose. The message says what was expected, what came, and what to do."""

    exit_code = 1


class InputError(PushforwardError):
    """Bad parameters or bad input data."""

    exit_code = 2


class Diverged(PushforwardError):
    """A loss or gradient stopped being finite."""

    exit_code = 3


class Corrupt(PushforwardError):
    """A file is not what was written or published: truncated, altered, or of another kind."""

    exit_code = 4


class Resource(PushforwardError):
    """Out of disk, memory or device memory."""

    exit_code = 5


class Locked(PushforwardError):
    """Another process is at work here."""

    exit_code = 6


class Missing(PushforwardError):
    """A file that must be fetched or pulled first is not here."""

    exit_code = 7


class Interrupted(PushforwardError):
    """A signal ended the work after the state was saved."""

    def __init__(self, message: str, signal_number: int) -> None:
        super().__init__(message)
        self.exit_code = 128 + signal_number
