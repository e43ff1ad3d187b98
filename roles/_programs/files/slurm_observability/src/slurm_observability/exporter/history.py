"""Totals of the job history since the reset time, equal to what sacct would count over the whole period.

sacct counts job ids, not runs: of a job that was requeued it shows the latest run that matches. So a total is the size
of a set of job ids, one set per state and partition, and reading a run twice changes nothing. That makes windows that
overlap exact.

``sacct`` without a state selects the runs that were eligible and had not ended before the reset time. ``sacct -s
STATE`` selects those that ended since then. ``sacct -r PARTITION`` compares the stored text: a job that never ran and
waits for several partitions is in none of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from ..slurm.accounting import Run
from .job_ids import JobIdSet

SUBMITTED = "SUBMITTED"


@dataclass(frozen=True)
class HistoryTotals:
    """Jobs per state (and SUBMITTED for all of them): of the cluster and of each partition."""

    cluster: dict[str, int]
    partitions: dict[str, dict[str, int]]


class History:
    """Collects runs. A state of ``SUBMITTED`` stands for sacct without a state."""

    def __init__(self, reset_time: int) -> None:
        self.reset_time = reset_time
        self._ended: defaultdict[tuple[str, str], JobIdSet] = defaultdict(JobIdSet)
        self._ended_anywhere: defaultdict[str, JobIdSet] = defaultdict(JobIdSet)
        self._active: dict[tuple[int, str], Run] = {}
        # sacct shows every piece of a job that was resized, not only the latest.
        self._pieces: set[tuple[int, int, str]] = set()
        # Runs that ended before they could have begun (--begin, then cancelled): sacct counts them from then on.
        self._later: set[tuple[int, int, str]] = set()

    def add_ended(self, runs: Iterable[Run], now: int) -> None:
        """Count the runs that have ended; pass over those that have not, and those that ended before the reset."""
        for run in runs:
            if run.end is None or run.end < self.reset_time:
                continue
            key = run.job_id, run.partition
            if key in self._active and run.end > (self._active[key].eligible or 0):
                del self._active[key]
            if run.state == "RESIZING":
                self._pieces.add((run.job_id, run.end, run.partition))
                continue
            self._ended[run.partition, run.state].add(run.job_id)
            self._ended_anywhere[run.state].add(run.job_id)
            if run.eligible is None:
                continue
            if run.eligible < now:
                self._submit(run.job_id, run.partition)
            else:
                self._later.add((run.eligible, run.job_id, run.partition))

    def set_active(self, runs: Iterable[Run]) -> int | None:
        """Replace the runs that wait or run now by those of ``runs`` that have not ended.

        Return since when to look for the end of runs that had begun and are gone without one, or None.
        Slurm can set an end far back: that of a suspended job that is cancelled is when it was suspended.
        """
        before = self._active
        self._active = {(run.job_id, run.partition): run for run in runs if run.end is None}
        gone = [run for key, run in before.items() if key not in self._active and run.state != "PENDING"]
        return min((run.eligible for run in gone if run.eligible is not None), default=None)

    def totals(self, now: int) -> HistoryTotals:
        """Return the totals as of ``now``, in seconds since 1970."""
        for due in [entry for entry in self._later if entry[0] < now]:
            self._later.discard(due)
            self._submit(due[1], due[2])
        partitions: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for (partition, state), job_ids in self._ended.items():
            partitions[partition][state] = len(job_ids)
        cluster = {state: len(job_ids) for state, job_ids in self._ended_anywhere.items()}
        ended_anywhere = self._ended_anywhere[SUBMITTED]
        active_ids = {job_id for job_id, _end in self._active}
        cluster[SUBMITTED] = len(ended_anywhere) + sum(job_id not in ended_anywhere for job_id in active_ids)
        for job_id, partition in self._active:
            if job_id not in self._ended.get((partition, SUBMITTED), ()):
                partitions[partition][SUBMITTED] = partitions[partition].get(SUBMITTED, 0) + 1
        for _job_id, _end, partition in self._pieces:
            cluster[SUBMITTED] += 1
            partitions[partition][SUBMITTED] = partitions[partition].get(SUBMITTED, 0) + 1
        return HistoryTotals(cluster, {name: counts for name, counts in partitions.items() if _is_partition(name)})

    def _submit(self, job_id: int, partition: str) -> None:
        self._ended[partition, SUBMITTED].add(job_id)
        self._ended_anywhere[SUBMITTED].add(job_id)


def _is_partition(text: str) -> bool:
    # A list of partitions is no partition, and an empty one neither.
    return text != "" and "," not in text
