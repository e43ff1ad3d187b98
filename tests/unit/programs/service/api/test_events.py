"""Events that are sent: stored once, in any order, whatever they hold."""

from __future__ import annotations

import json
from typing import get_type_hints
from urllib.parse import quote

import pytest
from slurm_observability.jobs.event import FIELDS, JobEvent
from slurm_observability.service.api.bodies import EVENT, MAX_EVENTS

from tests.unit.programs.service.api.conftest import NOW, Client, Running, end, event

STARTED, FINISHED, BATCH = "/v1/events/job-started", "/v1/events/job-finished", "/v1/events"


def test_the_manual_test_of_the_guide(client: Client) -> None:
    """A job that Slurm does not know is kept, under the name that people ask for."""
    started = client.post(STARTED, event(99999))
    assert (started.status, started.body) == (201, {"outcome": "stored", "event_id": "n1-99999-started"})
    run = client.get("/v1/jobs/slurm-99999").body
    assert (run["id"], run["state"], run["user"], run["nodes"]) == ("slurm-99999", "running", "alice", "n1")
    assert client.post(FINISHED, end(99999)).status == 201
    run = client.get("/v1/jobs/slurm-99999").body
    assert (run["state"], run["state_source"], run["exit_code"]) == ("ended", "events", 0)
    assert run["ended_at"] - run["started_at"] == 60


def test_a_repeated_event_changes_nothing(client: Client) -> None:
    assert client.post(STARTED, event()).status == 201
    assert client.post(STARTED, event())[:2] == (200, {"outcome": "repeated", "event_id": "n1-1-started"})
    assert len(client.get("/v1/jobs").body["jobs"]) == 1


def test_the_path_says_the_kind(client: Client) -> None:
    told = event()
    del told["kind"]
    assert client.post(STARTED, told).status == 201
    wrong = client.post(FINISHED, event(2))
    assert wrong.status == 422
    assert wrong.body["detail"] == "body.kind: Input should be 'job-finished'"


def test_a_batch_in_any_order(client: Client) -> None:
    answer = client.post(BATCH, {"events": [end(1), event(2), event(1), event(2)]})
    assert answer[:2] == (200, {"stored": 3, "repeated": 1, "refused": []})
    assert {run["id"]: run["state"] for run in client.get("/v1/jobs").body["jobs"]} == {
        "slurm-1": "ended",
        "slurm-2": "running",
    }


def test_a_refused_event_keeps_the_others_in(client: Client) -> None:
    bad = [
        None,
        [],
        "n1",
        {"event_id": "a\n\u202eb"},
        event(3, job_id=0),
        event(4, kind="job-eaten"),
        event(5, time=None),
    ]
    answer = client.post(BATCH, {"events": [event(1), *bad, event(2)]})
    assert answer.status == 200
    assert (answer.body["stored"], answer.body["repeated"]) == (2, 0)
    refused = answer.body["refused"]
    assert [each["index"] for each in refused] == [1, 2, 3, 4, 5, 6, 7]
    assert [each["event_id"] for each in refused][2:5] == ["", "a\\n\\u202eb", "n1-3-started"]
    assert refused[4]["reason"] == "job_id: Input should be greater than or equal to 1"
    assert len(client.get("/v1/jobs").body["jobs"]) == 2


def test_what_the_database_refuses_keeps_nothing_else_out(service: Running) -> None:
    """It is no fault of the database that would be over when the same is sent again."""
    with service.parts.store._database.writing() as connection:
        for table, value in (("events", "event_id = 'poison'"), ("samples", "node = 'poison'")):
            connection.exec_driver_sql(
                f"CREATE TRIGGER no_{table} BEFORE INSERT ON {table} WHEN NEW.{value} "
                "BEGIN SELECT RAISE(ABORT, 'poisoned'); END"
            )
    client, reason = service.client, "the database does not take it: poisoned"
    answer = client.post(BATCH, {"events": [event(1), None, event(2, event_id="poison"), event(3)]})
    assert (answer.status, answer.body["stored"], answer.body["repeated"]) == (200, 2, 0)
    assert [each["index"] for each in answer.body["refused"]] == [1, 2]
    assert answer.body["refused"][1] == {"index": 2, "event_id": "poison", "reason": reason}
    assert client.post(STARTED, event(2, event_id="poison"))[:2] == (422, {"detail": reason})
    samples = [{"job_id": 1, "node": node, "time": NOW} for node in ("n1", "poison")]
    assert client.post("/v1/samples", {"samples": samples})[:2] == (422, {"detail": reason})
    assert client.post("/v1/samples", {"samples": samples[:1]})[:2] == (200, {"stored": 1})
    assert 'job_observability_events_total{outcome="refused"} 3\n' in client.get("/metrics").body.decode()
    noted = [json.loads(line) for line in service.parts.settings.audit_log.read_text().splitlines()]
    assert [each["outcome"] for each in noted] == ["stored", "stored", "refused", "refused", "refused"]


def test_an_empty_batch(client: Client) -> None:
    assert client.post(BATCH, {"events": []})[:2] == (200, {"stored": 0, "repeated": 0, "refused": []})


def test_a_batch_has_bounds(client: Client) -> None:
    answer = client.post(BATCH, {"events": [0] * (MAX_EVENTS + 1)})
    assert answer.status == 422
    assert "at most 1000 items" in answer.body["detail"]


NO_REQUESTS = [
    b"",
    b"\xff\xfe",
    b"null",
    b"[]",
    b'"events"',
    b"{",
    b'{"events": {}}',
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b"1" * 10_000,
    b'{"events": [], "events": 1}',
    b"NaN",
]


@pytest.mark.parametrize("path", [STARTED, BATCH])
def test_what_is_no_request_is_refused(client: Client, path: str) -> None:
    for body in NO_REQUESTS:
        answer = client.post(path, body)
        assert answer.status in (400, 422), body[:20]
        assert isinstance(answer.body["detail"], str)
        assert answer.body["detail"].isprintable()


def test_only_json_is_read(client: Client) -> None:
    """A browser sends these to any site without asking; JSON it does not."""
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        answer = client.post(STARTED, event(), **{"Content-Type": content_type})
        assert answer.status == 415
    assert client.get("/v1/jobs").body["jobs"] == []


HOSTILE = [
    *("\0", "\ud800", "\x1b[2J\n\r", "a" * 100_000, "\u202e\U0001f600", "'; DROP TABLE runs; --", "%s%n|\\"),
    *(-1, 2**31, 2**63, 2**64, 10**400, 1.5, 1e308, float("nan"), float("inf"), float("-inf"), True),
    *([], {}, ["\0"], [1], ["0"] * 2000, {"a": "b"}),
]


def test_hostile_values_of_any_field(client: Client) -> None:
    """Each value is stored, or refused with a sentence: none breaks the service, and none stops another event."""
    for name in FIELDS:
        hostile = [event(index + 1, **{name: value}) for index, value in enumerate(HOSTILE)]
        answer = client.post(BATCH, {"events": [*hostile, event(1000, event_id=f"good-{name}")]})
        assert answer.status == 200, name
        assert answer.body["stored"] + answer.body["repeated"] + len(answer.body["refused"]) == len(HOSTILE) + 1
        for refusal in answer.body["refused"]:
            assert refusal["index"] < len(HOSTILE)
            assert refusal["reason"].isprintable()
    assert len(client.get("/v1/jobs/slurm-1000/events").body["events"]) == len(FIELDS)
    for run in client.get("/v1/jobs?limit=1000").body["jobs"]:
        assert client.get(f"/v1/jobs/{run['id']}/events?cluster={quote(run['cluster'])}").status == 200


def test_texts_are_cleaned_and_cut_and_never_the_reason_to_lose_an_event(client: Client) -> None:
    name = "a|b\n\0\ud800\u202e'\"" + "x" * 5000
    assert client.post(STARTED, event(name=name, work_dir="/" + "y" * 9000)).status == 201
    assert client.get("/v1/jobs/slurm-1").body["name"] == ("a|b\n\ufffd\ufffd\u202e'\"" + "x" * 5000)[:512]
    (trail,) = client.get("/v1/jobs/slurm-1/events").body["events"]
    assert len(trail["event"]["work_dir"]) == 4096


def test_a_name_of_an_event_is_plain(client: Client) -> None:
    for name in ("", "a b", "a\n", "é", "x" * 256, 7, None):
        assert client.post(STARTED, event(event_id=name)).status == 422


def test_fields_of_a_newer_agent_are_passed_over(client: Client) -> None:
    assert client.post(STARTED, event(colour="blue")).status == 201


def test_a_checked_event_is_the_shared_record_with_all_its_fields() -> None:
    hints = get_type_hints(JobEvent)
    given = {name: 1 if hints[name] in (int, int | None) else "1" for name in FIELDS}
    given |= {"kind": "job-started", "origin": "cgroup"}
    given |= dict.fromkeys(("time", "start_time", "end_time_limit"), NOW)
    given |= {"gpus": ["0"], "gpu_devices": ["1"]}
    checked = EVENT.validate_python(given)
    assert isinstance(checked, JobEvent)
    assert {name: getattr(checked, name) for name in FIELDS} == {**given, "gpus": ("0",), "gpu_devices": ("1",)}
