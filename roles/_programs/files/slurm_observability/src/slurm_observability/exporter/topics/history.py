"""The history of jobs: what ended, as sacct counts it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from math import inf

from ...metrics.metric import AnyFamily, Family, HistogramFamily, Metric, scalar
from ...slurm.accounting import ENDED_STATES
from ..cap import Cap
from ..history.reader import Progress
from ..history.totals import (
    BOUNDS,
    CPU_SECONDS,
    CPUS,
    GPU_SECONDS,
    GPUS,
    NODES,
    RUN,
    SUBMITTED,
    WAIT,
    Histogram,
    HistoryTotals,
)
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

_RUNS = "Runs of jobs that ended since the reset time"
_DUPLICATES = "Each row of sacct --duplicates counts once, so that every requeue and every resize of a job counts."
_NOWHERE = "The partition is empty for what ended while it waited for several."
RUNS_ENDED = Metric(
    "slurm_job_runs_ended_total",
    f"{_RUNS}, by the state in which they ended. {_DUPLICATES} {_NOWHERE}",
    ("partition", "state"),
    "counter",
    'sum by (partition) (increase(slurm_job_runs_ended_total{state="FAILED"}[1h]))',
)
LABELLED_RUNS = {
    "account": Metric(
        "slurm_account_job_runs_ended_total",
        f"{_RUNS}, by account and state. With --history-labels account, for the accounts with the most runs.",
        ("account", "state"),
        "counter",
        "topk(5, sum by (account) (increase(slurm_account_job_runs_ended_total[1d])))",
    ),
    "user": Metric(
        "slurm_user_job_runs_ended_total",
        f"{_RUNS}, by user and state. With --history-labels user, for the users with the most runs.",
        ("username", "state"),
        "counter",
        'topk(5, sum by (username) (increase(slurm_user_job_runs_ended_total{state="FAILED"}[1d])))',
    ),
}
CPU_SECONDS_TOTAL = Metric(
    "slurm_job_cpu_seconds_total",
    "Allocated CPUs multiplied by the time that they were, of runs that ended since the reset time. As CPUTimeRAW.",
    PARTITION,
    "counter",
    "sum by (partition) (increase(slurm_job_cpu_seconds_total[1d])) / 3600",
)
GPU_SECONDS_TOTAL = Metric(
    "slurm_job_gpu_seconds_total",
    "Allocated GPUs multiplied by the time that they were, of runs that ended since the reset time.",
    PARTITION,
    "counter",
    "sum by (partition) (increase(slurm_job_gpu_seconds_total[1d])) / 3600",
)

_BEGUN = "of runs that had begun and ended since the reset time"


DISTRIBUTIONS = {
    WAIT: Metric(
        "slurm_job_wait_seconds",
        f"Time from the moment a run could have begun (Eligible) to that at which it did (Start), {_BEGUN}. "
        "Time on hold, before --begin or for a dependency is not in it. A piece of a resized job waits 0 s.",
        PARTITION,
        "histogram",
        "histogram_quantile(0.9, sum by (partition, le) (rate(slurm_job_wait_seconds_bucket[1h])))",
    ),
    RUN: Metric(
        "slurm_job_run_seconds",
        f"Time for which jobs ran (Elapsed, without the time when they were suspended), {_BEGUN}.",
        PARTITION,
        "histogram",
        "histogram_quantile(0.5, sum by (partition, le) (rate(slurm_job_run_seconds_bucket[1d])))",
    ),
    CPUS: Metric(
        "slurm_job_cpus",
        f"Allocated CPUs {_BEGUN}.",
        PARTITION,
        "histogram",
        'sum(increase(slurm_job_cpus_bucket{le="1"}[1d])) / sum(increase(slurm_job_cpus_count[1d]))',
    ),
    NODES: Metric(
        "slurm_job_nodes",
        f"Allocated nodes {_BEGUN}.",
        PARTITION,
        "histogram",
        "histogram_quantile(0.9, sum by (le) (rate(slurm_job_nodes_bucket[1d])))",
    ),
    GPUS: Metric(
        "slurm_job_gpus",
        f"Allocated GPUs {_BEGUN}.",
        PARTITION,
        "histogram",
        '1 - sum(increase(slurm_job_gpus_bucket{le="0"}[1d])) / sum(increase(slurm_job_gpus_count[1d]))',
    ),
}

COMPLETE = Metric(
    "slurm_exporter_history_complete",
    "1 when the job history since the reset time has been read up to the present. Until then its totals are absent, or "
    "those of before.",
)
BACKFILL_RATIO = Metric(
    "slurm_exporter_history_backfill_ratio",
    "How much of the time since the reset time has been read: 1 when the reading has caught up with the present.",
)
CURSOR = Metric(
    "slurm_exporter_history_cursor_timestamp_seconds", "Runs that ended before this moment have been read and counted."
)
REBUILDS = Metric(
    "slurm_exporter_history_rebuilds_total",
    "Times that the kept history was found damaged, and was read anew from slurmdbd.",
    kind="counter",
    query="increase(slurm_exporter_history_rebuilds_total[1d]) > 0",
)
RESET_TIME = Metric("slurm_exporter_reset_timestamp_seconds", "The reset time, from which the history counts.")


def cluster_metric(count: StateCount) -> Metric:
    """Return the metric that counts the jobs of the cluster in that state since the reset time."""
    return Metric(f"slurm_jobs_total_{count.metric}", help_text(count))


def partition_metric(count: StateCount) -> Metric:
    """Return the metric that counts the jobs of a partition in that state since the reset time."""
    return Metric(f"slurm_partition_jobs_total_{count.metric}", help_text(count, "In the partition"), PARTITION)


METRICS = (
    *map(cluster_metric, STATES),
    *map(partition_metric, STATES),
    RUNS_ENDED,
    *LABELLED_RUNS.values(),
    *DISTRIBUTIONS.values(),
    CPU_SECONDS_TOTAL,
    GPU_SECONDS_TOTAL,
    COMPLETE,
    BACKFILL_RATIO,
    CURSOR,
    REBUILDS,
    RESET_TIME,
)


def families(totals: HistoryTotals, scene: Scene, cap: Cap) -> Iterator[AnyFamily]:
    """Yield the totals since the reset time, with a zero for each partition that has no job."""
    yield from _jobs(totals, scene)
    yield from _runs(totals, scene, cap)
    yield from _distributions(totals, scene)


def _jobs(totals: HistoryTotals, scene: Scene) -> Iterator[Family]:
    for count in STATES:
        yield scalar(cluster_metric(count), totals.cluster.get(count.state, 0))
    none: Mapping[str, int] = {}
    by_partition = {name: totals.partitions.get(name, none) for name in _names(scene, totals.partitions)}
    for count in STATES:
        samples = [((name,), counts.get(count.state, 0)) for name, counts in by_partition.items()]
        yield Family(partition_metric(count), samples)


def _runs(totals: HistoryTotals, scene: Scene, cap: Cap) -> Iterator[Family]:
    by_partition = totals.runs.get("partition", {})
    # A counter that appears with its first run would hide that run from increase(), so that all begin at zero.
    zeros = dict.fromkeys(((name, state) for name in scene.partitions for state in ENDED_STATES), 0)
    yield Family(RUNS_ENDED, sorted({**zeros, **by_partition}.items()))
    for label, metric in LABELLED_RUNS.items():
        if label in totals.runs:
            yield Family(metric, _largest(totals.runs[label], metric, cap))


def _largest(runs: Mapping[tuple[str, str], int], metric: Metric, cap: Cap) -> list[tuple[tuple[str, str], int]]:
    weights: dict[str, int] = {}
    for (value, _state), count in runs.items():
        weights[value] = weights.get(value, 0) + count
    kept = cap.largest(metric.name, weights)
    return sorted((labels, count) for labels, count in runs.items() if labels[0] in kept)


def _distributions(totals: HistoryTotals, scene: Scene) -> Iterator[AnyFamily]:
    for what, metric in DISTRIBUTIONS.items():
        bounds = (*BOUNDS[what], inf)
        histograms = totals.histograms[what]
        samples = []
        for name in _names(scene, histograms):
            histogram = histograms.get(name) or Histogram([0] * len(bounds))
            samples.append(((name,), list(zip(bounds, accumulate(histogram.counts), strict=True)), histogram.total))
        yield HistogramFamily(metric, samples)
    for what, metric in ((CPU_SECONDS, CPU_SECONDS_TOTAL), (GPU_SECONDS, GPU_SECONDS_TOTAL)):
        sums = totals.sums.get(what, {})
        yield Family(metric, [((name,), sums.get(name, 0)) for name in _names(scene, sums)])


def _names(scene: Scene, more: Iterable[str]) -> list[str]:
    return sorted({*scene.partitions, *more})


def status(progress: Progress | None) -> Iterator[Family]:
    """Yield how far the reading is; before it has begun, only that it is not complete."""
    yield scalar(COMPLETE, progress is not None and progress.complete)
    if progress is not None:
        yield scalar(BACKFILL_RATIO, progress.ratio)
        yield scalar(CURSOR, progress.cursor)
        yield scalar(REBUILDS, progress.rebuilds)
        yield scalar(RESET_TIME, progress.reset_time)
