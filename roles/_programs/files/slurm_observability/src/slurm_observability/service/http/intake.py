"""What every request goes through before the API sees it: who sends it, how large it is, and whether there is room."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..tokens import Tokens

MAX_BODY_BYTES = 4 << 20
# What is taken, at most, of a request that was refused: of one by a client with a token, and of any other.
DISCARDED_BYTES, STRANGERS_BYTES = 64 << 20, MAX_BODY_BYTES
# Requests that are worked on at a time. Each has a thread, so that none waits in a queue.
MAX_REQUESTS = 32
RETRY_SECONDS = (1, 5)

TOKEN_NEEDED = "a token is needed: Authorization: Bearer TOKEN"  # noqa: S105 -- the words of an answer
TOO_MANY = "too many requests at a time; come again"
TOO_LARGE = f"the request is larger than {MAX_BODY_BYTES} bytes; send less at a time"


class Intake:
    """Stands before the API. A request that comes through has its body in memory, and ``sender`` in its state.

    A client without a token is told so before its body is looked at. ``open_paths`` are answered however many requests
    there are.
    """

    def __init__(self, app: ASGIApp, tokens: Tokens, open_paths: frozenset[str]) -> None:
        self._app = app
        self._tokens = tokens
        self._open_paths = open_paths
        self._requests = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        with suppress(ClientDisconnect):
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        sender = self._tokens.sender(headers.get("authorization"))
        scope["state"]["sender"] = sender
        has_body = "transfer-encoding" in headers or headers.get("content-length", "0") != "0"
        if has_body and sender is None:
            await _refuse(send, HTTPStatus.UNAUTHORIZED, TOKEN_NEEDED, _pieces(receive), STRANGERS_BYTES)
        elif scope["path"] in self._open_paths:
            await self._app(scope, receive, send)
        elif self._requests >= MAX_REQUESTS:
            await _refuse(send, HTTPStatus.SERVICE_UNAVAILABLE, TOO_MANY, _pieces(receive), DISCARDED_BYTES)
        else:
            self._requests += 1
            try:
                await self._admit(scope, receive, send)
            finally:
                self._requests -= 1

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = bytearray()
        pieces = _pieces(receive)
        async for piece in pieces:
            body += piece
            if len(body) > MAX_BODY_BYTES:
                body.clear()
                await _refuse(send, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, TOO_LARGE, pieces, DISCARDED_BYTES)
                return
        await self._app(scope, _Body(bytes(body)), send)


class _Body:
    """What the API receives of a request: its body, in one piece."""

    def __init__(self, body: bytes) -> None:
        self._messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def __call__(self) -> Message:
        return self._messages.pop() if self._messages else {"type": "http.disconnect"}


async def _pieces(receive: Receive) -> AsyncIterator[bytes]:
    """Yield the body of a request. Raises ClientDisconnect."""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        yield message.get("body", b"")
        more = message.get("more_body", False)


def retry_after() -> str:
    """Return the seconds after which a client is to come again, not the same for all."""
    return str(random.randint(*RETRY_SECONDS))  # noqa: S311 -- spreads the load, and guards nothing


async def _refuse(send: Send, status: HTTPStatus, reason: str, rest: AsyncIterator[bytes], most: int) -> None:
    """Answer a request that the API does not see, throw away up to ``most`` bytes of the rest, and end the connection.

    Most clients read no answer before they have sent all: where the connection ends at once, they never read why.
    """
    body = json.dumps({"detail": reason}).encode()
    headers = {"content-type": "application/json", "content-length": str(len(body)), "connection": "close"}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = "Bearer"
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["retry-after"] = retry_after()
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body, "more_body": True})
    async for piece in rest:
        most -= len(piece)
        if most < 0:
            break
    await send({"type": "http.response.body", "body": b""})
