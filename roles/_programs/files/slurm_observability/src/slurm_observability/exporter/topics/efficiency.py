"""Efficiency: how much of what they were given ended jobs used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...metrics.metric import AnyFamily, Family, HistogramFamily, Metric
from ..efficiency import Use
from ..topic import Scene
from .counts import PARTITION

NAME = "efficiency"

_WHICH = "Of jobs that ended since the exporter started. Absent where Slurm gathers nothing (JobAcctGatherType)."

CPU = Metric(
    "slurm_job_cpu_efficiency_ratio",
    f"CPU time that a job used, divided by that of the CPUs it held. {_WHICH}",
    PARTITION,
    "histogram",
    "histogram_quantile(0.5, sum by (partition, le) (rate(slurm_job_cpu_efficiency_ratio_bucket[1d])))",
)
MEMORY = Metric(
    "slurm_job_memory_efficiency_ratio",
    "Peak memory of the largest step of a job, divided by the memory that it was given, or asked for where memory is "
    f"not allocated. Jobs too short to be sampled are left out. {_WHICH}",
    PARTITION,
    "histogram",
    "histogram_quantile(0.5, sum by (partition, le) (rate(slurm_job_memory_efficiency_ratio_bucket[1d])))",
)
CPU_SECONDS = Metric(
    "slurm_job_cpu_used_seconds_total",
    f"CPU time that jobs used, counted when they end. {_WHICH}",
    PARTITION,
    "counter",
    "rate(slurm_job_cpu_used_seconds_total[1d]) / rate(slurm_job_cpu_allocated_seconds_total[1d])",
)
ALLOCATED_CPU_SECONDS = Metric(
    "slurm_job_cpu_allocated_seconds_total",
    "CPU time of the CPUs that jobs held, to divide what they used by: only of jobs whose use is known, while "
    f"slurm_job_cpu_seconds_total has all. {_WHICH}",
    PARTITION,
    "counter",
)
UNMEASURED = Metric(
    "slurm_jobs_unmeasured_total",
    f"Jobs whose CPU time Slurm does not know, as of one without steps, or lost with its node. {_WHICH}",
    PARTITION,
    "counter",
)
METRICS = (CPU, MEMORY, CPU_SECONDS, ALLOCATED_CPU_SECONDS, UNMEASURED)


def families(answer: Mapping[str, Use], scene: Scene) -> Iterator[AnyFamily]:
    """Yield the totals of each partition of which a job has ended."""
    items = sorted(answer.items())
    yield HistogramFamily(CPU, [((name,), use.cpu.buckets(), use.cpu.total) for name, use in items])
    yield HistogramFamily(MEMORY, [((name,), use.memory.buckets(), use.memory.total) for name, use in items])
    yield Family(CPU_SECONDS, [((name,), use.cpu_seconds) for name, use in items])
    yield Family(ALLOCATED_CPU_SECONDS, [((name,), use.allocated_cpu_seconds) for name, use in items])
    yield Family(UNMEASURED, [((name,), use.unmeasured) for name, use in items])
