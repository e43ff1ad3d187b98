"""Slurm over slurmrestd: slurmctld's queue and the accounting database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from ...slurm.command import SlurmError
from ...slurm.rest.client import RestClient
from ...slurm.rest.cluster import read_cluster_name
from .. import states
from ..run import RunRecord
from .rest_records import parse_accounted, parse_queued

# What slurmrestd calls an error, and what is an answer: nothing fits.
_NOTHING = "Nothing found"
# Older versions refuse words that they do not know, and do all of it but the last by themselves.
_FIRST_VERSION_WITH_FLAGS = "v0.0.40"


class Slurmrestd:
    """A Scheduler over slurmrestd. Threads may ask it at the same time."""

    def __init__(self, client: RestClient, accounting: bool = True, cluster: str = "") -> None:
        """``cluster`` is the name of the cluster, which versions before v0.0.40 do not tell."""
        self.rejected = 0
        self._client = client
        self._accounting = accounting
        self._cluster = cluster

    def cluster(self) -> str:
        """Return the name of the cluster. Raises SlurmError."""
        self._cluster = self._cluster or read_cluster_name(self._client)
        if not self._cluster:
            raise SlurmError("this version of slurmrestd does not tell the name of the cluster; give it with --cluster")
        return self._cluster

    def active(self) -> Sequence[RunRecord]:
        """Return the runs that hold resources, or are being cleaned up. Raises SlurmError."""
        return [run for run in self._queue() if run.state in states.ACTIVE and run.state != states.PENDING]

    def ended(self, since: int, until: int) -> Iterator[RunRecord]:
        """Yield the runs that ended from ``since`` to ``until``. Raises SlurmError."""
        if self._accounting:
            # With states it would select by the time of the end, but not every version takes more than one.
            runs = self._accounted(f"/jobs?{window(since, until, self._client.version())}")
        else:
            runs = self._queue()
        return (run for run in runs if run.end_time is not None and since <= run.end_time <= until)

    def known(self, job_ids: Sequence[int]) -> Sequence[RunRecord]:
        """Return all runs of these jobs that Slurm has on record. Raises SlurmError."""
        if self._accounting:
            return [run for job_id in job_ids for run in self._accounted(f"/job/{job_id}")]
        wanted = frozenset(job_ids)
        return [run for run in self._queue() if run.job_id in wanted]

    def _queue(self) -> Iterator[RunRecord]:
        cluster = self.cluster()
        return self._parsed(self._client.records("/jobs", "jobs"), lambda record: parse_queued(cluster, record))

    def _accounted(self, page: str) -> Iterator[RunRecord]:
        version = self._client.version()
        records = self._client.records(page, "jobs", "slurmdb")
        return self._parsed(records, lambda record: parse_accounted(record, version))

    def _parsed(self, records: Iterable[Any], parse: Callable[[Any], RunRecord | None]) -> Iterator[RunRecord]:
        try:
            for record in records:
                run = parse(record)
                if run is None:
                    self.rejected += 1
                elif run.state != states.RESIZING:
                    yield run
        except SlurmError as error:
            if _NOTHING not in str(error):
                raise


def window(since: int, until: int, version: str) -> str:
    """Return the query for the runs between two times: requeued ones too, with their own times, without steps."""
    query = f"start_time=uts{since}&end_time=uts{until + 1}&skip_steps=true"
    newer = version >= _FIRST_VERSION_WITH_FLAGS
    return query + ("&show_duplicates=true&disable_truncate_usage_time=true" if newer else "")
