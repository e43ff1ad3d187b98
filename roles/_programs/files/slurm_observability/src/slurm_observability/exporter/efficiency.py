"""Count what ended jobs made of their resources, each run once, from the start of the exporter on."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import accumulate
from math import inf

from ..slurm.config import Configuration, measures_jobs
from ..slurm.efficiency import EndedJob, EndedJobReader

BOUNDS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0, inf)
# All steps of a run are in the database this long after its end, and its end cannot be set back any more.
SETTLE_SECONDS = 60
# Each window begins this long before the end of the last one, for records that reach slurmdbd late.
OVERLAP_SECONDS = 900
# After an outage of slurmdbd a window is no longer than this beyond the overlap: the rest waits for the next turn.
MAX_WINDOW_SECONDS = 3600


@dataclass
class Ratios:
    """How often a ratio fell between two of BOUNDS, and the sum of all ratios."""

    counts: list[int] = field(default_factory=lambda: [0] * len(BOUNDS))
    total: float = 0.0

    def add(self, ratio: float) -> None:
        """Count one."""
        self.counts[bisect_left(BOUNDS, ratio)] += 1
        self.total += ratio

    def buckets(self) -> Sequence[tuple[float, int]]:
        """Return the upper bounds, and how many ratios are not above each."""
        return list(zip(BOUNDS, accumulate(self.counts), strict=True))


@dataclass
class Use:
    """What the ended jobs of a partition were given and used. ``unmeasured`` jobs are in nothing else."""

    cpu: Ratios = field(default_factory=Ratios)
    memory: Ratios = field(default_factory=Ratios)
    cpu_seconds: float = 0.0
    allocated_cpu_seconds: float = 0.0
    unmeasured: int = 0

    def add(self, job: EndedJob) -> None:
        """Count a run that has ended. One that held nothing, or for no whole second, says nothing."""
        allocated = job.elapsed_seconds * job.cpus
        if not allocated:
            return
        if job.cpu_seconds is None:
            self.unmeasured += 1
        else:
            self.cpu.add(job.cpu_seconds / allocated)
            self.cpu_seconds += job.cpu_seconds
            self.allocated_cpu_seconds += allocated
        if job.memory_bytes is not None and job.memory_limit_bytes:
            self.memory.add(job.memory_bytes / job.memory_limit_bytes)


class EfficiencyReader:
    """Reads the runs that have ended since it was last asked, and keeps the totals by partition.

    It begins with the time at which it was made: a run that ended before was counted by the exporter that ran then.
    Remembers the runs of the overlap only.
    """

    def __init__(self, jobs: EndedJobReader, configuration: Configuration, clock: Callable[[], float]) -> None:
        self._jobs = jobs
        self._configuration = configuration
        self._clock = clock
        self._began = self._cursor = int(clock())
        self._rested = False
        self._counted: dict[tuple[int, int], int] = {}
        self._partitions: dict[str, Use] = {}

    @property
    def rejected_lines(self) -> int:
        """Lines of sacct so far that were passed over."""
        return self._jobs.rejected_lines

    def read(self) -> Mapping[str, Use]:
        """Return the totals by partition; none where the cluster gathers nothing. Raises SlurmError."""
        now = int(self._clock())
        if self._rested:
            self._began = self._cursor = now
            self._rested = False
        start = max(self._began, self._cursor - OVERLAP_SECONDS)
        end = min(now - SETTLE_SECONDS, self._cursor + MAX_WINDOW_SECONDS)
        if end > self._cursor and measures_jobs(self._configuration.read()):
            self._count([job for job in self._jobs.ended(start, end) if start <= job.end <= end])
            self._cursor = end
            self._counted = {key: ended for key, ended in self._counted.items() if ended >= end - OVERLAP_SECONDS}
        return deepcopy(self._partitions)

    def rest(self) -> None:
        """Leave out what ends until the next reading: another exporter counts it."""
        self._rested = True

    def _count(self, jobs: Sequence[EndedJob]) -> None:
        for job in jobs:
            key = (job.job_id, job.start)
            if key not in self._counted:
                self._counted[key] = job.end
                self._partitions.setdefault(job.partition, Use()).add(job)
