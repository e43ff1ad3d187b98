"""dcgm-exporter: flags, refusals, log and pages as the real one's, as far as the role and the lab use them."""

from __future__ import annotations

import argparse
import re
import socket
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from . import counters, exposition, host_engine, jobs
from .fields import XID

VERSION = "4.5.3-4.8.2-stand-in"
_ADDRESS = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]*\]|[^]\[:]*):(?P<port>\d{1,5})")


class Refused(Exception):
    """What the exporter was told cannot work."""


def log(level: str, message: str, **attributes: object) -> None:
    """Write a line as Go's slog does."""
    more = "".join(f' {name}="{value}"' for name, value in attributes.items())
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    print(f'time={now} level={level} msg="{message}"{more}', file=sys.stderr, flush=True)


def options() -> argparse.ArgumentParser:
    """Return the flags, each also with its short form."""
    parser = argparse.ArgumentParser(prog="dcgm-exporter", description="A stand-in: it measures no GPU.")
    parser.add_argument("-f", "--collectors", type=Path, default=Path("/etc/dcgm-exporter/default-counters.csv"))
    parser.add_argument("-a", "--address", default=":9400")
    parser.add_argument("-c", "--collect-interval", type=int, default=30000, help="milliseconds")
    parser.add_argument(
        "-r", "--remote-hostengine-info", default="", help="HOST:PORT; without it the GPUs are asked here"
    )
    parser.add_argument("--hpc-job-mapping-dir", type=Path)
    parser.add_argument("-x", "--xid-count-window-size", type=int, default=300000, help="milliseconds")
    parser.add_argument("-n", "--no-hostname", action="store_true")
    parser.add_argument("-v", "--version", action="version", version=f"DCGM Exporter version {VERSION}")
    return parser


def address(text: str) -> tuple[str, int]:
    """Return host and port of HOST:PORT. Raises Refused in Go's words."""
    found = _ADDRESS.fullmatch(text)
    if found is None:
        raise Refused(f"listen tcp: address {text}: missing port in address")
    port = int(found["port"])
    if port > 65535:
        raise Refused(f"listen tcp: address {port}: invalid port")
    return found["host"].strip("[]"), port


class Exporter:
    """Asks the host engine, or the machine itself, no more often than it was told to, and makes the page."""

    def __init__(self, asked: argparse.Namespace) -> None:
        self._asked = asked
        self._counters = counters.read(asked.collectors)
        fields = [counter.name for counter in self._counters if counter.name not in counters.OF_EXPORTER]
        self._fields = list(dict.fromkeys([*fields, XID]))
        self._ask: Callable[[], list[dict[str, Any]]] = lambda: host_engine.answer(self._fields)
        if asked.remote_hostengine_info:
            engine = address(asked.remote_hostengine_info)
            self._ask = lambda: host_engine.ask(engine, self._fields)
        self._gpus: list[dict[str, Any]] = self._ask()
        self._asked_at = time.monotonic()

    def page(self) -> str:
        """Return the metrics page. Raises OSError or ValueError when the host engine does not answer."""
        if time.monotonic() - self._asked_at >= self._asked.collect_interval / 1000:
            self._gpus = self._ask()
            self._asked_at = time.monotonic()
        return exposition.page(
            self._counters,
            self._gpus,
            jobs=jobs.of_gpus(self._asked.hpc_job_mapping_dir),
            hostname="" if self._asked.no_hostname else socket.gethostname(),
            since=time.time() - self._asked.xid_count_window_size / 1000,
            window_ms=self._asked.xid_count_window_size,
        )


class _Pages(BaseHTTPRequestHandler):
    exporter: Exporter

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/metrics":
            try:
                self._send(200, self.exporter.page())
            except (OSError, ValueError) as error:
                log("ERROR", "Failed to gather metrics from collectors", error=error)
                self._send(500, "internal server error\n")
        elif path == "/health":
            self._send(200, "OK")
        else:
            self._send(404, "404 page not found\n")

    def _send(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing of requests, as the real one."""


def serve(asked: argparse.Namespace) -> ThreadingHTTPServer:
    """Return a server that is ready to serve. Raises Refused, CountersError or OSError."""
    host, port = address(asked.address)
    pages = type("Pages", (_Pages,), {"exporter": Exporter(asked)})
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    server_class = type("Server", (ThreadingHTTPServer,), {"address_family": family, "daemon_threads": True})
    server: ThreadingHTTPServer = server_class((host, port), pages)
    return server


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until the end; return the exit status."""
    asked = options().parse_args(arguments)
    log("INFO", "Starting dcgm-exporter", Version=VERSION)
    log("WARN", "This is a stand-in of dcgm-exporter: it measures no GPU")
    try:
        server = serve(asked)
    except counters.CountersError as error:
        log("ERROR", str(error))
        return 1
    except (Refused, OSError, ValueError) as error:
        log("ERROR", "dcgm-exporter cannot start", error=error)
        return 1
    with server:
        server.serve_forever()
    return 0
