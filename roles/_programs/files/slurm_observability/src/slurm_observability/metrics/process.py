"""What a program costs, by the names that Prometheus' client libraries give."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path

from .metric import Family, Metric, scalar

CPU_SECONDS = Metric(
    "process_cpu_seconds_total",
    "Time that the program has spent on a processor.",
    kind="counter",
    query="rate(process_cpu_seconds_total[5m])",
)
RESIDENT_BYTES = Metric("process_resident_memory_bytes", "Memory that the program holds.")

METRICS = (CPU_SECONDS, RESIDENT_BYTES)


def families() -> Iterator[Family]:
    """Yield what this process costs."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    resident_pages = int(Path("/proc/self/statm").read_text().split()[1])
    yield scalar(CPU_SECONDS, used.ru_utime + used.ru_stime)
    yield scalar(RESIDENT_BYTES, resident_pages * os.sysconf("SC_PAGE_SIZE"))
