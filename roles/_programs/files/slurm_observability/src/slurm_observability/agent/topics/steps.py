"""Steps of jobs on this node. Off unless a site asks for it: a job may have thousands."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ...metrics.metric import Family, Metric
from ..observation import Observation, StepLook
from .jobs import known, labels

_LABELS = ("job_id", "step", "user", "node")

CPU_SECONDS = Metric("hpc_step_cpu_seconds_total", "CPU time that the step has used.", _LABELS, "counter")
MEMORY = Metric("hpc_step_memory_usage_bytes", "Memory of the step, the page cache included.", _LABELS)
WORKING_SET = Metric(
    "hpc_step_memory_working_set_bytes", "Memory of the step, without what is given up first.", _LABELS
)
PEAK = Metric("hpc_step_memory_peak_bytes", "The most memory that the step used at once.", _LABELS)
OOM_KILLS = Metric("hpc_step_oom_kills_total", "Processes of the step killed for want of memory.", _LABELS, "counter")
PROCESSES = Metric("hpc_step_processes", "Processes of the step, without slurmstepd.", _LABELS)

_VALUES: dict[Metric, Callable[[StepLook], float | None]] = {
    CPU_SECONDS: lambda step: step.usage.cpu_seconds,
    MEMORY: lambda step: step.usage.memory_bytes,
    WORKING_SET: lambda step: step.usage.memory_working_set_bytes,
    PEAK: lambda step: step.usage.memory_peak_bytes,
    OOM_KILLS: lambda step: step.usage.oom_kills,
    PROCESSES: lambda step: step.processes,
}
METRICS = tuple(_VALUES)


def families(seen: Observation) -> Iterator[Family]:
    """Yield what each step uses."""
    steps = []
    for job in seen.jobs:
        job_id, user, node = labels(job)
        steps += [((job_id, step.name, user, node), step) for step in job.steps]
    for metric, value in _VALUES.items():
        yield known(metric, ((names, value(step)) for names, step in steps))
