"""Ask a dstack server for its fleets: bounded in time and in size."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator
from contextlib import closing
from http import HTTPStatus
from typing import Any

from .. import __version__
from ..http_client import HTTPS, Clock, failure_text, split_url
from ..secret_file import SecretFileError, read_secret
from ..slurm.command import one_line
from .instance import Instance, instances_of
from .settings import Settings

# The list of instances leaves out those that are pending, provisioning or terminating. The list of fleets has all.
FLEETS_PATH = "/api/fleets/list"
FLEETS_PER_PAGE = 100  # dstack's own limit
MAX_ANSWER_BYTES = 64 << 20
_CHUNK_BYTES = 1 << 18
_THIS_HOST = ("localhost", "127.0.0.1", "::1")

# How a question failed.
UNREACHABLE, LATE, UNAUTHORISED, FAILED = "unreachable", "late", "unauthorised", "failed"
FAILURES = (UNREACHABLE, LATE, UNAUTHORISED, FAILED)


class DstackError(Exception):
    """The server did not say what it was asked. The message is one sentence; ``outcome`` is one of FAILURES."""

    def __init__(self, outcome: str, message: str) -> None:
        super().__init__(message)
        self.outcome = outcome


class Client:
    """One dstack server.

    Certificates are checked, against the system's authorities or those of a file. The token is read anew for each
    request. The proxies that the environment names are not used.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._scheme, self._host, self._port, self._prefix = split_url(settings.url)

    @property
    def shows_token(self) -> bool:
        """Whether the token goes over the network in plain text."""
        return self._scheme != HTTPS and self._host not in _THIS_HOST

    def instances(self) -> list[Instance]:
        """Return the instances that the owner of the token can see. Raises DstackError."""
        try:
            return [instance for fleet in self._fleets() for instance in instances_of(fleet)]
        except (KeyError, TypeError, AttributeError) as error:
            raise self._other_answer() from error

    def _fleets(self) -> Iterator[dict[str, Any]]:
        question: dict[str, Any] = {"only_active": True, "limit": FLEETS_PER_PAGE}
        while True:
            page = self._post(FLEETS_PATH, question)
            # A server that does not know pages gives the same one again.
            if page and page[-1]["id"] == question.get("prev_id"):
                return
            yield from page
            if len(page) < FLEETS_PER_PAGE:
                return
            question |= {"prev_created_at": page[-1]["created_at"], "prev_id": page[-1]["id"]}

    def _post(self, path: str, question: dict[str, Any]) -> list[dict[str, Any]]:
        url, timeout = self._settings.url, self._settings.timeout
        clock = Clock(timeout)
        try:
            headers = self._headers()
            with clock, closing(self._connection()) as connection:
                connection.connect()
                clock.watch(connection.sock)
                connection.request("POST", self._prefix + path, json.dumps(question).encode(), headers)
                return self._answer(connection.getresponse())
        except SecretFileError as error:
            raise DstackError(UNAUTHORISED, f"no token for dstack: {error}") from error
        except (OSError, http.client.HTTPException) as error:
            if clock.expired or isinstance(error, TimeoutError):
                raise DstackError(LATE, f"{url} did not answer within {timeout:g} seconds") from error
            raise DstackError(UNREACHABLE, f"{url} cannot be asked: {failure_text(error)}") from error

    def _connection(self) -> http.client.HTTPConnection:
        if self._scheme != HTTPS:
            return http.client.HTTPConnection(self._host, self._port, timeout=self._settings.timeout)
        context = ssl.create_default_context(cafile=self._settings.ca_file)
        return http.client.HTTPSConnection(self._host, self._port, timeout=self._settings.timeout, context=context)

    def _headers(self) -> dict[str, str]:
        return {
            "User-Agent": f"dstack-poller/{__version__}",
            "Accept": "application/json",
            "Content-Type": "application/json",
            "Authorization": f"Bearer {read_secret(self._settings.token_file)}",
        }

    def _answer(self, response: http.client.HTTPResponse) -> list[dict[str, Any]]:
        body = _read(response)
        if response.status != HTTPStatus.OK:
            refused = response.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
            reason = one_line(body.decode("utf-8", "replace")) or "it gave no reason"
            raise DstackError(
                UNAUTHORISED if refused else FAILED, f"{self._settings.url} answers {response.status}: {reason}"
            )
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, list):
            raise self._other_answer()
        return document

    def _other_answer(self) -> DstackError:
        return DstackError(FAILED, f"{self._settings.url} answers with something else than dstack does")


def _read(response: http.client.HTTPResponse) -> bytes:
    """Return the body. Raises HTTPException when it is too long, or breaks off."""
    body = bytearray()
    while chunk := response.read1(_CHUNK_BYTES):
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise http.client.HTTPException(f"the answer is longer than {MAX_ANSWER_BYTES} bytes")
    if response.length:
        raise http.client.HTTPException("the answer broke off")
    return bytes(body)
