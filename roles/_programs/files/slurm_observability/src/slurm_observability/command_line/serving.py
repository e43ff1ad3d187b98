"""A program that shows pages from its start to the signal that ends it."""

from __future__ import annotations

import logging
import threading
from typing import Protocol

from .. import __version__
from ..web.guard import Guard
from ..web.server import Pages, Server
from .options import UsageError
from .signals import EndSignal

log = logging.getLogger(__name__)


class Runs(Protocol):
    """What works by itself between start and stop."""

    def start(self) -> None:
        """Begin, and return at once."""

    def stop(self) -> None:
        """End."""


def listen(program: str, address: str, port: int, pages: Pages, guard: Guard) -> Server:
    """Return the server of the pages, which listens already. Raises UsageError."""
    try:
        return Server(program, address, port, pages, guard)
    except OSError as error:
        raise UsageError(
            f"cannot listen on {address} port {port} ({error.strerror or error}); choose others with "
            "--listen-address and --port"
        ) from error


def serve(server: Server, runs: Runs) -> None:
    """Work and answer until a signal ends it."""
    ended = EndSignal()
    runs.start()
    threading.Thread(target=server.serve_forever, name="http", daemon=True).start()
    log.info("%s %s listens on %s port %d", server.name, __version__, *server.server_address[:2])
    ended.wait()
    runs.stop()
    log.info("stopped")
