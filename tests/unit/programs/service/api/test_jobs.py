"""What is asked of the runs on record."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from tests.unit.programs.service.api.conftest import NOW, Client, Running, end, event

BATCH = "/v1/events"


def ids(client: Client, **query: object) -> list[str]:
    answer = client.get(f"/v1/jobs?{urlencode(query, doseq=True)}")
    assert answer.status == 200, answer.body
    return [run["id"] for run in answer.body["jobs"]]


@pytest.fixture
def some_jobs(client: Client) -> Client:
    told = [
        event(1, account="physics", partition="hpc", qos="low", name="a"),
        event(2, user="bob", account="physics", partition="gpu", node="n2", array_job_id=2, array_task_id=7),
        event(3, user="bob", name="100%", restart=1),
        end(1),
        end(3, restart=1, exit_code=3),
    ]
    assert client.post(BATCH, {"events": told}).body["stored"] == len(told)
    return client


LISTS = [
    ({}, [3, 2, 1]),
    ({"order": "asc"}, [1, 2, 3]),
    ({"sort": "ended"}, [2, 3, 1]),
    ({"user": "bob"}, [3, 2]),
    ({"user": "bob", "state": "failed"}, [3]),
    ({"state": ["failed", "ended"]}, [3, 1]),
    ({"account": "physics", "partition": "gpu"}, [2]),
    ({"qos": "low"}, [1]),
    ({"node": "n2"}, [2]),
    ({"name": "100%"}, [3]),
    ({"job_id": 2}, [2]),
    ({"array_job_id": 2}, [2]),
    ({"started_after": NOW + 2}, [3, 2]),
    ({"started_after": "2023-11-14T22:13:22Z", "started_before": "2023-11-14T22:13:23"}, [2]),
    ({"started_before": "2023-11-14T23:13:22+01:00"}, [1]),
    ({"ended_after": NOW}, [3, 1]),
    ({"user": "b%"}, []),
    ({"user": "bob' OR '1'='1"}, []),
    ({"user": "\0"}, []),
]


def test_lists(some_jobs: Client) -> None:
    for query, expected in LISTS:
        found = [name.split("-")[1] for name in ids(some_jobs, **query)]
        assert found == [str(number) for number in expected], query


WRONG_QUERIES = [
    ("usr=bob", "query.usr: there is no such parameter"),
    ("state=eaten", "query.state.0: "),
    ("limit=0", "query.limit: "),
    ("limit=1001", "query.limit: "),
    ("job_id=-1", "query.job_id: "),
    (f"job_id={2**64}", "query.job_id: "),
    ("started_after=yesterday", "no time; give seconds since 1970, or 2026-01-26T12:00:00Z"),
    ("started_after=nan", "query.started_after: "),
    ("started_after=inf", "query.started_after: "),
    ("started_after=9999-12-31T23:59:59-23:59", "query.started_after: "),
    ("sort=name", "query.sort: "),
    ("cursor=AAAA", "the cursor is not one of this service"),
    ("cursor=%00", "the cursor is not one of this service"),
    ("cursor=W10", "the cursor is not one of this service"),
]


def test_a_wrong_query_is_refused(client: Client) -> None:
    for query, words in WRONG_QUERIES:
        answer = client.get(f"/v1/jobs?{query}")
        assert answer.status == 422, query
        assert words in answer.body["detail"], query


def test_pages_stay_whole_while_runs_are_added(client: Client) -> None:
    client.post(BATCH, {"events": [event(number) for number in range(1, 8)]})
    seen: list[str] = []
    path = "/v1/jobs?limit=3"
    while path:
        answer = client.get(path).body
        seen += [run["id"] for run in answer["jobs"]]
        client.post(BATCH, {"events": [event(100 + len(seen))]})
        path = answer["next"] and f"/v1/jobs?limit=3&cursor={answer['next']}"
    assert seen == [f"slurm-{number}" for number in range(7, 0, -1)]


def test_names_of_single_runs(client: Client) -> None:
    het = {"het_job_id": 30}
    told = [
        event(10),
        event(10, event_id="again", restart=1, time=NOW + 100),
        event(21, array_job_id=20, array_task_id=3),
        event(30, het_job_offset=0, **het),
        event(31, het_job_offset=1, **het),
    ]
    client.post(BATCH, {"events": told})
    names = {
        "slurm-10": (10, 1),
        "slurm-10-r0": (10, 0),
        "slurm-10-r1": (10, 1),
        "slurm-20_3": (21, 0),
        "slurm-30+1": (31, 0),
        "slurm-30%2B1": (31, 0),
    }
    for name, (job_id, restart) in names.items():
        run = client.get(f"/v1/jobs/{name}").body
        assert (run["job_id"], run["restart"]) == (job_id, restart), name
    for name in names:
        known = client.get(f"/v1/jobs/{name}").body["id"]
        assert client.get(f"/v1/jobs/{known}").body == client.get(f"/v1/jobs/{name}").body


def test_what_is_no_name(client: Client) -> None:
    for name in ("10", "slurm-0", "slurm-1e3", "slurm-1%0a", "slurm-99999999999", "%00", "slurm-1'"):
        answer = client.get(f"/v1/jobs/{name}")
        assert answer.status == 404
        assert answer.body["detail"].startswith("this is no id; ids are like slurm-99999")


def test_a_run_that_is_not_known(client: Client) -> None:
    for part in ("", "/samples", "/events", "/summary"):
        assert client.get(f"/v1/jobs/slurm-7{part}")[:2] == (404, {"detail": "no run is known as slurm-7"})
        assert client.get(f"/v1/jobs/slurm-7{part}?cluster=c").status == 404


def test_the_cluster_is_part_of_a_name(client: Client) -> None:
    client.post(BATCH, {"events": [event(1, cluster="one"), event(1, event_id="two", cluster="two", user="bob")]})
    assert client.get("/v1/jobs/slurm-1?cluster=two").body["user"] == "bob"
    assert client.get("/v1/jobs/slurm-1?cluster=one").body["user"] == "alice"
    assert client.get("/v1/jobs/slurm-1?cluster=three").status == 404
    either = client.get("/v1/jobs/slurm-1")
    assert either[:2] == (409, {"detail": "runs of several clusters have this id: one, two; say which with ?cluster="})
    assert len(ids(client, cluster="two")) == 1


def test_the_trail_of_a_run(some_jobs: Client) -> None:
    events = some_jobs.get("/v1/jobs/slurm-1/events").body["events"]
    assert [each["event"]["kind"] for each in events] == ["job-started", "job-finished"]
    assert [each["sender"] for each in events] == ["-", "-"]
    assert events[0]["event"]["event_id"] == "n1-1-started"


def test_samples_of_a_run(client: Client) -> None:
    client.post(BATCH, {"events": [event(1)]})
    gpu = {"gpu_id": "0", "vendor": "nvidia", "utilization_percent": 50.0}
    taken = [
        {
            "job_id": 1,
            "restart": 0,
            "node": "n1",
            "time": NOW + 60 * minute,
            "cpu_seconds": 10.0 * minute,
            "gpus": [gpu],
        }
        for minute in (1, 2, 3)
    ]
    node = {"node": "n1", "time": NOW, "cpus": 4, "cpu_usage_percent": 12.5}
    assert client.post("/v1/samples", {"samples": taken, "nodes": [node]}).body == {"stored": 4}
    found = client.get("/v1/jobs/slurm-1/samples").body["samples"]
    assert [sample["cpu_seconds"] for sample in found] == [10.0, 20.0, 30.0]
    assert found[0]["gpus"][0]["utilization_percent"] == 50.0
    times = f"since={NOW + 120}&until={NOW + 180}"
    assert len(client.get(f"/v1/jobs/slurm-1/samples?{times}").body["samples"]) == 1
    assert len(client.get("/v1/jobs/slurm-1/samples?limit=2").body["samples"]) == 2
    (known,) = client.get("/v1/nodes").body["nodes"]
    assert (known["node"], known["cpu_usage_percent"], known["job_count"]) == ("n1", 12.5, None)


def test_samples_are_held_to_bounds(client: Client) -> None:
    sample = {"job_id": 1, "node": "n1", "time": NOW}
    for wrong in (
        {"cpu_seconds": float("nan")},
        {"memory_bytes": 2**63},
        {"gpus": [{"gpu_id": "0"}]},
        {"final": "yes"},
    ):
        answer = client.post("/v1/samples", {"samples": [{**sample, **wrong}]})
        assert answer.status == 422
        assert answer.body["detail"].startswith("body.samples.0."), wrong
    assert client.post("/v1/samples", {}).body == {"stored": 0}


def test_a_summary_comes_after_the_end(service: Running) -> None:
    client = service.client
    client.post(BATCH, {"events": [event(1)]})
    assert client.get("/v1/jobs/slurm-1/summary").body["detail"] == ("slurm-1 has no summary: its end is not known yet")
    client.post(BATCH, {"events": [end(1)]})
    assert client.get("/v1/jobs/slurm-1/summary").body["detail"] == (
        "slurm-1 has no summary: it has ended, and is summarised soon"
    )
    key = client.get("/v1/jobs/slurm-1").body["key"]
    service.parts.store.set_summary(key, {"cpu_efficiency": 0.5})
    answer = client.get("/v1/jobs/slurm-1/summary")
    assert answer.body == {"id": "slurm-1", "state": "ended", "reason": "", "summary": {"cpu_efficiency": 0.5}}
