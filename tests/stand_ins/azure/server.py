"""The two listeners of a stand-in: one with TLS for all services, one without for a machine's own services."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from .exchange import Request, Response
from .faults import Cut
from .services import Services

NAME = "stand-in-for-azure (not Azure)"
_CLOSE_WITH_RESET = struct.pack("ii", 1, 0)


class Listener(ThreadingHTTPServer):
    """Serves on a port of the loopback interface, until it is closed. With a context, over TLS."""

    daemon_threads = True

    def __init__(self, services: Services, port: int, context: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.services = services
        self.context = context
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """The scheme, host and port."""
        return f"{'https' if self.context else 'http'}://127.0.0.1:{self.server_address[1]}"

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands in the thread of the connection: a client that does not must not hold up the others."""
        if self.context is None:
            super().finish_request(request, client_address)
            return
        try:
            request = self.context.wrap_socket(request, server_side=True)
        except OSError:  # the client does not trust the authority, or hung up
            return
        with request:
            super().finish_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close, without the orderly end before it that would come ahead of a reset."""
        self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that ended early is the client's right: killed clients are what the tests are about."""

    def close(self) -> None:
        """Stop listening."""
        self.shutdown()
        self.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = NAME
    sys_version = ""
    # Headers and body leave in one segment: two of them would wait for each other's acknowledgement.
    wbufsize = -1
    server: Listener

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        address = urlsplit(self.path)
        request = Request(
            self.command,
            unquote(address.path).rstrip("/") or "/",
            dict(parse_qsl(address.query, keep_blank_values=True)),
            self.headers,  # type: ignore[arg-type]  # it finds names in any case, which a dict would not
            body,
            f"{urlsplit(self.server.url).scheme}://{self.headers.get('Host', urlsplit(self.server.url).netloc)}",
        )
        try:
            response = self.server.services.answer(request)
        except Cut:
            self.close_connection = True
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _CLOSE_WITH_RESET)
            return
        self._send(response)

    do_GET = do_PUT = do_PATCH = do_POST = do_DELETE = _answer

    def _send(self, response: Response) -> None:
        body = b"" if response.document is None else json.dumps(response.document).encode()
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if body:
            self.send_header("Content-Type", "application/json; charset=utf-8")
        if response.status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet: the journal has it."""
