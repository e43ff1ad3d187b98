"""Looks at the jobs of a node: which there are, what they use, and what no hook told of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from ..jobs.event import JobEvent
from ..jobs.sample import GpuSample, JobSample
from ..moment import Moment
from .gpu_usage import GpuLook, GpuMeter, total_sample
from .gpus.allocation import DEVICE_FILE
from .gpus.reading import GpuError, GpuReader
from .group_reader import GroupReader, GroupReading
from .job_identity import JobIdentity
from .job_table import START_GRACE, JobTable
from .node_job import LASTING_STEPS, JobKey, NodeJob
from .node_usage import NodeMeter
from .observation import JobLook, Observation
from .totals import Totals

# A look that comes later than so many intervals after the one before says nothing about the time between them.
MAX_GAP = 4


class Sampler:
    """Looks at the jobs of a node. Use from one thread, except for :meth:`tell`. Times are in seconds.

    ``groups`` is None where the kernel has no control groups for Slurm, ``gpus`` where there are no GPUs.
    ``gpu_order`` is that in which Slurm counts them.
    """

    def __init__(
        self,
        table: JobTable,
        identity: JobIdentity,
        node: NodeMeter,
        interval: float,
        groups: GroupReader | None = None,
        gpus: GpuReader | None = None,
        gpu_order: str = DEVICE_FILE,
    ) -> None:
        self.table = table
        self._identity = identity
        self._node = node
        self._interval = interval
        self._groups = groups
        self._gpus = gpus
        self._gpu_meter = GpuMeter(gpu_order)
        self._told: deque[JobEvent] = deque()
        self._cpu: dict[JobKey, tuple[float, float]] = {}
        self._looked: float | None = None
        self._looked_at: Mapping[JobKey, NodeJob] = {}
        self._began: float | None = None

    def tell(self, event: JobEvent) -> None:
        """Take note of an event. Waits for nothing."""
        if event.node:  # a controller's is of another node, or of several
            self._told.append(event)

    def take_events(self) -> list[JobSample]:
        """Take in the events that were told. Return the last sample of each job that has ended."""
        finals = []
        while self._told:
            event = self._told.popleft()
            self._identity.node = event.node
            if ended := self.table.take(event):
                finals.append(_final(ended, event.time))
        return finals

    def lose_all(self, when: float) -> list[JobSample]:
        """Tell that every job is over, as the machine was booted. Return the last sample of each."""
        return [_final(self.table.lose(job, when), when) for job in list(self.table.jobs.values())]

    def look(self, now: Moment) -> tuple[Observation, list[JobSample]]:
        """Return what there is to see, and the last sample of each job that has ended."""
        finals = self.take_events()
        readings, unknown = self._read_groups(now)
        if self._began is None:
            self._began = now.steady
        if now.steady - self._began > START_GRACE:  # what waits in the spool was told by then
            finals += [_final(job, job.last_seen) for job in self.table.heal(now)]
        gpus = self._read_gpus()
        elapsed = 0.0 if self._looked is None else min(now.steady - self._looked, MAX_GAP * self._interval)
        self._looked = now.steady
        looks = [
            self._look_at(job, readings.get(key), gpus or GpuLook((), {}), self._share(job, elapsed, now), now)
            for key, job in self.table.jobs.items()
        ]
        self._looked_at = dict(self.table.jobs)
        self._cpu = {key: value for key, value in self._cpu.items() if key in self.table.jobs}
        observation = Observation(
            node=self._identity.node,
            time=now.wall,
            usage=self._node.look(),
            gpu_count=gpus.count if gpus else None,
            mig_instances=gpus.mig_instances if gpus else {},
            jobs=looks,
            unknown_groups=unknown,
        )
        return observation, finals

    def glance(self, now: Moment, paths: Collection[str]) -> None:
        """Read the control groups of these paths: of jobs that begin, or that may be about to end."""
        self._read_groups(now, paths)

    def _read_groups(self, now: Moment, only: Collection[str] | None = None) -> tuple[dict[JobKey, GroupReading], int]:
        """Return what the control groups say of each job, and the number of those that could be no job's."""
        found: dict[JobKey, GroupReading] = {}
        unknown = 0
        for reading in self._groups.read_all(only) if self._groups else ():
            job = self.table.by_group(reading.group, self._identity.node)
            if job is None and reading.group.populated:
                started = self._identity.of(reading.group, reading.processes, now.wall)
                unknown += started is None
                job = self.table.find(started, now) if started else None
            if job is not None and job.key not in found and self._is_of(job, reading):
                found[job.key] = reading
                self._join(job, reading, now)
        if only is None:
            for key, job in self.table.jobs.items():
                job.running = key in found and found[key].group.populated
                if key not in found and job.inode is not None:
                    job.leave_group()
        return found, unknown

    @staticmethod
    def _is_of(job: NodeJob, reading: GroupReading) -> bool:
        """Return whether a group is the job's. An empty one may be left of an earlier run."""
        return reading.group.populated or job.inode == reading.group.inode

    def _join(self, job: NodeJob, reading: GroupReading, now: Moment) -> None:
        """Take in what a job's control group says."""
        if job.inode is None:
            job.cpus = self._groups.cpus(reading.group) if self._groups else None
        elif job.inode != reading.group.inode:
            job.leave_group()
        job.inode = reading.group.inode
        if reading.group.populated:
            job.running, job.seen = True, now
        job.usage = Totals.newest(reading.usage, job.usage)
        job.lasting = job.lasting or any(name in LASTING_STEPS for name in reading.step_names)
        if reading.group.sluid and not job.started.sluid:
            job.started = replace(job.started, sluid=reading.group.sluid)

    def _read_gpus(self) -> GpuLook | None:
        """Return what the GPUs do; None where they cannot be read, which their reader tells of."""
        try:
            return self._gpu_meter.look(self._gpus.read() if self._gpus else ())
        except GpuError:
            return None

    def _look_at(
        self, job: NodeJob, reading: GroupReading | None, gpus: GpuLook, seconds: float, now: Moment
    ) -> JobLook:
        pids: Collection[int] = frozenset(reading.processes.tasks) if reading else ()
        usage = job.total()
        return JobLook(
            started=job.started,
            time=now.wall,
            usage=usage,
            cpu_percent=self._cpu_percent(job, usage.cpu_seconds, now.steady),
            processes=len(pids) if self._groups else None,
            cpus=job.cpus,
            gpus=gpus.of(job, pids, seconds),
            steps=reading.steps if reading else (),
        )

    def _share(self, job: NodeJob, elapsed: float, now: Moment) -> float:
        """Return for how much of the time since the look before the job has been there."""
        if self._looked_at.get(job.key) is job:
            return elapsed
        return min(elapsed, max(0.0, now.wall - job.began))

    def _cpu_percent(self, job: NodeJob, used: float | None, steady: float) -> float | None:
        if used is None:
            return None
        before, self._cpu[job.key] = self._cpu.get(job.key), (steady, used)
        if before is None or steady <= before[0]:
            return None
        return max(0.0, 100.0 * (used - before[1]) / (steady - before[0]))


def _final(job: NodeJob, time: float) -> JobSample:
    """Return the last sample of a job: its totals. What it did at the moment, nobody saw."""
    usage = replace(job.total(), memory_bytes=None, memory_working_set_bytes=None)
    gpus: Sequence[GpuSample] = [total_sample(gpu, total) for gpu, total in job.totals.gpus.items()]
    return JobLook(started=job.started, time=time, usage=usage, cpus=job.cpus, gpus=gpus).sample(final=True)
