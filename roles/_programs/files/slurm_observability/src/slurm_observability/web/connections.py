"""The open connections, of which there may be only so many."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class Connections:
    """Keeps the number of open connections near ``limit``, and lets everybody in.

    Where there is no room, the connection whose last answer, or beginning, is longest ago is ended. A client that
    sends slowly, or nothing, cannot keep out one that asks and takes its answer in milliseconds.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._open: dict[socket.socket, None] = {}  # the one that was not heard of for longest comes first

    def add(self, connection: socket.socket) -> None:
        """Take a connection in, and end another one where there are too many."""
        with self._lock:
            surplus = next(iter(self._open)) if len(self._open) >= self._limit else None
            if surplus is not None:
                del self._open[surplus]
            self._open[connection] = None
        if surplus is not None:
            # Its own thread reads the end of it, and closes it. TLS is passed by: it would want to say goodbye.
            with suppress(OSError):
                socket.socket.shutdown(surplus, socket.SHUT_RDWR)

    def answered(self, connection: socket.socket) -> None:
        """Note that a connection has taken an answer."""
        with self._lock:
            if connection in self._open:
                del self._open[connection]
                self._open[connection] = None

    def remove(self, connection: socket.socket) -> None:
        """Forget a connection that has ended."""
        with self._lock:
            self._open.pop(connection, None)
