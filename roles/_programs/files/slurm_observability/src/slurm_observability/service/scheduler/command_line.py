"""Slurm over its commands: squeue for what runs, sacct for what has ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...slurm.command import SlurmRunner
from ...slurm.config import Configuration
from ..run import RunRecord
from .accounting import AccountingReader
from .queue import ACTIVE, ALL, ENDED, QueueReader


class CommandLine:
    """A Scheduler over squeue and sacct; without accounting over squeue alone. Threads may ask it at the same time."""

    def __init__(self, runner: SlurmRunner, accounting: bool = True, cluster: str = "") -> None:
        """``cluster`` is the name of the cluster; empty for that of slurm.conf."""
        self._configuration = Configuration(runner)
        self._cluster = cluster
        self._queue = QueueReader(runner)
        self._accounting = AccountingReader(runner) if accounting else None

    @property
    def rejected(self) -> int:
        """How many rows so far were no run."""
        return self._queue.rejected + (self._accounting.rejected if self._accounting else 0)

    def cluster(self) -> str:
        """Return the name of the cluster. Raises SlurmError."""
        return self._cluster or self._configuration.read()["ClusterName"]

    def active(self) -> Sequence[RunRecord]:
        """Return the runs that hold resources, or are being cleaned up. Raises SlurmError."""
        return list(self._queue.read(self.cluster(), ACTIVE))

    def ended(self, since: int, until: int) -> Iterator[RunRecord]:
        """Yield the runs that ended from ``since`` to ``until``. Raises SlurmError."""
        if self._accounting:
            return self._accounting.ended(since, until)
        remembered = self._queue.read(self.cluster(), ENDED)
        return (run for run in remembered if run.end_time is not None and since <= run.end_time <= until)

    def known(self, job_ids: Sequence[int]) -> Sequence[RunRecord]:
        """Return all runs of these jobs that Slurm has on record. Raises SlurmError."""
        if self._accounting:
            return list(self._accounting.known(job_ids))
        wanted = frozenset(job_ids)
        return [run for run in self._queue.read(self.cluster(), ALL) if run.job_id in wanted]
