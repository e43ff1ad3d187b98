"""GPUs that jobs hold on this node."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ...jobs.sample import GpuSample
from ...metrics.metric import Family, Metric
from ..observation import JobLook, Observation
from .jobs import LABELS, known, labels

_DEVICE = ("job_id", "node", "gpu_vendor", "gpu_id")

USAGE = Metric(
    "hpc_job_gpu_usage_percent",
    "Utilization of the job's GPUs on this node, on average. Absent where that of one of them cannot be read.",
    LABELS,
    query="avg by (job_id, user) (hpc_job_gpu_usage_percent)",
)
WITHOUT_PROCESS = Metric(
    "hpc_job_gpus_without_process",
    "GPUs that the job holds and on which no process of it runs.",
    LABELS,
    query="sum by (job_id, user) (min_over_time(hpc_job_gpus_without_process[1h])) > 0",
)
UTILIZATION = Metric(
    "hpc_job_gpu_device_utilization_percent",
    "Utilization of the GPU: the time in which something ran on it. A MIG instance has none.",
    _DEVICE,
)
MEMORY = Metric("hpc_job_gpu_device_memory_used_bytes", "Memory of the GPU that is used.", _DEVICE)
MEMORY_TOTAL = Metric(
    "hpc_job_gpu_device_memory_total_bytes",
    "Memory of the GPU.",
    _DEVICE,
    query="hpc_job_gpu_device_memory_used_bytes / hpc_job_gpu_device_memory_total_bytes",
)
POWER = Metric("hpc_job_gpu_device_power_watts", "Power that the GPU takes.", _DEVICE)
TEMPERATURE = Metric("hpc_job_gpu_device_temperature_celsius", "Temperature of the GPU.", _DEVICE)
HELD = Metric(
    "hpc_job_gpu_device_held_seconds_total",
    "Time for which the agent saw the job hold the GPU.",
    _DEVICE,
    "counter",
)
BUSY = Metric(
    "hpc_job_gpu_device_busy_seconds_total",
    "Utilization of the GPU added up over that time: 1800 is an hour at 50 %.",
    _DEVICE,
    "counter",
    query="hpc_job_gpu_device_busy_seconds_total / hpc_job_gpu_device_held_seconds_total < 0.1",
)
ENERGY = Metric(
    "hpc_job_gpu_device_energy_joules_total",
    "Energy that the GPU took while the job held it.",
    _DEVICE,
    "counter",
    query="sum by (job_id) (hpc_job_gpu_device_energy_joules_total) / 3.6e6",
)
INFO = Metric(
    "hpc_job_gpu_info",
    "1 for each GPU that a job holds. UUID is that of the whole GPU, GPU_I_ID the MIG instance, as in dcgm-exporter's.",
    (*LABELS, "gpu_vendor", "gpu_id", "UUID", "GPU_I_ID"),
    query="DCGM_FI_DEV_GPU_UTIL * on (UUID, GPU_I_ID) group_left (job_id, user) hpc_job_gpu_info",
)

_VALUES: dict[Metric, Callable[[GpuSample], float | None]] = {
    UTILIZATION: lambda gpu: gpu.utilization_percent,
    MEMORY: lambda gpu: gpu.memory_used_bytes,
    MEMORY_TOTAL: lambda gpu: gpu.memory_total_bytes,
    POWER: lambda gpu: gpu.power_watts,
    TEMPERATURE: lambda gpu: gpu.temperature_celsius,
    HELD: lambda gpu: gpu.held_seconds,
    BUSY: lambda gpu: gpu.busy_seconds,
    ENERGY: lambda gpu: gpu.energy_joules,
}
METRICS = (USAGE, WITHOUT_PROCESS, *_VALUES, INFO)


def families(seen: Observation) -> Iterator[Family]:
    """Yield what the jobs' GPUs do; a node without any has none of these."""
    holders = [job for job in seen.jobs if job.gpus]
    if not seen.gpu_count and not holders:
        return
    yield known(USAGE, ((labels(job), mean_utilization(job.gpus)) for job in holders))
    yield known(WITHOUT_PROCESS, ((labels(job), _without_process(job)) for job in holders))
    devices = [(_device_labels(job, gpu), gpu) for job in holders for gpu in job.gpus]
    for metric, value in _VALUES.items():
        yield known(metric, ((names, value(gpu)) for names, gpu in devices))
    yield Family(INFO, [(_info_labels(job, gpu, seen), 1) for job in holders for gpu in job.gpus])


def mean_utilization(gpus: Sequence[GpuSample]) -> float | None:
    """Return the utilization of GPUs on average, None where there are none, or that of one of them is not known."""
    values = [gpu.utilization_percent for gpu in gpus if gpu.utilization_percent is not None]
    return sum(values) / len(values) if values and len(values) == len(gpus) else None


def _without_process(job: JobLook) -> int | None:
    counts = [gpu.processes for gpu in job.gpus]
    return None if None in counts else counts.count(0)


def _device_labels(job: JobLook, gpu: GpuSample) -> tuple[str, ...]:
    return str(job.started.job_id), job.started.node, gpu.vendor, gpu.gpu_id


def _info_labels(job: JobLook, gpu: GpuSample, seen: Observation) -> tuple[str, ...]:
    parent, instance = seen.mig_instances.get(gpu.uuid, (gpu.uuid, ""))
    return (*labels(job), gpu.vendor, gpu.gpu_id, parent, instance)
