"""The history of jobs: what ended, as sacct counts it."""

from __future__ import annotations

from collections.abc import Iterator

from ..history import SUBMITTED, HistoryTotals
from ..metric import Family, Metric, scalar
from ..topic import Scene
from .counts import PARTITION, StateCount, help_text

NAME = "history"

STATES = (
    StateCount(
        "submitted",
        SUBMITTED,
        "jobs that were eligible to run and had not ended before the reset time",
        "As sacct counts them without a state.",
    ),
    StateCount("completed", "COMPLETED", "jobs that completed with exit code 0 since the reset time"),
    StateCount("failed", "FAILED", "jobs that failed since the reset time"),
    StateCount("timeout", "TIMEOUT", "jobs that reached their time limit since the reset time"),
    StateCount("node_failed", "NODE_FAIL", "jobs that the failure of a node ended since the reset time"),
    StateCount("cancelled", "CANCELLED", "jobs that were cancelled since the reset time"),
    StateCount("preempted", "PREEMPTED", "jobs that were preempted since the reset time"),
    StateCount("out_of_memory", "OUT_OF_MEMORY", "jobs that ran out of memory since the reset time"),
)

HISTORY_COMPLETE = Metric(
    "slurm_exporter_history_complete",
    "1 when the job history since the reset time has been read. Until then slurm_jobs_total_* are absent.",
)
RESET_TIME = Metric("slurm_exporter_reset_timestamp_seconds", "The reset time, from which slurm_jobs_total_* count.")


def cluster_metric(count: StateCount) -> Metric:
    """Return the metric that counts the jobs of the cluster in that state since the reset time."""
    return Metric(f"slurm_jobs_total_{count.metric}", help_text(count))


def partition_metric(count: StateCount) -> Metric:
    """Return the metric that counts the jobs of a partition in that state since the reset time."""
    return Metric(f"slurm_partition_jobs_total_{count.metric}", help_text(count, "In the partition"), PARTITION)


METRICS = (
    *map(cluster_metric, STATES),
    *map(partition_metric, STATES),
    HISTORY_COMPLETE,
    RESET_TIME,
)


def families(totals: HistoryTotals, scene: Scene) -> Iterator[Family]:
    """Yield the totals since the reset time, with a zero for each partition that has no job."""
    for count in STATES:
        yield scalar(cluster_metric(count), totals.cluster.get(count.state, 0))
    by_partition = {name: totals.partitions.get(name, {}) for name in sorted({*scene.partitions, *totals.partitions})}
    for count in STATES:
        samples = (((name,), counts.get(count.state, 0)) for name, counts in by_partition.items())
        yield Family(partition_metric(count), samples)


def status(complete: bool, reset_time: int) -> Iterator[Family]:
    """Yield whether the whole history has been read, and from when on it counts, in seconds since 1970."""
    yield scalar(HISTORY_COMPLETE, complete)
    yield scalar(RESET_TIME, reset_time)
