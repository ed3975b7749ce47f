"""A small web server with the faults of real ones, and the folder of real data where there is one."""

import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest


class Site:
    """Serves `files`; the first word of the path says how: whole, norange, cut, html, silent, error, chunked."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.requests.append((self.path, dict(self.headers)))
                _, manner, name = self.path.split("/", 2)
                getattr(site, f"_{manner}")(self, site.files.get(name, b""))

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.thread.start()

    def url(self, manner: str, name: str, login: str = "") -> str:
        return f"http://{login}127.0.0.1:{self.server.server_port}/{manner}/{name}"

    def ranges(self) -> list[str | None]:
        return [headers.get("Range") for _, headers in self.requests]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def _send(self, handler: BaseHTTPRequestHandler, code: int, headers: dict[str, object], body: bytes) -> None:
        handler.send_response(code)
        for key, value in headers.items():
            handler.send_header(key, str(value))
        handler.end_headers()
        handler.wfile.write(body)

    def _whole(self, handler: BaseHTTPRequestHandler, body: bytes, limit: int | None = None) -> None:
        asked = handler.headers.get("Range")
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        if start >= len(body):
            return self._send(handler, 416, {"Content-Length": 0}, b"")
        headers: dict[str, object] = {"Content-Length": len(body) - start}
        if asked:
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        self._send(handler, 206 if asked else 200, headers, body[start:limit])

    def _cut(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        """Knows ranges, but the first connection breaks half-way."""
        self._whole(handler, body, limit=None if handler.headers.get("Range") else len(body) // 2)

    def _cutalways(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        """No ranges, and every connection breaks half-way."""
        self._send(handler, 200, {"Content-Length": len(body)}, body[: len(body) // 2])

    def _norange(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        self._send(handler, 200, {"Content-Length": len(body)}, body)

    def _otherrange(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        """Answers any range with the last byte."""
        if not handler.headers.get("Range"):
            return self._norange(handler, body)
        last = len(body) - 1
        self._send(handler, 206, {"Content-Length": 1, "Content-Range": f"bytes {last}-{last}/{len(body)}"}, body[-1:])

    def _html(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        page = b"<!DOCTYPE html><html>Please log in</html>"
        self._send(handler, 200, {"Content-Type": "text/html; charset=utf-8", "Content-Length": len(page)}, page)

    def _htmlopen(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        """A page without a length."""
        self._send(handler, 200, {"Content-Type": "text/html"}, b"<html>Please log in</html>")

    def _endless(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        """More than was promised, and no length."""
        self._send(handler, 200, {}, body + bytes(1 << 20))

    def _error(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        self._send(handler, 503, {"Content-Length": 0}, b"")


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    site = Site()
    yield site
    site.close()


@pytest.fixture(autouse=True)
def no_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PUSHFORWARD_MIRROR", raising=False)


@pytest.fixture
def shared() -> Path:
    """The folder of real data files; see PUSHFORWARD_SHARED."""
    default = Path(__file__).parents[3] / "shared"
    folder = Path(os.environ.get("PUSHFORWARD_SHARED", default)) / "data"
    if not folder.is_dir():
        pytest.skip(f"no real data: {folder} is not a folder (set PUSHFORWARD_SHARED)")
    return folder
