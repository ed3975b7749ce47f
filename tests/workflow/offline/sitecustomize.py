"""Loaded by every Python that the workflow's tests start: what is not on this machine is refused, and noted."""

import ipaddress
import os
import socket

HERE = {None, "", "localhost", socket.gethostname()}


def _refuse_strangers(host: object) -> None:
    host = host.decode() if isinstance(host, bytes) else host
    try:
        local = host in HERE or ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        local = False
    if not local:
        with open(os.environ["PUSHFORWARD_TESTS_NETWORK"], "a") as file:
            file.write(f"{host}\n")
        raise OSError(f"{host}: the tests of the workflow have no network")


def _connect(self: socket.socket, address: object) -> object:
    if self.family in (socket.AF_INET, socket.AF_INET6) and isinstance(address, tuple):
        _refuse_strangers(address[0])
    return _real_connect(self, address)


def _getaddrinfo(host: object, *rest: object, **options: object) -> object:
    _refuse_strangers(host)
    return _real_getaddrinfo(host, *rest, **options)


_real_connect, _real_getaddrinfo = socket.socket.connect, socket.getaddrinfo
socket.socket.connect, socket.getaddrinfo = _connect, _getaddrinfo
