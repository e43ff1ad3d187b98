"""A strict stand-in of job-observability on loopback, with the faults that a test gives it."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import MISSING, fields
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from slurm_observability.jobs.event import KINDS, ORIGINS, JobEvent

MAX_EVENTS = 1000

# A fault answers in the stand-in's place. It returns whether the request is to be served all the same.
Fault = Callable[["Handler"], bool]

_TEXTS = {field.name for field in fields(JobEvent) if field.type == "str"}
_NEEDED = {field.name for field in fields(JobEvent) if field.default is MISSING}


class Service:
    """Takes events and samples as the contract has it, and refuses what the contract refuses.

    ``events`` holds the documents by event id, ``order`` the ids as they first came. ``faults`` are used up, one for
    each request; ``always`` is used for each.
    """

    def __init__(self, token: str = "", context: ssl.SSLContext | None = None) -> None:
        self.token = token
        self.events: dict[str, dict[str, Any]] = {}
        self.order: list[str] = []
        self.repeated = 0
        self.samples: list[dict[str, Any]] = []
        self.nodes: list[dict[str, Any]] = []
        self.requests: list[tuple[str, dict[str, str], Any]] = []
        self.connections = 0
        self.faults: list[Fault] = []
        self.always: Fault | None = None
        self.refuses: Callable[[dict[str, Any]], str] = lambda event: ""
        self.rejects: Callable[[dict[str, Any]], bool] = lambda document: False
        self.max_bytes = 4 << 20
        self.closed = threading.Event()
        self.lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.service = self  # type: ignore[attr-defined]
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        scheme = "https" if context else "http"
        self.url = f"{scheme}://localhost:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self.closed.set()
        self._server.shutdown()
        self._server.server_close()

    def take_events(self, document: Any) -> tuple[int, dict[str, Any]]:
        events = document.get("events") if isinstance(document, dict) and set(document) == {"events"} else None
        if not isinstance(events, list) or len(events) > MAX_EVENTS:
            return 422, {"detail": "no list of events"}
        stored = repeated = 0
        refused = []
        for index, event in enumerate(events):
            reason = _fault_of(event) or self.refuses(event)
            if reason:
                refused.append({"index": index, "event_id": event["event_id"], "reason": reason})
            elif event["event_id"] in self.events:
                repeated += 1
            else:
                self.events[event["event_id"]] = event
                self.order.append(event["event_id"])
                stored += 1
        self.repeated += repeated
        return 200, {"stored": stored, "repeated": repeated, "refused": refused}

    def take_samples(self, document: Any) -> tuple[int, dict[str, Any]]:
        if not isinstance(document, dict) or set(document) != {"samples", "nodes"}:
            return 422, {"detail": "no samples"}
        self.samples += document["samples"]
        self.nodes += document["nodes"]
        return 200, {"stored": len(document["samples"])}


def _fault_of(event: Any) -> str:
    if not isinstance(event, dict) or not set(event) >= _NEEDED:
        return "a field is missing"
    if unknown := set(event) - {field.name for field in fields(JobEvent)}:
        return f"unknown: {unknown}"
    if event["kind"] not in KINDS or event["origin"] not in ORIGINS:
        return "kind or origin"
    if any(not isinstance(event[name], str) for name in _TEXTS & set(event)):
        return "no text"
    return "" if isinstance(event["job_id"], int) and event["job_id"] > 0 else "no job"


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay silent: connections that break are what many a test is about."""


class Handler(BaseHTTPRequestHandler):
    """Answers as the service does."""

    protocol_version = "HTTP/1.1"
    service: Service

    def setup(self) -> None:
        super().setup()
        self.service = self.server.service  # type: ignore[attr-defined]
        self.service.connections += 1

    def do_GET(self) -> None:
        self.service.requests.append((self.path, dict(self.headers.items()), None))
        if self._faulty():
            self.answer(*((200, {"status": "ok"}) if self.path == "/v1/health" else (404, {"detail": "no such page"})))

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        if length > self.service.max_bytes:
            self.close_connection = True
            self.answer(413, {"detail": "too large"})
            return
        content = self.rfile.read(length)
        if not self._faulty():
            return
        self.answer(*self.serve(content))

    def serve(self, content: bytes) -> tuple[int, dict[str, Any]]:
        with self.service.lock:
            document = json.loads(content)
            self.service.requests.append((self.path, dict(self.headers.items()), document))
            if self.service.token and self.headers["Authorization"] != f"Bearer {self.service.token}":
                return 401, {"detail": "unknown token"}
            if self.headers["Content-Type"] != "application/json":
                return 415, {"detail": "no JSON"}
            if self.service.rejects(document):
                return 422, {"detail": "something in it is wrong"}
            taken = {"/v1/events": self.service.take_events, "/v1/samples": self.service.take_samples}
            return taken[self.path](document) if self.path in taken else (404, {"detail": "no such page"})

    def answer(self, status: int, document: Any, **headers: str) -> None:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def _faulty(self) -> bool:
        """Return whether the request is to be served, after the fault that is due, if any."""
        fault = self.service.always or (self.service.faults.pop(0) if self.service.faults else None)
        return fault is None or fault(self)

    def log_message(self, *arguments: object) -> None:
        """Stay silent."""


def answers(status: int, body: bytes = b"{}", **headers: str) -> Fault:
    """Answer with a status, and do nothing."""

    def fault(handler: Handler) -> bool:
        handler.answer(status, body, **headers)
        return False

    return fault


def hangs(handler: Handler) -> bool:
    """Say nothing until the test ends."""
    handler.service.closed.wait(60)
    handler.close_connection = True
    return False


def trickles(handler: Handler) -> bool:
    """Send the answer a byte now and then."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    while not handler.service.closed.wait(0.05):
        handler.wfile.write(b" ")
    return False


def closes(handler: Handler) -> bool:
    """Close the connection without an answer."""
    handler.close_connection = True
    return False


def breaks_off(handler: Handler) -> bool:
    """Send half an answer, and close the connection."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"stored": ')
    handler.close_connection = True
    return False


def slow(handler: Handler) -> bool:
    """Take a moment, and serve the request."""
    time.sleep(0.05)
    return True


def says_goodbye(handler: Handler) -> bool:
    """Serve the request, and end the kept connection without saying so."""
    handler.close_connection = True
    return True
