"""The jobs on this node: from what hooks say and from what control groups show, each healing the other."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

from ..jobs.event import CGROUP, FINISHED, JobEvent
from ..moment import Moment
from .cgroups.group import JobGroup
from .node_job import JobKey, NodeJob

log = logging.getLogger(__name__)

# A hook's event takes seconds to get here.
START_GRACE = 30.0
# The epilogs of a site may take minutes before ours has its turn.
END_GRACE = 300.0
# Runs that have ended and may leave something behind.
MAX_ENDED = 1000


class JobTable:
    """Knows the jobs on this node. Use from one thread. How long ago something was, the steady clock says.

    ``send`` takes the events that no hook wrote; ``healed`` counts them by kind.
    """

    def __init__(self, send: Callable[[JobEvent], None]) -> None:
        self.jobs: dict[JobKey, NodeJob] = {}
        self.ended: dict[JobKey, float] = {}
        self.healed: Counter[str] = Counter()
        self._send = send

    def take(self, event: JobEvent) -> NodeJob | None:
        """Take in an event of a hook on this node. Return the job that it ends, when it ends one.

        It may come again, after the events that followed it.
        """
        key = (event.node, event.job_id)
        job = self.jobs.get(key)
        if event.kind == FINISHED:
            if job is not None and not job.is_of(event):
                return None
            return self._end(key, event.time)
        if job is None:
            if event.time > self.ended.get(key, 0.0):  # else an event that comes again
                self.jobs[key] = NodeJob(event)
            return None
        if job.is_of(event):
            if not job.reported:  # what its hook says is worth more than what the control group shows
                job.started, job.untold_since = event, None
            return None
        if event.time < job.started.time:
            return None
        self._send_end(job, event.time)
        ended = self._end(key, event.time)
        self.jobs[key] = NodeJob(event)
        return ended

    def find(self, started: JobEvent, now: Moment) -> NodeJob | None:
        """Return the job that has begun so, by its control group; a new one, if need be.

        None where the run has ended, and slurmstepd is still at it.
        """
        key = (started.node, started.job_id)
        if key in self.jobs:
            return self.jobs[key]
        if started.time <= self.ended.get(key, 0.0):
            return None
        return self.jobs.setdefault(key, NodeJob(started, untold_since=now.steady))

    def by_group(self, group: JobGroup, node: str) -> NodeJob | None:
        """Return the job that a control group is of, by its name. ``node`` is Slurm's name of this node."""
        if group.job_id is not None:
            return self.jobs.get((group.node or node, group.job_id))
        return next((job for job in self.jobs.values() if job.started.sluid == group.sluid), None)

    def heal(self, now: Moment) -> Iterator[NodeJob]:
        """Tell of what no hook told, after a grace. Yield the jobs that have ended so."""
        for job in list(self.jobs.values()):
            if job.untold_since is not None and job.running and now.steady - job.untold_since > START_GRACE:
                self._send_start(job)
            if (when := _over_since(job, now)) is not None:
                yield self.lose(job, when)

    def lose(self, job: NodeJob, when: float) -> NodeJob:
        """Tell that a job is over whose end no hook told: ``when`` it ended, in seconds since 1970."""
        self._send_end(job, when)
        self._end(job.key, when)
        return job

    def _end(self, key: JobKey, time: float) -> NodeJob | None:
        self.ended.pop(key, None)
        self.ended[key] = time
        while len(self.ended) > MAX_ENDED:
            del self.ended[next(iter(self.ended))]
        return self.jobs.pop(key, None)

    def _send_start(self, job: NodeJob) -> None:
        job.untold_since = None
        self._heal(job.started)

    def _send_end(self, job: NodeJob, time: float) -> None:
        if job.untold_since is not None:
            self._send_start(job)
        # Its name is made of that of the beginning: told twice, it is the same event.
        self._heal(
            replace(
                job.started,
                event_id=f"{job.started.event_id}-lost",
                kind=FINISHED,
                origin=CGROUP,
                time=time,
                end_time_limit=None,
            )
        )

    def _heal(self, event: JobEvent) -> None:
        self.healed[event.kind] += 1
        log.warning("no hook told of %s of job %d on %s: told by the agent", event.kind, event.job_id, event.node)
        self._send(event)


def _over_since(job: NodeJob, now: Moment) -> float | None:
    """Return since when a job has been over, in seconds since 1970; None for one that may not be."""
    if job.running or (job.seen is not None and now.steady - job.seen.steady <= END_GRACE):
        return None
    if job.seen is not None and (job.lasting or not job.reported):
        return job.seen.wall
    # It may hold the node without a process: until its time is over, of which only the wall clock tells.
    limit = job.started.end_time_limit
    return None if limit is None or now.wall - limit <= END_GRACE else max(limit, job.last_seen)
