"""What users held and used, over HTTP."""

from __future__ import annotations

import time

from slurm_observability.service.run import RunRecord


def test_usage_of_a_period(service, client):
    told = {"user": "alice", "account": "research", "partition": "gpu", "cpus": 4, "gpus": 2}
    record = RunRecord(cluster="lab", job_id=1, state="completed", restart=0, start_time=1000, end_time=2000, **told)
    service.parts.store.add_records([record], 3000.0)
    answer = client.get("/v1/usage?since=1500&until=1970-01-01T01:00:00Z")
    assert (answer.status, answer.body["since"], answer.body["until"]) == (200, 1500, 3600)
    (usage,) = answer.body["usage"]
    assert (usage["user"], usage["runs"], usage["gpu_seconds_held"], usage["cpu_seconds_held"]) == (
        "alice",
        1,
        1000,
        2000,
    )


def test_the_last_seven_days_are_the_default(client):
    body = client.get("/v1/usage").body
    assert body["usage"] == []
    assert body["until"] - body["since"] == 7 * 86400
    assert abs(body["until"] - time.time()) < 60
    assert client.get("/v1/usage?until=100").body["since"] == 0


def test_only_readers_see_it(guarded):
    writer, reader, nobody = guarded
    assert [each.get("/v1/usage").status for each in (reader, writer, nobody)] == [200, 403, 401]
