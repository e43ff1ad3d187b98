"""The stand-in: the list of fleets, page by page, and the metrics, each for its own token."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from tests.unit.programs.web_server import WebServer

TOKEN, METRICS_TOKEN = "of-an-admin", "of-prometheus"
FLEETS, METRICS, HEALTH = "/api/fleets/list", "/metrics", "/healthcheck"
RECORDED = Path(__file__).parent / "recorded"
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


def recorded_fleets() -> list[dict[str, Any]]:
    """Return what a real server gave."""
    fleets: list[dict[str, Any]] = json.loads((RECORDED / "fleets.json").read_text())
    return fleets


class DstackStandIn:
    """Answers on a web server. ``fleets`` is what it has, the newest first."""

    def __init__(self, server: WebServer) -> None:
        self.url = server.url
        self.fleets: list[dict[str, Any]] = []
        self.questions: list[dict[str, Any]] = []
        self.pages_known = True
        self._server = server
        server.pages[FLEETS] = self._answer_fleets
        server.pages[METRICS] = self._answer_metrics
        server.pages[HEALTH] = (200, b'{"status":"running"}')

    def answers(self, status: int, body: bytes) -> None:
        """From now on give this to everybody who asks for fleets."""
        self._server.pages[FLEETS] = (status, body)

    def recovers(self) -> None:
        """From now on answer as dstack does."""
        self._server.pages[FLEETS] = self._answer_fleets

    def _answer_fleets(self, request: BaseHTTPRequestHandler) -> None:
        question = json.loads(request.rfile.read(int(request.headers["Content-Length"])))
        self.questions.append(question)
        if request.headers["Authorization"] != f"Bearer {TOKEN}":
            _send_json(request, 403, {"detail": {"msg": "Invalid token", "code": None}})
        elif not 0 <= question["limit"] <= MAX_LIMIT:
            _send_json(request, 422, {"detail": "limit"})
        else:
            after = (question.get("prev_created_at"), question.get("prev_id"))
            keys = [(one["created_at"], one["id"]) for one in self.fleets]
            begin = keys.index(after) + 1 if self.pages_known and after in keys else 0
            _send_json(request, 200, self.fleets[begin : begin + question["limit"]])

    def _answer_metrics(self, request: BaseHTTPRequestHandler) -> None:
        if request.headers["Authorization"] != f"Bearer {METRICS_TOKEN}":
            _send_json(request, 403, {"detail": {"msg": "Access denied", "code": None}})
        else:
            _send(request, 200, "text/plain; charset=utf-8", (RECORDED / "metrics.txt").read_bytes())


def _send_json(request: BaseHTTPRequestHandler, status: int, document: Any) -> None:
    _send(request, status, "application/json", json.dumps(document).encode())


def _send(request: BaseHTTPRequestHandler, status: int, content_type: str, body: bytes) -> None:
    request.send_response(status)
    request.send_header("Content-Type", content_type)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)
