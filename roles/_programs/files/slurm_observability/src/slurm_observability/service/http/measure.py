"""Count and time every request."""

from __future__ import annotations

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..metrics import Counts

# A path that is no page, of which there may be any number, counts as this one.
UNKNOWN_PATH = "other"
# The same for methods that nobody knows.
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
FAILED = 500
# A client that went away before it was answered.
CLOSED = 499


class Measure:
    """Stands before all else."""

    def __init__(self, app: ASGIApp, counts: Counts) -> None:
        self._app = app
        self._counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, and note how."""
        began = time.monotonic()
        status = CLOSED

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, note)
        except Exception:
            status = FAILED
            raise
        finally:
            route = scope.get("route")
            path = UNKNOWN_PATH if route is None else route.path
            method = scope["method"] if scope["method"] in METHODS else UNKNOWN_PATH
            self._counts.request(method, path, status, time.monotonic() - began)
