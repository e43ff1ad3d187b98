"""A web server on loopback that does what a test tells it to."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class WebServer:
    """Serves pages by their path. A page is a pair of status and body, or a function that is given the handler."""

    def __init__(
        self,
        socket_path: Path | None = None,
        context: ssl.SSLContext | None = None,
        address: tuple[str, int] = ("127.0.0.1", 0),
    ) -> None:
        self.pages: dict[str, tuple[int, bytes] | Callable[[BaseHTTPRequestHandler], None]] = {}
        self.headers: dict[str, str] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.requests.append((self.path, dict(self.headers.items())))
                page = server.pages.get(self.path, (404, b"no such page"))
                if callable(page):
                    page(self)
                    return
                status, body = page
                # What is not read when the connection is closed resets it, and takes the end of the answer with it.
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                for name, value in server.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def address_string(self) -> str:
                return "client"

            def log_message(self, *arguments: object) -> None:
                """Stay silent."""

        if socket_path is None:
            self._server: ThreadingHTTPServer = _Server(address, Handler)
            self.port = self._server.server_address[1]
            self.url = f"{'https' if context else 'http'}://localhost:{self.port}"
        else:
            self._server = _UnixServer(str(socket_path), Handler)  # type: ignore[arg-type]
            self.url = f"unix:{socket_path}"
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def paths(self) -> list[str]:
        return [path for path, headers in self.requests]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Stay silent: clients that go away are what many a test is about."""


class _UnixServer(_Server):
    address_family = socket.AF_UNIX

    def server_bind(self) -> None:
        self.socket.bind(self.server_address)  # no look-up of a host's name: there is none
        self.server_name, self.server_port = "localhost", 0

    def get_request(self) -> tuple[socket.socket, object]:
        request, address = super().get_request()
        return request, (address or "client", 0)
