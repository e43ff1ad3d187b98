"""Ask job-observability: one connection that is kept, bounded in time and in size."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from ... import __version__
from ...http_client import HTTPS, Clock, failure_text, retry_seconds, split_url
from ...secret_file import SecretFileError, read_secret
from ...slurm.command import one_line
from ..settings import Settings

MAX_ANSWER_BYTES = 4 << 20
_CHUNK_BYTES = 1 << 16
_THIS_HOST = ("localhost", "127.0.0.1", "::1")

# How a request ended.
OK, UNREACHABLE, LATE, UNAUTHORISED = "ok", "unreachable", "late", "unauthorised"
BUSY, REJECTED, FAILED = "busy", "rejected", "failed"
OUTCOMES = (OK, UNREACHABLE, LATE, UNAUTHORISED, BUSY, REJECTED, FAILED)

_OUTCOME_OF: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: UNAUTHORISED,
    HTTPStatus.FORBIDDEN: UNAUTHORISED,
    HTTPStatus.TOO_MANY_REQUESTS: BUSY,
    HTTPStatus.SERVICE_UNAVAILABLE: BUSY,
    # These are about what was sent. Others, such as 404, are about where to: nothing that was sent is to blame.
    HTTPStatus.BAD_REQUEST: REJECTED,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: REJECTED,
    HTTPStatus.UNPROCESSABLE_ENTITY: REJECTED,
}


class ServiceError(Exception):
    """The service did not do what it was asked for. The message is one sentence on one line.

    ``outcome`` is one of OUTCOMES; ``retry_after`` how many seconds it wants to be left alone, None where it does not
    say.
    """

    def __init__(self, outcome: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.retry_after = retry_after


class Client:
    """Speaks with one service, from one thread at a time.

    The connection is kept from one request to the next. Certificates are checked, against the system's authorities or
    those of a file. The proxies that the environment names are not used: a node's own are rarely meant for this. The
    token is read anew for each request.
    """

    def __init__(self, settings: Settings) -> None:
        self._url = settings.url
        self._scheme, self._host, self._port, self._prefix = split_url(settings.url)
        self._token_file = settings.token_file
        self._ca_file = settings.ca_file
        self._timeout = settings.timeout
        self._connection: http.client.HTTPConnection | None = None

    @property
    def shows_token(self) -> bool:
        """Whether the token goes over the network in plain text."""
        return self._token_file is not None and self._scheme != HTTPS and self._host not in _THIS_HOST

    def post(self, path: str, body: bytes) -> dict[str, Any]:
        """Send a JSON document; return the one that comes back. Raises ServiceError."""
        return self._ask("POST", path, body)

    def get(self, path: str) -> dict[str, Any]:
        """Ask for a JSON document. Raises ServiceError."""
        return self._ask("GET", path, None)

    def close(self) -> None:
        """Close the connection. The next request opens another one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _ask(self, method: str, path: str, body: bytes | None) -> dict[str, Any]:
        clock = Clock(self._timeout)
        try:
            headers = self._headers(body)
            with clock:
                return self._answer(self._exchange(clock, method, self._prefix + path, body, headers))
        except SecretFileError as error:
            raise ServiceError(UNAUTHORISED, f"no token for the service: {error}") from error
        except (OSError, http.client.HTTPException) as error:
            self.close()
            if clock.expired or isinstance(error, TimeoutError):
                raise ServiceError(LATE, f"{self._url} did not answer within {self._timeout:g} seconds") from error
            raise ServiceError(UNREACHABLE, f"{self._url} cannot be asked: {failure_text(error)}") from error
        except ServiceError:
            self.close()
            raise

    def _headers(self, body: bytes | None) -> dict[str, str]:
        headers = {"User-Agent": f"job-agent/{__version__}", "Accept": "application/json"}
        if self._token_file:
            headers["Authorization"] = f"Bearer {read_secret(self._token_file)}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        return headers

    def _exchange(
        self, clock: Clock, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> http.client.HTTPResponse:
        """Return the answer. A kept connection that the service has closed meanwhile is opened anew, once."""
        if self._connection is not None and self._connection.sock is not None:
            with suppress(ConnectionError, http.client.BadStatusLine):
                return _request(self._connection, clock, method, path, body, headers)
            if clock.expired:
                raise TimeoutError
        self.close()
        self._connection = self._new_connection()
        self._connection.connect()
        return _request(self._connection, clock, method, path, body, headers)

    def _new_connection(self) -> http.client.HTTPConnection:
        if self._scheme != HTTPS:
            return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
        # Made for each connection: authorities that were renewed count without a restart.
        context = ssl.create_default_context(cafile=self._ca_file)
        return http.client.HTTPSConnection(self._host, self._port, timeout=self._timeout, context=context)

    def _answer(self, response: http.client.HTTPResponse) -> dict[str, Any]:
        body = _read(response)
        if response.status not in (HTTPStatus.OK, HTTPStatus.CREATED):
            outcome = _OUTCOME_OF.get(response.status, FAILED)
            text = one_line(body.decode("utf-8", "replace")) or "it gave no reason"
            retry_after = retry_seconds(response.headers.get("Retry-After"))
            raise ServiceError(outcome, f"{self._url} answers {response.status}: {text}", retry_after)
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            raise ServiceError(FAILED, f"{self._url} answers with something else than job-observability does")
        return document


def _request(
    connection: http.client.HTTPConnection,
    clock: Clock,
    method: str,
    path: str,
    body: bytes | None,
    headers: Mapping[str, str],
) -> http.client.HTTPResponse:
    clock.watch(connection.sock)
    try:
        connection.request(method, path, body, headers)
    except (BrokenPipeError, ConnectionResetError):
        # A service that does not want all of it may have said so before it closed the connection.
        return connection.getresponse()
    return connection.getresponse()


def _read(response: http.client.HTTPResponse) -> bytes:
    """Return the body. Raises HTTPException when it is too long, or breaks off."""
    chunks: list[bytes] = []
    while chunk := response.read1(_CHUNK_BYTES):
        chunks.append(chunk)
        if sum(map(len, chunks)) > MAX_ANSWER_BYTES:
            raise http.client.HTTPException(f"the answer is longer than {MAX_ANSWER_BYTES} bytes")
    if response.length:
        raise http.client.HTTPException("the answer broke off")
    response.close()  # the connection stays, and is free for the next request
    return b"".join(chunks)
