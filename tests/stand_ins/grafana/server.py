"""The listener of a stand-in: HTTP, or TLS with a context."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .exchange import Response

NAME = "stand-in-for-grafana (not Grafana)"

# Method, quoted path, query, headers, body.
Answer = Callable[[str, str, Mapping[str, list[str]], Mapping[str, str], bytes], Response]


class Listener(ThreadingHTTPServer):
    """Serves until it is closed."""

    daemon_threads = True

    def __init__(self, answer: Answer, address: tuple[str, int], context: ssl.SSLContext | None) -> None:
        super().__init__(address, _Handler)
        self.answer = answer
        self._context = context
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """The scheme, host and port."""
        return f"{'https' if self._context else 'http'}://{self.server_address[0]!s}:{self.server_address[1]}"

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands in the thread of the connection: a client that does not must not hold up the others."""
        if self._context is None:
            super().finish_request(request, client_address)
            return
        try:
            request = self._context.wrap_socket(request, server_side=True)
        except OSError:  # the client does not trust the authority, or hung up
            return
        with request:
            super().finish_request(request, client_address)

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
        query = parse_qs(address.query, keep_blank_values=True)
        # Names of headers are found in any case there, which a dict would not do.
        headers: Any = self.headers
        self._send(self.server.answer(self.command, address.path, query, headers, body))

    do_GET = do_PUT = do_PATCH = do_POST = do_DELETE = _answer

    def _send(self, response: Response) -> None:
        page = isinstance(response.document, str)
        body = response.document.encode() if page else json.dumps(response.document).encode()
        kind = {"Content-Type": "text/html; charset=utf-8" if page else "application/json"}
        self.send_response(response.status)
        for name, value in {**kind, **response.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet: the journal has it."""
