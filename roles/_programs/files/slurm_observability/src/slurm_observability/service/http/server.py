"""uvicorn as the service runs it: in a thread, on a socket that is open already, with bounds of its own."""

from __future__ import annotations

import logging
import resource
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress

import uvicorn
from starlette.types import ASGIApp

from .protocol import IDLE_SECONDS, MAX_CONNECTIONS, BoundedProtocol

log = logging.getLogger(__name__)

BACKLOG = 1024
# A stop waits for running requests this long.
GRACE_SECONDS = 10
# Besides the connections: the database, the log, the libraries.
OTHER_FILES = 256


class HttpServer:
    """Serves an application. It listens once it is made, and answers once :meth:`start` was called."""

    def __init__(self, app: ASGIApp, host: str, port: int, tls: ssl.SSLContext | None = None) -> None:
        """Listen at once. Raises OSError."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family, backlog=BACKLOG)
        # asyncio sees to it only on sockets that it opened. An answer is two packets: without it the second waits until
        # the client has confirmed the first, which Linux puts off by 40 ms.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                http=BoundedProtocol,
                ws="none",
                lifespan="off",
                log_config=None,
                log_level=logging.ERROR,  # a warning for each scan of the port would say too much
                access_log=False,
                proxy_headers=False,  # whoever says for whom it asks is not believed
                server_header=False,
                backlog=BACKLOG,
                timeout_keep_alive=IDLE_SECONDS,
                timeout_graceful_shutdown=GRACE_SECONDS,
                ssl_context_factory=(lambda _config, _default: tls) if tls else None,
            )
        )
        self._thread: threading.Thread | None = None
        self._failed = False

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        host, port = self._socket.getsockname()[:2]
        return host, port

    @property
    def failed(self) -> bool:
        """Whether it ended, and nobody had told it to."""
        return self._failed

    def start(self, ended: Callable[[], None] = lambda: None) -> None:
        """Serve in a thread. ``ended`` is called when that ends, for whatever reason."""
        _allow_files(MAX_CONNECTIONS + OTHER_FILES)

        def run() -> None:
            try:
                self._server.run(sockets=[self._socket])
            finally:
                self._failed = not self._server.should_exit
                ended()

        self._thread = threading.Thread(target=run, name="http", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take no more requests, and let the running ones end within GRACE_SECONDS."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join()


def _allow_files(count: int) -> None:
    """Let this process have as many open files, as far as the system allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
