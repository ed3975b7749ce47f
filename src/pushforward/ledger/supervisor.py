"""The fork server's one loop: requests, children, their clients, and the process that all of them serve."""

import contextlib
import ctypes
import json
import os
import selectors
import signal
import socket
from collections.abc import Callable
from typing import Any

from pushforward.ledger.handover import CODE, LENGTH, STARTED

PATIENCE = 5.0  # seconds that a client may take over its request
PR_SET_PDEATHSIG = 1


class Supervisor:
    """Waits for requests, for children and for the owner's end, all in one thread.

    Args:
        listener: socket on which clients come.
        owner: process to serve.
    """

    def __init__(self, listener: socket.socket, owner: int) -> None:
        self.listener = listener
        self.selector = selectors.PollSelector()  # unlike epoll it shares nothing with a child
        self._watch(listener, self._accept)
        try:
            self._watch(os.pidfd_open(owner), self._close)
        except ProcessLookupError:
            self._close(None)

    def run(self) -> list[str] | None:
        """Serve; gives a child its arguments, and None when all is done."""
        while self.selector.get_map():
            key = self.selector.select()[0][0]  # one at a time, as it may end the others
            arguments = key.data(key.fileobj)
            if arguments is not None:
                return arguments
        return None

    def _watch(self, source: Any, act: Callable[[Any], list[str] | None]) -> None:
        self.selector.register(source, selectors.EVENT_READ, act)

    def _forget(self, source: Any) -> None:
        with contextlib.suppress(KeyError):
            self.selector.unregister(source)

    def _close(self, owner: int | None) -> None:
        """The owner is gone: take no more."""
        self._forget(self.listener)
        os.unlink(self.listener.getsockname())
        self.listener.close()
        if owner is not None:
            self._forget(owner)
            os.close(owner)

    def _accept(self, listener: socket.socket) -> list[str] | None:
        connection, _ = listener.accept()
        streams: list[int] = []
        try:
            request = _receive(connection, streams)
            child = os.fork()
        except (OSError, ValueError):  # the client sees the connection end, and runs its command itself
            connection.close()
            return None
        else:
            if child == 0:
                connection.detach()  # open until this child ends: the client knows by it
                return self._become(request, streams)
            self._look_after(child, connection)
            return None
        finally:
            for stream in streams:
                os.close(stream)

    def _look_after(self, child: int, connection: socket.socket) -> None:
        handle = os.pidfd_open(child)

        def ended(handle: int) -> None:
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            _tell(connection, CODE.pack(code))
            self._forget(handle)
            self._forget(connection)
            os.close(handle)
            connection.close()

        def asked(connection: socket.socket) -> None:
            try:
                numbers = connection.recv(16)
            except OSError:
                numbers = b""
            if not numbers:  # a client that is gone takes its job with it
                self._forget(connection)
            for number in numbers or [signal.SIGKILL]:
                signal.pidfd_send_signal(handle, number)

        self._watch(handle, ended)
        self._watch(connection, asked)
        _tell(connection, STARTED)

    def _become(self, request: dict[str, Any], streams: list[int]) -> list[str]:
        """Make this child what its client is."""
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a server in the background is deaf to it
        for key in self.selector.get_map().values():  # of the server and of other jobs
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
            else:
                os.close(key.fd)
        self.selector.close()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(request["environment"])
        return list(request["arguments"])


def _receive(connection: socket.socket, streams: list[int]) -> dict[str, Any]:
    """Read a request; its streams are added to `streams`, whatever else goes wrong."""
    connection.settimeout(PATIENCE)
    head, received, _, _ = socket.recv_fds(connection, LENGTH.size, 3)
    streams.extend(received)
    if len(head) < LENGTH.size or len(received) < 3:
        raise ValueError("no request")
    with connection.makefile("rb") as file:
        request = json.loads(file.read(*LENGTH.unpack(head)))
    connection.settimeout(None)
    return request


def _tell(connection: socket.socket, message: bytes) -> None:
    """Answer a client; one that is gone is noticed where its signals are read."""
    with contextlib.suppress(OSError):
        connection.sendall(message)
