"""What was acknowledged is there, once, whatever happens to the service and its database."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from slurm_observability.jobs.event import JobEvent
from slurm_observability.service.store.errors import StoreError
from slurm_observability.service.store.store import RunFilter, Store
from slurm_observability.service.store.tables import events
from sqlalchemy import select

from tests.unit.programs.service.postgresql import PostgreSQL
from tests.unit.programs.service.store.told import prolog, sample

HERE = Path(__file__).parent
ROOT = HERE.parents[4]


def stored_ids(store: Store) -> list[str]:
    with store._database.reading() as connection:
        return list(connection.scalars(select(events.c.event_id)))


def some(first: int, count: int) -> list[JobEvent]:
    return [prolog(job_id, "n1", 100 + job_id) for job_id in range(first, first + count)]


def runs_of(store: Store) -> list[int]:
    return sorted(run.job_id for run in store.runs(RunFilter(), None, 10_000).runs)


def test_senders_of_the_same_events_at_the_same_time(
    store: Store, url: str, make_store: Callable[[str], Store]
) -> None:
    """Two stores are two services: they share nothing but the database."""
    stores = [store, store, make_store(url), make_store(url)]
    batches = [some(first, 10) for first in range(1, 101, 10)]
    with ThreadPoolExecutor(4) as pool:
        # Each begins at another place, and half go backwards.
        orders = [batches, batches[::-1], batches[5:] + batches[:5], [batch[::-1] for batch in batches]]
        jobs = [
            pool.submit(lambda s=s, order=order: [s.add_events(batch, "agent", 1.0) for batch in order])
            for s, order in zip(stores, orders, strict=True)
        ]
        outcomes = [outcome for job in jobs for answer in job.result() for outcome in answer]
    assert (outcomes.count("stored"), outcomes.count("repeated")) == (100, 300)
    assert runs_of(store) == list(range(1, 101))
    assert len(stored_ids(store)) == 100


@pytest.mark.parametrize("pause", [0.1, 0.4])
def test_kill_in_the_middle(
    store: Store, url: str, pause: float, tmp_path: Path, eventually: Callable[..., None]
) -> None:
    acknowledged = tmp_path / "acknowledged"
    path = f"{ROOT}:{ROOT}/roles/_programs/files/slurm_observability/src"
    argv = [sys.executable, str(HERE / "ingest_until_killed.py"), url, str(acknowledged)]
    process = subprocess.Popen(argv, env={**os.environ, "PYTHONPATH": path})
    eventually(lambda: acknowledged.exists() and acknowledged.stat().st_size > 0, 120)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(pause)
    process.send_signal(signal.SIGKILL)
    process.wait()
    last = int(acknowledged.read_text().splitlines()[-1])
    ids = stored_ids(store)
    assert len(ids) == len(set(ids)) >= 10 * (last + 1)
    assert len(ids) % 10 == 0, "a batch is stored whole or not at all"
    # The sender, who heard nothing, sends the last two batches again.
    for number in range(last + 2):
        store.add_events(some(1 + number * 10, 10), "agent", 1.0)
    assert runs_of(store) == list(range(1, 1 + 10 * (last + 2)))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a small file system cannot be mounted here (it takes root)")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_full_disk(small_disk: Path, make_store: Callable[[str], Store]) -> None:
    store = make_store(f"sqlite:///{small_disk}/jobs.db")
    store.migrate()
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * (300 << 10))
    done = 0
    with pytest.raises(StoreError, match=r"full|disk I/O error"):
        while True:
            store.add_events(some(1 + done * 10, 10), "agent", 1.0)
            done += 1
    assert runs_of(store) == list(range(1, 1 + done * 10))
    ballast.unlink()
    store.add_events(some(1 + done * 10, 10), "agent", 1.0)
    assert runs_of(store) == list(range(1, 1 + (done + 1) * 10))


def test_a_restart_of_postgresql(
    postgresql: PostgreSQL, postgresql_url: str, make_store: Callable[[str], Store]
) -> None:
    store = make_store(postgresql_url)
    store.migrate()
    store.add_events(some(1, 10), "agent", 1.0)
    postgresql.stop("immediate")
    try:
        with pytest.raises(StoreError, match="cannot be used"):
            store.add_events(some(11, 10), "agent", 1.0)
        with pytest.raises(StoreError, match="cannot be used"):
            store.check()
    finally:
        postgresql.start()
    store.check()
    store.add_events(some(1, 20), "agent", 1.0)
    assert runs_of(store) == list(range(1, 21))


def test_connections_that_are_cut_in_mid_transaction(
    postgresql: PostgreSQL, postgresql_url: str, make_store: Callable[[str], Store]
) -> None:
    store = make_store(postgresql_url)
    store.migrate()
    name = postgresql_url.rpartition("/")[2].partition("?")[0]
    cut = f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{name}'"

    failures: list[StoreError] = []

    def send(sender: int) -> int:
        """Send batches, each until it is acknowledged, until enough has failed; return how many they were."""
        count = 0
        while len(failures) < 3:
            while True:
                try:
                    store.add_events(some(sender + count * 50, 50), "agent", 1.0)
                    break
                except StoreError as error:
                    failures.append(error)
            count += 1
        return count

    senders = (1, 1_000_001)
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(send, sender) for sender in senders]
        while len(failures) < 3:
            postgresql.sql(cut)
        sent = [range(sender, sender + job.result() * 50) for sender, job in zip(senders, jobs, strict=True)]
    assert runs_of(store) == [job_id for job_ids in sent for job_id in job_ids]
    assert len(stored_ids(store)) == sum(map(len, sent))


def test_a_writer_that_hangs_is_not_waited_for_without_end(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    database = store._database
    with database.writing() as connection:
        if connection.dialect.name == "postgresql":
            impatient = "SET lock_timeout = '50ms'"
        else:
            impatient = "PRAGMA busy_timeout = 50"
        # The one connection of the pool that the next writer gets.
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as other:
            other.exec_driver_sql(impatient)
        with pytest.raises(StoreError, match="lock"):
            store.add_samples([sample(1, "n1", 1.0)], [])
    store.add_samples([sample(1, "n1", 1.0)], [])
