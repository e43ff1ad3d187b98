"""GET from an HTTP server or a Unix socket, bounded in time and in size: what Slurm's own servers are asked with."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from .command import MAX_OUTPUT_BYTES, SlurmError, one_line

CHUNK_BYTES = 1 << 18
# How much of an answer that says what went wrong is read.
ERROR_BYTES = 1 << 16
UNIX = "unix:"

_BUSY = (http.HTTPStatus.TOO_MANY_REQUESTS, http.HTTPStatus.SERVICE_UNAVAILABLE)


class Endpoint:
    """One server, by its URL: ``http://host:6820``, ``https://host/prefix`` or ``unix:/run/slurmrestd.sock``.

    Safe to use from several threads: each request has a connection of its own. ``timeout`` is in seconds and covers a
    request from the connection to the last byte. Certificates are checked against the system's authorities, or those
    that the environment variable SSL_CERT_FILE names.
    """

    def __init__(self, name: str, url: str, timeout: float, max_answer_bytes: int = MAX_OUTPUT_BYTES) -> None:
        """Give the server a name for messages. Raises ValueError with a sentence when the URL is none."""
        self.name = name
        self.url = url.rstrip("/")
        self._timeout = timeout
        self._max_answer_bytes = max_answer_bytes
        self._prefix = ""
        if self.url.startswith(UNIX):
            if not self.url.startswith(f"{UNIX}/"):
                raise ValueError(f"'{url}' names no Unix socket; give {UNIX}/PATH")
            return
        self._scheme, self._host, self._port, self._prefix = _parts(self.url)

    @contextmanager
    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Iterator[Answer]:
        """Ask for a page; within the ``with`` block its answer can be read once. Raises SlurmError."""
        connection = self._connection()
        clock = _Clock(self._timeout)
        try:
            with clock:
                connection.connect()
                clock.watch(connection.sock)
                connection.request("GET", self._prefix + path, headers={"Connection": "close", **(headers or {})})
                yield Answer(self.name, connection.getresponse(), self._max_answer_bytes)
        except (OSError, http.client.HTTPException) as error:
            if clock.expired or isinstance(error, TimeoutError):
                raise SlurmError(f"{self.name} did not answer within {self._timeout:g} seconds") from error
            raise SlurmError(f"{self.name} at {self.url} cannot be asked: {_reason(error)}") from error
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        if self.url.startswith(UNIX):
            return _UnixConnection(self.url.removeprefix(UNIX), self._timeout)
        if self._scheme == "https":
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(self._host, self._port, timeout=self._timeout, context=context)
        return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)


class Answer:
    """What a server answered: its status, and its body in chunks."""

    def __init__(self, name: str, response: http.client.HTTPResponse, max_bytes: int) -> None:
        self.status = response.status
        self._name = name
        self._response = response
        self._max_bytes = max_bytes

    def chunks(self) -> Iterator[bytes]:
        """Yield the body. Raises SlurmError when it is too long or breaks off."""
        received = 0
        while chunk := self._response.read1(CHUNK_BYTES):
            received += len(chunk)
            if received > self._max_bytes:
                raise SlurmError(f"{self._name} sent more than {self._max_bytes} bytes")
            yield chunk
        if self._response.length:
            raise SlurmError(f"{self._name} broke off in the middle of its answer")

    def beginning(self) -> str:
        """Return the beginning of the body, which says what is wrong when the status does not say 200."""
        return self._response.read(ERROR_BYTES).decode("utf-8", "replace")

    def refusal(self, reason: str) -> SlurmError:
        """Return the error to raise for a status that is not 200, with how long the server wants to be left alone."""
        text = f"{self._name} answers {self.status} {self._response.reason}"
        retry_after = _seconds(self._response.headers.get("Retry-After")) if self.status in _BUSY else None
        return SlurmError(f"{text}: {one_line(reason) or 'it gave no reason'}", retry_after)


class _Clock:
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

    def _end(self) -> None:
        self.expired = True
        if self._socket is not None:
            with suppress(OSError):
                # The method of the plain socket: TLS would wait for its peer to say goodbye.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _parts(url: str) -> tuple[str, str, int | None, str]:
    """Return scheme, host, port and path."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.username is not None:
        raise ValueError("the URL of a server holds no user and no password: others could read them")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"'{url}' is no URL of a server; give http://HOST:PORT, https://HOST:PORT or {UNIX}/PATH")
    return parts.scheme, parts.hostname, port, parts.path


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return one_line(str(error)) or type(error).__name__


def _seconds(retry_after: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks for, as a number or as a date (RFC 9110)."""
    if retry_after is None:
        return None
    if re.fullmatch(r"\d{1,9}", retry_after.strip(), re.ASCII):
        return float(retry_after)
    with suppress(ValueError):
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    return None
