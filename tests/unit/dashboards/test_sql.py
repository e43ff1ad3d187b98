"""The SQL of the dashboard of jobs, asked of a real PostgreSQL with the job service's own tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from slurm_observability.jobs.sample import GpuSample
from slurm_observability.service import states
from slurm_observability.service.run import SlurmUsage
from slurm_observability.service.store.runs import RunFilter
from slurm_observability.service.store.store import Store

from dashboards import jobs
from dashboards.house import uids
from tests.unit.dashboards.document import Json, built, panels
from tests.unit.programs.service.postgresql import PostgreSQL, programs
from tests.unit.programs.service.store.told import record, sample

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    if programs() is None:
        pytest.skip("no PostgreSQL server is installed here (Debian: apt-get install postgresql)")
    server = PostgreSQL()
    yield server
    server.close()


@pytest.fixture(scope="module")
def database(server: PostgreSQL) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    store = Store(server.url(), cluster="lab")
    store.migrate()
    told = {"account": "physics", "partition": "gpu", "gpus": 2, "cpus": 16, "submit_time": 900}
    store.add_records(
        [
            record(1, "completed", user="ada", start_time=1000, end_time=4600, nodes="n1", **told),
            record(2, "failed", user="bob", start_time=2000, end_time=3800, nodes="n2", **told),
            record(3, "running", user="ada", start_time=4000, nodes="n1", **told),
            record(4, "completed", user="ada", start_time=10, end_time=20, nodes="n1", **told),
            record(5, "pending", user="ada", **told),
        ],
        5000,
    )
    gpu = GpuSample(gpu_id="0", vendor="nvidia", held_seconds=3600, busy_seconds=900)
    [completed] = store.runs(RunFilter(job_id=1), None, 1).runs
    usage = SlurmUsage(source="sacct", time=4700, cpu_seconds=90.5, memory_bytes=2**30)
    store.set_slurm_usage({completed.key: usage})
    store.add_samples([sample(1, "n1", 4600, gpus=(gpu,))], [])
    store.close()
    with psycopg.connect(server.url(), row_factory=psycopg.rows.dict_row) as connection:
        yield connection


def test_runs_of_the_time_range(database: psycopg.Connection[dict[str, Any]]) -> None:
    rows = _ask(database, "Runs")
    assert [(row["Job"], row["State"]) for row in rows] == [("3", "running"), ("2", "failed"), ("1", "completed")]
    assert rows[2]["Runtime"] == 3600
    assert (rows[2]["CPU time"], rows[2]["Memory"], rows[1]["CPU time"]) == (90.5, 2**30, None)
    assert (rows[2]["from"], rows[2]["to"]) == (940_000, 4_660_000)


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        ({"job_user": "bob"}, ["2"]),
        ({"job_state": "'completed','running'"}, ["3", "1"]),
        ({"job_account": "chemistry"}, []),
        ({"job_partition": "gpu", "job_user": "ada"}, ["3", "1"]),
    ],
)
def test_what_the_reader_chooses(
    database: psycopg.Connection[dict[str, Any]], chosen: dict[str, str], found: list[str]
) -> None:
    assert [row["Job"] for row in _ask(database, "Runs", **chosen)] == found


def test_sums_count_what_is_within_the_time_range(database: psycopg.Connection[dict[str, Any]]) -> None:
    """From 2000 to 5000: job 1 has 2600 s of it, job 3 has 1000 s, each with 2 GPUs and 16 CPUs."""
    users = {row["User"]: row for row in _ask(database, "Users", since=2000, until=5000)}
    assert users["ada"]["Runs"] == 2
    assert users["ada"]["GPU hours"] == pytest.approx(2 * 3600 / 3600)
    assert users["ada"]["CPU hours"] == pytest.approx(16 * 3600 / 3600)
    assert (users["ada"]["Failed"], users["bob"]["Failed"]) == (0, 1)
    assert {row["State"]: row["Runs"] for row in _ask(database, "States")} == dict.fromkeys(
        ["running", "failed", "completed"], 1
    )


def test_idle_gpus(database: psycopg.Connection[dict[str, Any]]) -> None:
    [row] = _ask(database, "Runs with the most idle GPU hours")
    assert (row["Job"], row["GPU hours held"], row["Idle GPU hours"], row["Busy"]) == ("1", 1, 0.75, 0.25)


def test_every_column_that_is_set_up_is_selected() -> None:
    for panel in panels(_document()):
        selected = set(re.findall(r'AS "([^"]+)"', panel["targets"][0]["rawSql"]))
        assert {override["matcher"]["options"] for override in panel["fieldConfig"]["overrides"]} <= selected


def test_every_state_of_a_run_can_be_chosen() -> None:
    assert set(jobs.STATES) == set(states.STATES) - {states.PENDING}


def _document() -> Json:
    return built()[uids.JOBS]


def _ask(
    database: psycopg.Connection[dict[str, Any]], title: str, since: int = 500, until: int = 6000, **chosen: str
) -> Rows:
    """What the panel selects, with Grafana's macros and variables replaced as Grafana does."""
    [panel] = [panel for panel in panels(_document()) if panel["title"] == title]
    quoted = {"job_state": ",".join(f"'{state}'" for state in jobs.STATES)}
    quoted |= {name: f"'{chosen.get(name, '')}'" for name in ("job_user", "job_account", "job_partition")}
    quoted |= {name: value for name, value in chosen.items() if name == "job_state"}
    sql = panel["targets"][0]["rawSql"]
    sql = sql.replace("$__unixEpochFrom()", str(since)).replace("$__unixEpochTo()", str(until))
    sql = re.sub(r"\$\{(\w+):sqlstring\}", lambda found: quoted[found[1]], sql)
    return database.execute(sql).fetchall()
