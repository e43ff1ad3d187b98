"""This node as a whole."""

from __future__ import annotations

from collections.abc import Iterator

from ...metrics.metric import Family, Metric
from ..observation import Observation
from .jobs import known

CPU_PERCENT = Metric(
    "hpc_node_cpu_usage_percent",
    "CPU that the node used since the look before, in per cent of all its CPUs.",
    ("node",),
)
MEMORY = Metric(
    "hpc_node_memory_usage_bytes",
    "Memory of the node that is used: what is not available to a new process.",
    ("node",),
)
JOB_COUNT = Metric(
    "hpc_node_job_count",
    "Jobs on the node.",
    ("node",),
    query="hpc_node_job_count == 0 and on (node) hpc_node_cpu_usage_percent > 50",
)
METRICS = (CPU_PERCENT, MEMORY, JOB_COUNT)


def families(seen: Observation) -> Iterator[Family]:
    """Yield what the node uses."""
    values = {
        CPU_PERCENT: seen.usage.cpu_usage_percent,
        MEMORY: seen.usage.memory_usage_bytes,
        JOB_COUNT: len(seen.jobs),
    }
    for metric, value in values.items():
        yield known(metric, iter([((seen.node,), value)]))
