"""The record of runs: all that the service asks of its database, by one name."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import select, update

from ...jobs.event import JobEvent
from ...jobs.run_id import RunId
from ...jobs.sample import JobSample, NodeSample
from ..run import OpenRun, Run, RunRecord, SlurmUsage
from . import ingest, marks, migrate, own_cluster, retention, runs, samples, tables, usage
from .engine import Database
from .errors import RefusedError
from .ingest import Arrival, Reconciled
from .piecewise import piecewise
from .retention import Retention
from .rows import StoredEvent
from .runs import RunFilter, RunPage
from .samples import RunSample
from .together import Together
from .usage import UsageRow

# So many events, of several senders, go in one transaction.
EVENTS_TOGETHER = 2000


class Store:
    """The database at ``url``. Events and samples that name no cluster are of ``cluster``; empty for the adopted one.

    All methods may be called by several threads, and raise StoreError where the database cannot be used now.
    """

    def __init__(self, url: str, cluster: str = "") -> None:
        self._database = Database(url)
        self._cluster = cluster
        self._store_events = Together(self._write_events, EVENTS_TOGETHER)

    def __str__(self) -> str:
        """Where the database is, without a password."""
        return str(self._database)

    def migrate(self) -> None:
        """Make the tables, or bring them up to date. A second process waits until the first has done so."""
        migrate.migrate(self._database)
        with self._database.reading() as connection:
            self._cluster = self._cluster or own_cluster.get(connection)

    def adopt_cluster(self, name: str) -> None:
        """Take the name of the cluster, as Slurm says it, for what names none: from now on, and what is there."""
        with self._database.writing() as connection:
            own_cluster.adopt(connection, name)
        self._cluster = name

    def check(self) -> None:
        """Raise StoreError where the database does not answer, or is not that of this version."""
        with self._database.reading() as connection:
            migrate.require_migrated(connection, self._database)
            connection.execute(select(tables.runs.c.key).limit(1))

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def add_events(self, events: Sequence[JobEvent], sender: str, now: float) -> list[str | RefusedError]:
        """Store events that came with a token's name. Return for each ingest.STORED, ingest.REPEATED, or why not.

        When this has returned, they are on disk. Calls of other threads may share the transaction.
        """
        return list(self._store_events([Arrival(event, sender, now) for event in events]))

    def _write_events(self, arrivals: Sequence[Arrival]) -> Sequence[str | RefusedError]:
        def write(some: Sequence[Arrival]) -> Sequence[str]:
            with self._database.writing() as connection:
                return ingest.store_events(connection, some, self._cluster)

        return piecewise(write, arrivals)

    def add_samples(self, taken: Sequence[JobSample], nodes: Sequence[NodeSample]) -> int:
        """Store samples, all or none, and return how many are there now. Of a node the newest is kept.

        Raises RefusedError.
        """
        with self._database.writing() as connection:
            stored = ingest.store_samples(connection, taken, self._cluster)
            return stored + ingest.store_nodes(connection, nodes, self._cluster)

    def add_records(self, records: Sequence[RunRecord], now: float) -> Reconciled:
        """Store what Slurm said of runs at ``now``. Later words replace earlier ones; the end replaces all others."""

        def write(some: Sequence[RunRecord]) -> Sequence[Reconciled]:
            with self._database.writing() as connection:
                return [ingest.store_records(connection, some, now, self._cluster)]

        parts = piecewise(write, records)
        stored = [part for part in parts if isinstance(part, Reconciled)]
        counts = [sum(column) for column in zip(Reconciled(), *stored, strict=True)]
        return Reconciled(*counts)._replace(refused=len(parts) - len(stored))

    def runs(self, wanted: RunFilter, cursor: str | None, limit: int) -> RunPage:
        """Return a page of up to ``limit`` runs, that after the cursor of the page before. Raises CursorError."""
        with self._database.reading() as connection:
            return runs.page(connection, wanted, cursor, limit)

    def run(self, run_id: RunId, cluster: str | None = None) -> Run | None:
        """Return the run that a name means, with its nodes.

        Raises AmbiguousError where no cluster is given, and several have a run of this name.
        """
        with self._database.reading() as connection:
            return runs.by_id(connection, run_id, cluster)

    def run_by_key(self, key: int) -> Run | None:
        """Return the run with a key, with its nodes."""
        with self._database.reading() as connection:
            return runs.by_key(connection, key)

    def events(self, key: int) -> list[StoredEvent]:
        """Return the audit trail of a run: its events in the order of their arrival."""
        with self._database.reading() as connection:
            return runs.audit_trail(connection, key)

    def samples(self, key: int, since: float | None, until: float | None, limit: int) -> list[JobSample]:
        """Return the newest samples of a run, up to ``limit``, in the order of time."""
        with self._database.reading() as connection:
            return samples.of_run(connection, key, since, until, limit)

    def newest_samples(self, key: int) -> list[JobSample]:
        """Return the newest sample of a run on each of its nodes, which holds its totals there."""
        with self._database.reading() as connection:
            return samples.newest_of_run(connection, key)

    def running_samples(self, since: float) -> list[RunSample]:
        """Return the newest sample, not older than ``since``, of each run on each of its nodes, with the run."""
        with self._database.reading() as connection:
            return samples.newest(connection, since)

    def nodes(self) -> list[NodeSample]:
        """Return the newest sample of each node."""
        with self._database.reading() as connection:
            return samples.of_nodes(connection)

    def active_by_state(self) -> dict[str, int]:
        """Return how many runs are in each of the states of those that have not ended."""
        with self._database.reading() as connection:
            return runs.count_by_state(connection)

    def unsettled(self, since: float, before: float, limit: int, after_key: int = 0) -> list[OpenRun]:
        """Return runs to ask Slurm about, in the order of their keys.

        They go on, or have ended by the word of events only, and nothing new was heard of them since ``before``. Those
        that have ended, and of which nothing was heard since ``since``, are left alone.
        """
        with self._database.reading() as connection:
            return runs.unsettled(connection, since, before, limit, after_key)

    def unsummarised(self, limit: int) -> list[Run]:
        """Return runs that have ended and have no summary, or were heard of since they got it."""
        with self._database.reading() as connection:
            return runs.unsummarised(connection, limit)

    def set_summary(self, key: int, summary: dict[str, Any]) -> None:
        """Keep the summary of a run."""
        row = tables.runs
        with self._database.writing() as connection:
            change = update(row).where(row.c.key == key)
            connection.execute(change.values(summary=json.dumps(summary), unsummarised=False))

    def set_slurm_usage(self, usages: Mapping[int, SlurmUsage]) -> None:
        """Keep what Slurm measured of runs, by their keys."""
        row = tables.runs
        with self._database.writing() as connection:
            for key, usage in usages.items():
                connection.execute(update(row).where(row.c.key == key).values(slurm_usage=json.dumps(asdict(usage))))

    def usage(self, since: float, until: float) -> list[UsageRow]:
        """Return what was held and used between two times, by user, account and partition."""
        with self._database.reading() as connection:
            return usage.usage(connection, since, until)

    def get_mark(self, name: str) -> str | None:
        """Return a value that was kept, None where there is none."""
        with self._database.reading() as connection:
            return marks.get(connection, name)

    def set_mark(self, name: str, value: str) -> None:
        """Keep a small value."""
        with self._database.writing() as connection:
            marks.put(connection, name, value)

    def clean(self, now: float, keep: Retention) -> None:
        """Remove what is too old, and thin out old samples. It takes long after a long pause; writers wait little."""
        retention.clean(self._database, now, keep)
