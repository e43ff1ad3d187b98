"""The agent itself: its version, and what it costs."""

from __future__ import annotations

import os
import platform
import resource
from collections.abc import Iterator
from pathlib import Path

from .. import __version__
from ..metrics.metric import Family, Metric, scalar

BUILD_INFO = Metric(
    "job_agent_build_info",
    "Always 1; the version is in a label.",
    ("version", "pythonversion"),
    query="count by (version) (job_agent_build_info)",
)
# The names that Prometheus' client libraries give them.
CPU_SECONDS = Metric(
    "process_cpu_seconds_total",
    "Time that the agent has spent on a processor.",
    kind="counter",
    query="rate(process_cpu_seconds_total[5m])",
)
RESIDENT_BYTES = Metric("process_resident_memory_bytes", "Memory that the agent holds.")

METRICS = (BUILD_INFO, CPU_SECONDS, RESIDENT_BYTES)


def families() -> Iterator[Family]:
    """Yield what the agent is, and what it costs."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    resident_pages = int(Path("/proc/self/statm").read_text().split()[1])
    yield Family(BUILD_INFO, [((__version__, platform.python_version()), 1)])
    yield scalar(CPU_SECONDS, used.ru_utime + used.ru_stime)
    yield scalar(RESIDENT_BYTES, resident_pages * os.sysconf("SC_PAGE_SIZE"))
