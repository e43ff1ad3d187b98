#!/usr/bin/env python3
"""bin/bench jobs: how many events the job service takes, and how soon it answers with millions of runs on record.

Events come as they do from agents: several senders, each with batches of its own jobs. They go to the store alone, and
over HTTP to the service, a process of its own, through the agent's client; single ones, as of a hook that posts with
curl, are shown beside. An event counts when it was acknowledged, which is when it is on disk. Real PostgreSQL and
SQLite on the disk of --directory. Senders and reader run on the same CPUs as service and database. More is in
docs/job-database.md.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [
    str(ROOT),
    str(ROOT / "tests/benchmarks"),
    str(ROOT / "roles/_programs/files/slurm_observability/src"),
]

import jobs_database as filled  # noqa: E402
from jobs_events import Deliver, send  # noqa: E402
from jobs_http import RunningService  # noqa: E402
from jobs_queries import REQUESTS, shapes  # noqa: E402
from slurm_observability.jobs.event import JobEvent  # noqa: E402
from slurm_observability.service.store.engine import Database  # noqa: E402
from slurm_observability.service.store.store import Store  # noqa: E402

from tests.unit.programs.service.postgresql import PostgreSQL, programs  # noqa: E402

RESULTS = ROOT / "build/benchmarks"
BAR_EVENTS, BAR_SECONDS = 2000.0, 0.05
# Settings of PostgreSQL that a site of this size would have; all commits wait for the disk.
SETTINGS = ("shared_buffers=1GB", "max_wal_size=4GB")


def main() -> int:
    """Run the benchmark. Exit code 3: a bar was missed and --check-bars given."""
    parser = argparse.ArgumentParser(prog="bin/bench jobs", description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=20.0, help="duration of each measurement (default: 20)")
    parser.add_argument("--senders", type=int, default=8, help="senders at the same time (default: 8)")
    parser.add_argument("--runs", type=int, default=5_000_000, help="runs on record for the queries (default: 5000000)")
    parser.add_argument("--queries", type=int, default=300, help="queries of each shape (default: 300)")
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"], choices=["sqlite", "postgresql"])
    parser.add_argument("--only", choices=["events", "queries"], help="measure one of the two")
    parser.add_argument("--directory", type=Path, help="where the file of SQLite lies (default: a temporary directory)")
    parser.add_argument("--check-bars", action="store_true", help="exit with 3 when a bar is missed")
    options = parser.parse_args()
    if "postgresql" in options.databases and programs() is None:
        print("bin/bench jobs: no PostgreSQL server is installed here (apt-get install postgresql)", file=sys.stderr)
        return 1
    results: list[dict[str, Any]] = []
    if options.only != "queries":
        for kind in options.databases:
            for measure, size in itertools.product((measure_store, measure_http), (1, 20, 1000)):
                with database(kind, options.directory) as url:
                    results.append(show(measure(url, size, options)))
    if options.only != "events":
        for kind in options.databases:
            with database(kind, options.directory) as url:
                results += map(show, measure_queries(url, options))
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "jobs.json").write_text(json.dumps(results, indent=1) + "\n")
    missed = [result for result in results if not result.get("met", True)]
    return 3 if options.check_bars and missed else 0


def show(result: dict[str, Any]) -> dict[str, Any]:
    """Print a result as one line."""
    print(
        "  ".join(
            f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}" for name, value in result.items()
        ),
        flush=True,
    )
    return result


@contextmanager
def database(kind: str, directory: Path | None) -> Iterator[str]:
    """Give the URL of an empty database."""
    if kind == "postgresql":
        server = PostgreSQL(SETTINGS)
        try:
            yield server.url()
        finally:
            server.close()
        return
    folder = Path(tempfile.mkdtemp(dir=directory))
    try:
        yield f"sqlite:///{folder}/jobs.db"
    finally:
        shutil.rmtree(folder)


def measure_store(url: str, size: int, options: argparse.Namespace) -> dict[str, Any]:
    """Measure batches that are handed to the store: what the database takes."""
    store = Store(url, cluster="lab")
    store.migrate()

    def sender(number: int) -> Deliver:
        def deliver(batch: list[JobEvent]) -> None:
            outcomes = store.add_events(batch, f"agent{number}", time.time())
            assert outcomes == ["stored"] * size, "every event is new"

        return deliver

    try:
        return measured(
            "events to the store", url, size, [sender(n) for n in range(options.senders)], cpu_seconds, options
        )
    finally:
        store.close()


def measure_http(url: str, size: int, options: argparse.Namespace) -> dict[str, Any]:
    """Measure batches that are posted to the service as agents do; a single event goes to the path of its kind."""
    with RunningService(url, options.directory) as service:
        senders = [service.sender(number, size) for number in range(options.senders)]
        return measured("events over HTTP", url, size, senders, service.cpu_seconds, options)


def measured(
    what: str, url: str, size: int, senders: list[Deliver], cpu: Callable[[], float], options: argparse.Namespace
) -> dict[str, Any]:
    """Let senders send; return what was acknowledged each second."""
    spent = cpu()
    sent = send(senders, size, options.seconds)
    spent = cpu() - spent
    assert sent.events == count_events(url), "what was acknowledged is there"
    rate = sent.events / sent.seconds
    result = {"measured": what, "database": Database(url).kind, "events_in_a_batch": size}
    result |= {"events_per_second": round(rate, 1), "batch_p99_seconds": quantile(sent.latencies, 0.99)}
    result |= {"service_cpu_seconds_per_second": round(spent / sent.seconds, 3)}
    return result | ({"met": rate >= BAR_EVENTS} if size > 1 else {})


def measure_queries(url: str, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Ask the service for pages of runs in nine ways, each with other values each time."""
    database = Database(url)
    began = time.perf_counter()
    filled.without_indices(database)
    filled.fill(database, options.runs)
    print(f"{database.kind}: {options.runs:,} runs in {time.perf_counter() - began:.0f} s", flush=True)
    database.close()
    with RunningService(url, options.directory) as service:
        for shape, ask in shapes(service.reader(), options.runs, random.Random(4)).items():
            for _ in range(10):
                ask()
            seconds, spent = [], service.cpu_seconds()
            for _ in range(options.queries):
                start = time.perf_counter()
                ask()
                seconds.append(time.perf_counter() - start)
            spent = service.cpu_seconds() - spent
            p99 = quantile(seconds, 0.99)
            result = {"measured": "query over HTTP", "database": database.kind, "runs": options.runs, "shape": shape}
            result |= {"p50_seconds": statistics.median(seconds), "p99_seconds": p99}
            result["met"] = p99 < BAR_SECONDS * REQUESTS.get(shape, 1)
            yield result | {"service_cpu_seconds": round(spent / options.queries, 4)}


def count_events(url: str) -> int:
    """Return how many events a database holds."""
    database = Database(url)
    with database.reading() as connection:
        count = connection.exec_driver_sql("SELECT count(*) FROM events").scalar_one()
    database.close()
    return int(count)


def quantile(values: list[float], part: float) -> float:
    """Return the value that this part of the values does not exceed."""
    return round(sorted(values)[min(len(values) - 1, int(len(values) * part))], 6)


def cpu_seconds() -> float:
    """Return the CPU time of this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    sys.exit(main())
