"""What every program that asks an HTTP server needs: its URL taken apart, an end to its time, what its failures say."""

from __future__ import annotations

import re
import socket
import threading
import time
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from .slurm.command import one_line

HTTP, HTTPS = "http", "https"


class ServerUrl(NamedTuple):
    """Where a server listens. ``prefix`` is what comes before every path, without a slash at its end."""

    scheme: str
    host: str
    port: int | None
    prefix: str


class Clock:
    """Ends a connection when its time is up, whatever its peer does: a byte now and then does not hold it open."""

    def __init__(self, seconds: float) -> None:
        self.expired = False
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *exception: object) -> None:
        self._timer.cancel()
        if self.expired:
            raise TimeoutError

    def watch(self, connected: socket.socket) -> None:
        """Name the socket, which http.client forgets as soon as it has read the headers."""
        self._socket = connected
        if self.expired:  # while it connected
            self._shut_down()

    def _end(self) -> None:
        self.expired = True
        self._shut_down()

    def _shut_down(self) -> None:
        if self._socket is not None:
            with suppress(OSError):
                # The method of the plain socket: TLS would wait for its peer to say goodbye.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


def split_url(url: str, forms: str = "http://HOST:PORT or https://HOST:PORT") -> ServerUrl:
    """Take the URL of a server apart. Raises ValueError with a sentence, which names the ``forms`` to choose from."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.username is not None:
        raise ValueError("the URL of a server holds no user and no password: others could read them")
    if parts.scheme not in (HTTP, HTTPS) or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"'{url}' is no URL of a server; give {forms}")
    return ServerUrl(parts.scheme, parts.hostname, port, parts.path.rstrip("/"))


def failure_text(error: Exception) -> str:
    """Return why a server cannot be asked, on one line."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return one_line(str(error)) or type(error).__name__


def retry_seconds(retry_after: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks for, as a number or as a date (RFC 9110)."""
    if retry_after is None:
        return None
    if re.fullmatch(r"\d{1,9}", retry_after.strip(), re.ASCII):
        return float(retry_after)
    with suppress(ValueError):
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    return None
