"""A stand-in for a dstack server: the list of fleets, in the form that dstack 0.22.5 gives it, page by page."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.unit.programs.web_server import WebServer

TOKEN = "of-an-admin"
PATH = "/api/fleets/list"
MAX_LIMIT = 100


def instance(name: str, status: str = "idle", **more: Any) -> dict[str, Any]:
    """Return an instance as dstack describes it."""
    return {
        "id": f"id-of-{name}",
        "project_name": "research",
        "backend": "azure",
        "instance_type": {"name": "Standard_ND96isr_H100_v5", "resources": {"cpus": 96, "gpus": []}},
        "name": name,
        "fleet_id": "id-of-the-fleet",
        "fleet_name": "h100",
        "instance_num": 0,
        "hostname": "10.0.0.4",
        "status": status,
        "unreachable": False,
        "health_status": "healthy",
        "termination_reason": None,
        "price": 98.0,
        "total_blocks": 8,
        "busy_blocks": 0,
        "gpu_driver": None,
        **more,
    }


def fleet(name: str, *instances: dict[str, Any], age: int = 0) -> dict[str, Any]:
    """Return a fleet as dstack describes it."""
    return {
        "id": f"id-of-{name}",
        "name": name,
        "project_name": "research",
        "spec": {"configuration": {"type": "fleet", "name": name}},
        "created_at": f"2026-11-22T03:{59 - age // 60:02}:{59 - age % 60:02}.000000Z",
        "status": "active",
        "instances": list(instances),
    }


class DstackStandIn:
    """Answers on a web server. ``fleets`` is what it has, the newest first."""

    def __init__(self, server: WebServer) -> None:
        self.url = server.url
        self.fleets: list[dict[str, Any]] = []
        self.questions: list[dict[str, Any]] = []
        self.pages_known = True
        self._server = server
        server.pages[PATH] = self._answer

    def answers(self, status: int, body: bytes) -> None:
        """From now on give this to everybody."""
        self._server.pages[PATH] = (status, body)

    def recovers(self) -> None:
        """From now on answer as dstack does."""
        self._server.pages[PATH] = self._answer

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        question = json.loads(request.rfile.read(int(request.headers["Content-Length"])))
        self.questions.append(question)
        if request.headers["Authorization"] != f"Bearer {TOKEN}":
            self._send(request, 403, {"detail": {"msg": "Invalid token", "code": None}})
        elif not 0 <= question["limit"] <= MAX_LIMIT:
            self._send(request, 422, {"detail": "limit"})
        else:
            after = (question.get("prev_created_at"), question.get("prev_id"))
            keys = [(one["created_at"], one["id"]) for one in self.fleets]
            begin = keys.index(after) + 1 if self.pages_known and after in keys else 0
            self._send(request, 200, self.fleets[begin : begin + question["limit"]])

    def _send(self, request: BaseHTTPRequestHandler, status: int, document: Any) -> None:
        body = json.dumps(document).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)
