"""The HTTP side: answers come from memory, so none of them waits for Slurm."""

from __future__ import annotations

import logging
import socket
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .. import __version__
from .discovery import SCRAPE_JOBS
from .exporter import Exporter
from .exposition import CONTENT_TYPE

log = logging.getLogger(__name__)

IDLE_SECONDS = 65
MAX_CONNECTIONS = 128
TEXT = "text/plain; charset=utf-8"
JSON = "application/json"

INDEX = "\n".join(
    [
        f"azslurm-exporter {__version__}",
        "",
        "/metrics",
        "/-/healthy",
        "/-/ready",
        *(f"/sd/{job}" for job in SCRAPE_JOBS),
        "",
    ]
)


class Server(ThreadingHTTPServer):
    """Serves an exporter, one thread per connection, up to a number of connections."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, host: str, port: int, exporter: Exporter) -> None:
        """Listen at once. Raises OSError."""
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.exporter = exporter
        self._slots = threading.BoundedSemaphore(MAX_CONNECTIONS)
        super().__init__((host, port), Handler)

    def server_bind(self) -> None:
        """Bind without the reverse look-up of the host's name that http.server does: nothing here uses it."""
        super(ThreadingHTTPServer, self).server_bind()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve the connection in a thread, or close it when too many are open."""
        if not self._slots.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve the connection and give its slot back."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._slots.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log one line: a client that goes away is no event."""
        log.debug("connection of %s broke off", client_address, exc_info=True)


class Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "azslurm-exporter"
    sys_version = ""
    timeout = IDLE_SECONDS
    wbufsize = -1  # headers and body leave together
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Answer a request for one of the pages."""
        status, content_type, body = self._page(self.path.partition("?")[0])
        self._send(status, content_type, body)

    do_HEAD = do_GET

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer a request that is none, or one with another method, in plain text."""
        if code == HTTPStatus.NOT_IMPLEMENTED and self.command:
            code, message = HTTPStatus.METHOD_NOT_ALLOWED, "only GET and HEAD are answered"
        self.close_connection = True
        self._send(HTTPStatus(code), TEXT, f"{message or HTTPStatus(code).phrase}\n".encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Keep requests out of the journal, except when debugging."""
        log.debug(format, *args)

    def _page(self, path: str) -> tuple[HTTPStatus, str, bytes]:
        exporter = self.server.exporter
        if path == "/metrics":
            return HTTPStatus.OK, CONTENT_TYPE, exporter.metrics()
        if path == "/-/healthy":
            return HTTPStatus.OK, TEXT, b"healthy\n"
        if path == "/-/ready":
            if exporter.ready:
                return HTTPStatus.OK, TEXT, b"ready\n"
            return HTTPStatus.SERVICE_UNAVAILABLE, TEXT, b"waiting for the first answers of Slurm\n"
        if path == "/":
            return HTTPStatus.OK, TEXT, INDEX.encode()
        job = path.removeprefix("/sd/")
        if job != path and job in SCRAPE_JOBS:
            document = exporter.discovery.document(job)
            if document is not None:
                return HTTPStatus.OK, JSON, document
            # An error, and not an empty list: Prometheus keeps the targets it has.
            return HTTPStatus.SERVICE_UNAVAILABLE, TEXT, b"Slurm has not answered yet\n"
        return HTTPStatus.NOT_FOUND, TEXT, b"no such page; / lists them\n"

    def _send(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", "GET, HEAD")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
