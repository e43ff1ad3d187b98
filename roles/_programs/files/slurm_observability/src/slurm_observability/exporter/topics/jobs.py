"""Jobs that slurmctld knows: the queue, by state and partition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ...slurm.jobs import Queue, queued
from ..metric import Family, Metric, scalar
from ..topic import Scene
from .counts import PARTITION, StateCount, help_text

NAME = "jobs"

STATES = (
    StateCount("running", "RUNNING", "running jobs", "One whose nodes still boot is configuring."),
    StateCount("pending", "PENDING", "pending jobs", "Each task of a job array counts."),
    StateCount("configuring", "CONFIGURING", "jobs that were given nodes which still boot"),
    StateCount("completing", "COMPLETING", "jobs that have ended and whose nodes are not free yet"),
    StateCount("suspended", "SUSPENDED", "suspended jobs"),
    StateCount("failed", "FAILED", "failed jobs that slurmctld still remembers", "It does for MinJobAge seconds."),
)

JOBS = Metric("slurm_jobs", "Jobs in the queue that have not ended, each task of a job array counted.")
PARTITION_JOBS = Metric(
    "slurm_partition_jobs",
    "Jobs in the queue of the partition that have not ended. A job that waits in several counts in each.",
    PARTITION,
)


def cluster_metric(count: StateCount) -> Metric:
    """Return the metric that counts the jobs of the cluster in that state."""
    return Metric(f"slurm_jobs_{count.metric}", help_text(count))


def partition_metric(count: StateCount) -> Metric:
    """Return the metric that counts the jobs of a partition in that state."""
    return Metric(f"slurm_partition_jobs_{count.metric}", help_text(count, "In the partition"), PARTITION)


METRICS = (
    JOBS,
    *map(cluster_metric, STATES),
    PARTITION_JOBS,
    *map(partition_metric, STATES),
)


def families(queue: Queue, scene: Scene) -> Iterator[Family]:
    """Yield what the queue holds, with a zero for each partition that has no job."""
    yield scalar(JOBS, queued(queue.by_state))
    for count in STATES:
        yield scalar(cluster_metric(count), queue.by_state[count.state])
    none: Counter[str] = Counter()
    by_partition = {
        name: queue.by_partition.get(name, none) for name in sorted({*scene.partitions, *queue.by_partition})
    }
    yield Family(PARTITION_JOBS, (((name,), queued(jobs)) for name, jobs in by_partition.items()))
    for count in STATES:
        samples = (((name,), jobs[count.state]) for name, jobs in by_partition.items())
        yield Family(partition_metric(count), samples)
