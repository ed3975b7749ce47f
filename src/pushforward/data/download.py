"""One file from one address over HTTP, going on where the last attempt stopped."""

import base64
import http.client
import logging
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

log = logging.getLogger(__name__)

CHUNK = 1 << 18  # bytes read at a time
TIMEOUT = 30.0  # seconds without an answer
REPORT = 5.0  # seconds between two lines of progress


class Unreachable(Exception):
    """The address gave no answer, an error, or only a part."""


class Unexpected(Exception):
    """The address gave something, but not the file that was published."""


def redact(url: str) -> str:
    """An address fit to be shown: without user, password, query and fragment."""
    parts = urllib.parse.urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urllib.parse.urlunsplit((parts.scheme, host, parts.path, "", ""))


def glimpse(content: bytes) -> str:
    """The first bytes, to see what came instead."""
    head = content[:64]
    page = b"<html" in content[:1024].lower() or b"<!doctype" in head.lower()
    return f"{'an HTML page, ' if page else ''}first bytes {head!r}"


def download(url: str, part: Path, size: int | None) -> None:
    """Fetch `url` into `part`, asking only for what `part` does not hold yet.

    A server that does not know ranges sends everything, and `part` is begun again.

    Args:
        url: http or https; a user and password in it are sent as basic authentication, to this host only.
        part: unfinished file; kept when the connection breaks.
        size: bytes of the whole file, if known.

    Raises:
        Unreachable: no connection, an HTTP error, or the connection broke.
        Unexpected: what the server offers has another size.
    """
    have = part.stat().st_size if part.exists() else 0
    if size is not None and have > size:
        part.unlink()
        have = 0
    if have == size:
        return
    with _open(url, have) as response:
        start = have if response.status == http.client.PARTIAL_CONTENT else 0
        length = response.headers.get("Content-Length", "")
        total = start + int(length) if length.isdigit() else None
        if size is not None and total is not None and total != size:
            raise Unexpected(f"offers {total} bytes, expected {size}; {glimpse(_read(response, 1024))}")
        if response.headers.get_content_type() == "text/html":
            raise Unexpected(f"gave {glimpse(_read(response, 1024))}")
        _receive(response, part, start, size if total is None else total)


def _open(url: str, have: int) -> http.client.HTTPResponse:
    """The answer to a request for everything from byte `have` on, or for the whole if the server has no such rest."""
    request = _request(url)
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        response: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        error.close()
        if have and error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            return _open(url, 0)
        raise Unreachable(f"answered {error.code} {error.reason}") from None
    except urllib.error.URLError as error:
        raise Unreachable(f"no connection ({error.reason})") from None
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable(f"no answer ({type(error).__name__})") from None
    if response.status == http.client.PARTIAL_CONTENT and not _begins_at(response, have):
        response.close()
        if have:
            return _open(url, 0)
        raise Unreachable("answered with another range than asked")
    return response


def _request(url: str) -> urllib.request.Request:
    """A request whose credentials, if any, stand in a header that redirects do not carry to other hosts."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise Unreachable("is not an http or https address")
    login, _, host = parts.netloc.rpartition("@")
    request = urllib.request.Request(urllib.parse.urlunsplit(parts._replace(netloc=host)))
    if login:
        token = base64.b64encode(urllib.parse.unquote(login).encode()).decode()
        request.add_unredirected_header("Authorization", f"Basic {token}")
    return request


def _begins_at(response: http.client.HTTPResponse, have: int) -> bool:
    return bool(re.match(rf"bytes {have}-", response.headers.get("Content-Range", "")))


def _receive(response: http.client.HTTPResponse, part: Path, start: int, total: int | None) -> None:
    """Append the body to `part`; stop when it grows beyond `total`."""
    have, told = start, time.monotonic()
    with open(part, "ab" if start else "wb") as file:
        while block := _read(response, CHUNK):
            file.write(block)
            have += len(block)
            if total is not None and have > total:
                break
            if time.monotonic() - told > REPORT:
                told = time.monotonic()
                log.info("%s: %.1f%s MB", part.stem, have / 1e6, f" of {total / 1e6:.1f}" if total else "")
    if total is not None and have < total:
        raise Unreachable(f"broke off after {have} of {total} bytes")


def _read(response: http.client.HTTPResponse, count: int) -> bytes:
    try:
        return response.read(count)
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable(f"broke off ({type(error).__name__})") from None
