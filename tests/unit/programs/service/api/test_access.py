"""Who may do what, and what everybody may see."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.unit.programs.service.api.conftest import Client, Running, end, event, token_file

WRITES = ("/v1/events/job-started", "/v1/events/job-finished", "/v1/events", "/v1/samples")
READS = ("/v1/jobs", "/v1/jobs/slurm-1", "/v1/jobs/slurm-1/events", "/v1/jobs/slurm-1/samples", "/v1/nodes")


def test_without_a_token(guarded: tuple[Client, Client, Client]) -> None:
    _writer, _reader, nobody = guarded
    for wrong in (
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Basic d3JvbmcK"},
        {"Authorization": "Bearer"},
    ):
        for path in WRITES:
            answer = nobody.post(path, {}, **wrong)
            assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
            assert nobody.ask("POST", path, None, wrong).status == 401
        for path in READS:
            answer = nobody.ask("GET", path, headers=wrong)
            assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
            assert answer.body == {"detail": "a token is needed: Authorization: Bearer TOKEN"}


def test_writers_write_and_readers_read(guarded: tuple[Client, Client, Client]) -> None:
    writer, reader, _nobody = guarded
    assert writer.post(WRITES[0], event()).status == 201
    for path in READS:
        assert writer.get(path).body == {"detail": "the token of writer is a writer's: it may not read"}
        assert reader.get(path).status == 200
    for path in WRITES:
        answer = reader.post(path, {"events": []})
        assert answer[:2] == (403, {"detail": "the token of reader is a reader's: it may not write"})


def test_what_everybody_sees(guarded: tuple[Client, Client, Client]) -> None:
    _writer, _reader, nobody = guarded
    for path in ("/v1/health", "/metrics", "/docs", "/openapi.json"):
        assert nobody.get(path).status in (200, 503)
    assert nobody.get("/").headers["location"] == "/docs"
    assert nobody.get("/v2")[:2] == (404, {"detail": "Not Found"})
    assert nobody.ask("PUT", "/v1/jobs").status == 405


def test_metrics_for_bearers_of_a_token_only(start: Callable[..., Running], tmp_path: Path) -> None:
    _tokens, path = token_file(tmp_path)
    assert start(token_file=path, metrics_token=True).client.get("/metrics").status == 401


def test_the_audit_log(guarded: tuple[Client, Client, Client], tmp_path: Path) -> None:
    """A line for each event: who sent it, and what became of it. No token, and no line that a text has made up."""
    writer, _reader, _nobody = guarded
    hostile = 'x\n{"outcome": "stored"}\x1b[2J'
    writer.post(WRITES[0], event(user=hostile))
    writer.post(WRITES[2], {"events": [event(user=hostile), end(), {"event_id": hostile}]})
    writer.post(WRITES[1], event())
    text = (tmp_path / "audit").read_text(encoding="ascii")
    lines = [json.loads(line) for line in text.splitlines()]
    assert [(line["outcome"], line["event_id"]) for line in lines] == [
        ("stored", "n1-1-started"),
        ("repeated", "n1-1-started"),
        ("stored", "n1-1-finished"),
        ("refused", 'x\\n{"outcome": "stored"}\\x1b[2J'),
        ("refused", "n1-1-started"),
    ]
    assert {(line["sender"], line["address"]) for line in lines} == {("writer", "127.0.0.1")}
    assert lines[0]["user"] == hostile
    assert lines[3]["reason"].endswith("kind: Field required; origin: Field required; and 2 more")
    assert writer.token not in text


def test_health(start: Callable[..., Running]) -> None:
    running = start()
    running.parts.service.readiness.check()
    assert running.client.get("/v1/health").body["status"] == "ok"
    health = running.parts.service.background.health["retention"]
    health.problem = "no room"
    answer = running.client.get("/v1/health")
    assert (answer.status, answer.body["status"], answer.body["failing"]) == (200, "degraded", ["retention"])


def test_health_without_a_database(start: Callable[..., Running]) -> None:
    answer = start(ready=False).client.get("/v1/health")
    assert (answer.status, answer.body["status"]) == (503, "degraded")
    assert answer.body["database"] == "the database has not been asked yet"


def test_the_reason_is_for_bearers_of_a_token(start: Callable[..., Running], tmp_path: Path) -> None:
    _tokens, path = token_file(tmp_path)
    answer = start(ready=False, token_file=path).client.get("/v1/health")
    assert answer.body["database"] == "cannot be used"


def test_requests_before_the_database_is_ready(start: Callable[..., Running]) -> None:
    answer = start(ready=False).client.post(WRITES[0], event())
    assert answer.status == 503
    assert 1 <= int(answer.headers["retry-after"]) <= 5
