"""Connections that end in bounded time, and of which there are only so many.

uvicorn has a time limit for the pause between two requests, and none for a client that sends its request slowly, takes
its answer slowly, or says nothing at all.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

# From one answer, or the beginning of the connection, until the next answer is handed over. Longer than any request
# may take, with the pause before it.
EXCHANGE_SECONDS = 60.0
# The pause that is allowed between two requests.
IDLE_SECONDS = 15
MAX_CONNECTIONS = 2048


class BoundedProtocol(H11Protocol):
    """A connection with a deadline. When there are too many, the one that has been idle for longest has to leave."""

    max_connections = MAX_CONNECTIONS
    exchange_seconds = EXCHANGE_SECONDS
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection in, and end another one, or this one, where there are too many."""
        super().connection_made(transport)
        self._begin_exchange()
        if len(self.connections) > self.max_connections:
            idle = (each for each in self.connections if isinstance(each, BoundedProtocol) and each._is_idle())
            oldest = min(idle, key=BoundedProtocol._begun)
            self.connections.discard(oldest)  # its end is noticed later, maybe after more have come in
            oldest.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._cancel()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Give the next exchange its time."""
        self._begin_exchange()
        super().on_response_complete()

    def _begin_exchange(self) -> None:
        self._cancel()
        self._deadline = self.loop.call_later(self.exchange_seconds, self.transport.abort)

    def _cancel(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()

    def _is_idle(self) -> bool:
        """Whether no request is being answered: the client has not said all that begins one."""
        return self.cycle is None or self.cycle.response_complete

    def _begun(self) -> Any:
        assert self._deadline is not None
        return self._deadline.when()
