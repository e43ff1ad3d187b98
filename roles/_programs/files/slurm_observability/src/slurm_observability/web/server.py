"""The HTTP server of a program: a few pages that come from memory, so that none of them waits for anything."""

from __future__ import annotations

import io
import logging
import math
import socket
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Protocol

from .connections import Connections
from .guard import Guard

log = logging.getLogger(__name__)

IDLE_SECONDS = 65  # Prometheus keeps a connection from one scrape to the next
REQUEST_SECONDS = 10
ANSWER_SECONDS = 60
MAX_CONNECTIONS = 128
SMALL_BYTES = 1 << 16  # to copy a large answer takes longer than to send it
TEXT = "text/plain; charset=utf-8"
JSON = "application/json"


class Page(NamedTuple):
    """An answer. ``status`` is 200 for a page that is there.

    ``tail`` is the end of the body: a large body need not be copied for the sake of a few lines that are new each time.
    """

    content_type: str
    body: bytes
    status: HTTPStatus = HTTPStatus.OK
    tail: bytes = b""


class Pages(Protocol):
    """The pages of a program."""

    def page(self, path: str) -> Page | None:
        """Return the page at a path, which begins with a slash and has no query, or None where there is none.

        Called from many threads. It waits for nothing.
        """


class Server(ThreadingHTTPServer):
    """Serves the pages of a program, one thread per connection, up to a number of connections."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, name: str, host: str, port: int, pages: Pages, guard: Guard | None = None) -> None:
        """Listen at once. ``name`` is that of the program. Raises OSError."""
        self.name = name
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.pages = pages
        self.guard = guard or Guard()
        self.connections = Connections(MAX_CONNECTIONS)
        super().__init__((host, port), Handler)

    def server_bind(self) -> None:
        """Bind without the reverse look-up of the host's name that http.server does: nothing here uses it."""
        super(ThreadingHTTPServer, self).server_bind()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve the connection in a thread. The handshake is made there, where it keeps nobody waiting."""
        connection = self.guard.wrap(request)
        self.connections.add(connection)
        try:
            super().process_request(connection, client_address)
        except BaseException:  # no thread to be had
            self.connections.remove(connection)
            self.shutdown_request(connection)
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve the connection until it ends."""
        try:
            self.guard.shake_hands(request, client_address)
        except OSError:
            self.shutdown_request(request)
        else:
            super().process_request_thread(request, client_address)
        finally:
            self.connections.remove(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log one line: a client that goes away is no event."""
        log.debug("connection of %s broke off", client_address, exc_info=True)


class Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD."""

    server: Server
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        """Give every request and every answer a time of its own, however slowly the client moves."""
        self.connection = self.request
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        self._requests = _Requests(self.connection)
        self.rfile = io.BufferedReader(self._requests)
        self.wfile = _Answers(self.connection)

    def handle_one_request(self) -> None:
        """Answer the next request of the connection."""
        self._requests.expect()
        super().handle_one_request()
        if not self.close_connection:
            self.server.connections.answered(self.connection)

    def do_GET(self) -> None:
        """Answer a request for one of the pages."""
        refusal = self.server.guard.refusal(self.headers.get("Authorization"))
        if refusal is not None:
            self.send_error(refusal)
            return
        page = self.server.pages.page(self.path.partition("?")[0])
        self._send(page or Page(TEXT, b"no such page; / lists them\n", HTTPStatus.NOT_FOUND))

    do_HEAD = do_GET

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer a request that is none, or one with another method, in plain text."""
        if code == HTTPStatus.NOT_IMPLEMENTED and self.command:
            code, message = HTTPStatus.METHOD_NOT_ALLOWED, "only GET and HEAD are answered"
        self.close_connection = True
        self._send(Page(TEXT, f"{message or HTTPStatus(code).phrase}\n".encode(), HTTPStatus(code)))

    def log_message(self, format: str, *args: Any) -> None:
        """Keep requests out of the journal, except when debugging."""
        log.debug(format, *args)

    def version_string(self) -> str:
        """Return the name of the program, and nothing of what it is made with."""
        return self.server.name

    def _send(self, page: Page) -> None:
        content_type, body, status, tail = page
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body) + len(tail)))
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", "GET, HEAD")
        if status == HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", "Basic")
        for name, value in self.server.guard.config.headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
            self.wfile.write(tail)


class _Requests(io.RawIOBase):
    """What a client sends. Between requests it may be silent; one that has begun has to be complete soon."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._deadline = math.inf

    def expect(self) -> None:
        """Be ready for a new request."""
        self._deadline = math.inf

    def readable(self) -> bool:
        """Say that this is for reading."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what is there. Raises TimeoutError."""
        left = _left(self._deadline, "the request was not complete in time")
        self._connection.settimeout(min(left, IDLE_SECONDS))
        received = self._connection.recv_into(buffer)
        self._deadline = min(self._deadline, time.monotonic() + REQUEST_SECONDS)
        return received


class _Answers(io.BufferedIOBase):
    """What a client gets. A small answer leaves as one piece; a client has to take any answer soon."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._pieces: list[bytes] = []

    def write(self, data: Any) -> int:
        """Keep a piece of the answer."""
        self._pieces.append(data)
        return len(data)

    def flush(self) -> None:
        """Send the answer. Raises OSError."""
        pieces, self._pieces = self._pieces, []
        if sum(map(len, pieces)) <= SMALL_BYTES:
            pieces = [b"".join(pieces)]
        deadline = time.monotonic() + ANSWER_SECONDS
        for piece in filter(None, pieces):
            self._connection.settimeout(_left(deadline, "the answer was not taken in time"))
            self._connection.sendall(piece)


def _left(deadline: float, otherwise: str) -> float:
    """Return the seconds until the deadline. Raises TimeoutError."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError(otherwise)
    return left
