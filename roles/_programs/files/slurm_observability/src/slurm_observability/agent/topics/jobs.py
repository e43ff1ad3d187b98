"""Jobs on this node: what each uses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ...metrics.metric import Family, Metric
from ..observation import JobLook, Observation

LABELS = ("job_id", "user", "node")
_COUNTER = "counter"

RUNTIME = Metric(
    "hpc_job_runtime_seconds",
    "Time since the job began on this node.",
    LABELS,
    query="topk(10, max by (job_id, user) (hpc_job_runtime_seconds))",
)
CPU_PERCENT = Metric(
    "hpc_job_cpu_usage_percent",
    "CPU that the job used since the look before: 100 is one CPU, 400 four.",
    LABELS,
    query="sum by (job_id, user) (hpc_job_cpu_usage_percent)",
)
CPU_SECONDS = Metric(
    "hpc_job_cpu_seconds_total",
    "CPU time that the job has used on this node.",
    LABELS,
    _COUNTER,
    query="sum by (job_id, user) (rate(hpc_job_cpu_seconds_total[5m]))",
)
MEMORY = Metric(
    "hpc_job_memory_usage_bytes",
    "Memory that counts against the job's limit, the page cache included.",
    LABELS,
    query="hpc_job_memory_usage_bytes / hpc_job_memory_limit_bytes",
)
WORKING_SET = Metric(
    "hpc_job_memory_working_set_bytes",
    "Memory without the page cache that the kernel would give up first.",
    LABELS,
    query="hpc_job_memory_working_set_bytes / hpc_job_memory_limit_bytes > 0.95",
)
ANON = Metric(
    "hpc_job_memory_anon_bytes",
    "Memory of the job's processes that is backed by no file: heaps and stacks.",
    LABELS,
)
SHMEM = Metric("hpc_job_memory_shmem_bytes", "Shared memory, files in /dev/shm and other tmpfs.", LABELS)
PEAK = Metric(
    "hpc_job_memory_peak_bytes",
    "The most memory that counted against the limit at once.",
    LABELS,
    query="hpc_job_memory_peak_bytes / hpc_job_memory_limit_bytes",
)
LIMIT = Metric(
    "hpc_job_memory_limit_bytes",
    "Memory that the job may use on this node. Absent where it is not limited.",
    LABELS,
)
OOM_KILLS = Metric(
    "hpc_job_oom_kills_total",
    "Processes of the job that the kernel killed because memory ran out.",
    LABELS,
    _COUNTER,
    query="increase(hpc_job_oom_kills_total[1h]) > 0",
)
IO_READ = Metric("hpc_job_io_read_bytes_total", "Bytes that the job read from block devices.", LABELS, _COUNTER)
IO_WRITE = Metric("hpc_job_io_write_bytes_total", "Bytes that the job wrote to block devices.", LABELS, _COUNTER)
PROCESSES = Metric(
    "hpc_job_processes",
    "Processes of the job, without slurmstepd. 0 for a job that holds the node and runs nothing.",
    LABELS,
    query="hpc_job_processes == 0",
)
_PRESSURE_HELP = "Time for which some process of the job waited for %s."
CPU_PRESSURE = Metric("hpc_job_cpu_pressure_seconds_total", _PRESSURE_HELP % "a CPU", LABELS, _COUNTER)
MEMORY_PRESSURE = Metric("hpc_job_memory_pressure_seconds_total", _PRESSURE_HELP % "memory", LABELS, _COUNTER)
IO_PRESSURE = Metric("hpc_job_io_pressure_seconds_total", _PRESSURE_HELP % "a block device", LABELS, _COUNTER)

_VALUES: dict[Metric, Callable[[JobLook], float | None]] = {
    RUNTIME: lambda job: max(0.0, job.time - (job.started.start_time or job.started.time)),
    CPU_PERCENT: lambda job: job.cpu_percent,
    CPU_SECONDS: lambda job: job.usage.cpu_seconds,
    MEMORY: lambda job: job.usage.memory_bytes,
    WORKING_SET: lambda job: job.usage.memory_working_set_bytes,
    ANON: lambda job: job.usage.memory_anon_bytes,
    SHMEM: lambda job: job.usage.memory_shmem_bytes,
    PEAK: lambda job: job.usage.memory_peak_bytes,
    LIMIT: lambda job: job.usage.memory_limit_bytes,
    OOM_KILLS: lambda job: job.usage.oom_kills,
    IO_READ: lambda job: job.usage.io_read_bytes,
    IO_WRITE: lambda job: job.usage.io_write_bytes,
    PROCESSES: lambda job: job.processes,
    CPU_PRESSURE: lambda job: job.usage.cpu_pressure_seconds,
    MEMORY_PRESSURE: lambda job: job.usage.memory_pressure_seconds,
    IO_PRESSURE: lambda job: job.usage.io_pressure_seconds,
}
METRICS = tuple(_VALUES)


def families(seen: Observation) -> Iterator[Family]:
    """Yield what each job uses."""
    jobs = [(labels(job), job) for job in seen.jobs]
    for metric, value in _VALUES.items():
        yield known(metric, ((names, value(job)) for names, job in jobs))


def labels(job: JobLook) -> tuple[str, str, str]:
    """Return the labels of a job. Its id is Slurm's number, as in the metrics of azslurm-exporter."""
    return str(job.started.job_id), job.started.user, job.started.node


def known(metric: Metric, values: Iterator[tuple[Sequence[str], float | None]]) -> Family:
    """Return the metric with those values that are known."""
    return Family(metric, [(names, value) for names, value in values if value is not None])
