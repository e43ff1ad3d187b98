"""Stands in for the job service: service.py PORT answers at once, service.py PORT hang never does."""

from __future__ import annotations

import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Service(BaseHTTPRequestHandler):
    """Counts requests in a file named after the port."""

    requests = 0

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        Service.requests += 1
        Path(f"/run/hook-bench-{self.server.server_port}").write_text(str(Service.requests))
        if sys.argv[2:] == ["hang"]:
            threading.Event().wait(60)
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


if __name__ == "__main__":
    ThreadingHTTPServer(("", int(sys.argv[1])), Service).serve_forever()
