"""The client's side of the fork server: hand over a command, forward signals, end as it ended. Imports nothing heavy.

A request is its length and, attached to it, the three standard streams; then JSON with arguments, folder and
environment. The server answers with one byte once the command runs, and with its exit code at the end; in between the
client sends one byte for each signal. Whoever sees the connection end knows that the other side is gone.
"""

import json
import logging
import os
import signal
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

from pushforward.errors import Resource

log = logging.getLogger(__name__)
SOCKET = "PUSHFORWARD_FORKSERVER"
STARTED = b"+"
LENGTH, CODE = struct.Struct("!I"), struct.Struct("!i")
FORWARDED = (signal.SIGTERM, signal.SIGINT)


def submit(arguments: list[str]) -> int | None:
    """Have the fork server that the environment names run a command of ours, in this folder and on these streams.

    Args:
        arguments: of the command line.

    Returns:
        The exit code, 128 + n where signal n ended the command; None where no server can be reached and nothing was
        run.

    Raises:
        Resource: the server ended while the command ran.
    """
    place = os.environ.get(SOCKET)
    if not place:
        return None
    with _held_back(FORWARDED), socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(place)
            _send(connection, arguments)
            started = connection.recv(1) == STARTED
        except OSError:
            started = False
        if not started:
            log.info("No fork server answers at %s; the command runs in its own process.", place)
            return None
        return _wait(connection)


def _send(connection: socket.socket, arguments: list[str]) -> None:
    environment = {name: value for name, value in os.environ.items() if name != SOCKET}
    request = json.dumps({"arguments": arguments, "folder": os.getcwd(), "environment": environment}).encode()
    socket.send_fds(connection, [LENGTH.pack(len(request))], [0, 1, 2])
    connection.sendall(request)


def _wait(connection: socket.socket) -> int:
    """Exit code of the command; signals that come meanwhile go to it."""
    for number in FORWARDED:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda number, frame: connection.send(bytes([number])))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, FORWARDED)
    try:
        answer = connection.recv(CODE.size, socket.MSG_WAITALL)
    except OSError:
        answer = b""
    if len(answer) < CODE.size:
        raise Resource(
            "the fork server ended while it ran this job, perhaps for want of memory; the job was stopped. "
            "Run it again: it goes on from what it saved."
        )
    code = CODE.unpack(answer)[0]
    return code if code >= 0 else 128 - code


@contextmanager
def _held_back(signals: tuple[signal.Signals, ...]) -> Iterator[None]:
    """Keep signals waiting until the block says, or ends."""
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
