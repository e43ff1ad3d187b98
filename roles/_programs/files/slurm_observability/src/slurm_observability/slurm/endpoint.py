"""GET from an HTTP server or a Unix socket, bounded in time and in size: what Slurm's own servers are asked with."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from ..http_client import HTTPS, Clock, failure_text, retry_seconds, split_url
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
        self._scheme, self._host, self._port, self._prefix = split_url(
            self.url, f"http://HOST:PORT, https://HOST:PORT or {UNIX}/PATH"
        )

    @contextmanager
    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Iterator[Answer]:
        """Ask for a page; within the ``with`` block its answer can be read once. Raises SlurmError."""
        connection = self._connection()
        clock = Clock(self._timeout)
        try:
            with clock:
                connection.connect()
                clock.watch(connection.sock)
                connection.request("GET", self._prefix + path, headers={"Connection": "close", **(headers or {})})
                yield Answer(self.name, connection.getresponse(), self._max_answer_bytes)
        except (OSError, http.client.HTTPException) as error:
            if clock.expired or isinstance(error, TimeoutError):
                raise SlurmError(f"{self.name} did not answer within {self._timeout:g} seconds") from error
            raise SlurmError(f"{self.name} at {self.url} cannot be asked: {failure_text(error)}") from error
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        if self.url.startswith(UNIX):
            return _UnixConnection(self.url.removeprefix(UNIX), self._timeout)
        if self._scheme == HTTPS:
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
        retry_after = retry_seconds(self._response.headers.get("Retry-After")) if self.status in _BUSY else None
        return SlurmError(f"{text}: {one_line(reason) or 'it gave no reason'}", retry_after)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
