"""What Slurm itself measured of runs, beside what the agents did: sstat while they run, sacct when they have ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

from ..slurm.command import SlurmRunner
from ..slurm.config import Configuration, measures_jobs
from ..slurm.efficiency import EndedJob, EndedJobReader
from ..slurm.step_usage import may_ask, read_usage
from . import states
from .run import Run, SlurmUsage
from .slurm_usage_metrics import SlurmUsageMetrics
from .store.runs import ENDED, RunFilter, RunPage

# One sstat asks the nodes of each of these runs, one step after another. The newest of them are asked for.
MAX_RUNNING = 200
# All steps of a run are in the accounting database this long after its end.
SETTLE_SECONDS = 60
# Each reading begins this long before the end of the last one, for records that reach slurmdbd or this service late.
OVERLAP_SECONDS = 900
# The first reading, and one after a long pause, covers no more than this; an older run stays without.
MAX_WINDOW_SECONDS = 3600
PAGE = 1000
# How far the begin that a hook saw may be from the one in accounting.
SAME_RUN_SECONDS = 5.0

SSTAT, SACCT = "sstat", "sacct"
MARK = "slurm-usage-read-until"


class Runs(Protocol):
    """What is needed of the store."""

    def runs(self, wanted: RunFilter, cursor: str | None, limit: int) -> RunPage: ...

    def set_slurm_usage(self, usages: Mapping[int, SlurmUsage]) -> None: ...

    def get_mark(self, name: str) -> str | None: ...

    def set_mark(self, name: str, value: str) -> None: ...


class SlurmUsages:
    """Asks Slurm's commands, where the cluster gathers what jobs use.

    Its two tasks, :meth:`read_running` and :meth:`read_ended`, raise SlurmError and StoreError.
    """

    def __init__(
        self, runner: SlurmRunner, store: Runs, cluster: str = "", clock: Callable[[], float] = time.time
    ) -> None:
        """``cluster`` is the name of the cluster; empty for that of slurm.conf."""
        self._runner = runner
        self._store = store
        self._cluster = cluster
        self._clock = clock
        self._configuration = Configuration(runner)
        self._ended = EndedJobReader(runner)
        self.metrics = SlurmUsageMetrics()

    def read_running(self) -> None:
        """Store what the newest of the runs that go on have used by now, where Slurm answers this user."""
        self.metrics.running = ()
        parameters = self._configuration.read()
        if not measures_jobs(parameters) or not may_ask(parameters):
            return
        wanted = RunFilter(cluster=self._cluster or parameters["ClusterName"], states=(states.RUNNING,))
        runs = self._store.runs(wanted, None, MAX_RUNNING).runs
        now = self._clock()
        found = read_usage(self._runner, [run.job_id for run in runs])
        measured = [
            (run, SlurmUsage(source=SSTAT, time=now, **found[run.job_id]._asdict()))
            for run in runs
            if run.job_id in found
        ]
        self._store.set_slurm_usage({run.key: usage for run, usage in measured})
        self.metrics.running = measured

    def read_ended(self) -> None:
        """Store what those have used that have ended since the last time."""
        self.metrics.ended = ()
        parameters = self._configuration.read()
        now = int(self._clock())
        cursor = max(int(self._store.get_mark(MARK) or 0), now - MAX_WINDOW_SECONDS)
        end = now - SETTLE_SECONDS
        if end <= cursor or not measures_jobs(parameters):
            return
        since = cursor - OVERLAP_SECONDS
        jobs: dict[int, list[EndedJob]] = {}
        for job in self._ended.ended(since, end):
            jobs.setdefault(job.job_id, []).append(job)
        ended: list[tuple[Run, SlurmUsage]] = []
        for runs in self._pages(self._cluster or parameters["ClusterName"], since, now):
            measured = list(_matched(runs, jobs, now))
            self._store.set_slurm_usage({run.key: usage for run, usage in measured})
            ended += measured
        self._store.set_mark(MARK, str(end))
        self.metrics.ended = ended

    def _pages(self, cluster: str, since: float, until: float) -> Iterator[list[Run]]:
        wanted = RunFilter(cluster=cluster, ended_after=since, ended_before=until, sort=ENDED)
        page = self._store.runs(wanted, None, PAGE)
        yield page.runs
        while page.cursor is not None:
            page = self._store.runs(wanted, page.cursor, PAGE)
            yield page.runs


def _matched(
    runs: Iterable[Run], jobs: Mapping[int, Iterable[EndedJob]], now: float
) -> Iterator[tuple[Run, SlurmUsage]]:
    """Yield what was measured of the runs that have no final word of it yet. A job can have had several runs."""
    for run in runs:
        if run.started_at is None or (run.slurm_usage is not None and run.slurm_usage.source == SACCT):
            continue
        for job in jobs.get(run.job_id, ()):
            measured = job.cpu_seconds is not None or job.memory_bytes is not None
            if measured and abs(job.start - run.started_at) <= SAME_RUN_SECONDS:
                yield (
                    run,
                    SlurmUsage(source=SACCT, time=now, cpu_seconds=job.cpu_seconds, memory_bytes=job.memory_bytes),
                )
