"""How the readings of GPUs fare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from ...metrics.metric import Family, Metric, scalar
from ..gpus.reading import ERRORS

INFO = Metric(
    "job_agent_gpu_reader_info",
    "1, with what reads the GPUs, and their driver's version as far as it is told. Absent where there is no GPU.",
    ("reader", "driver_version"),
    query="count by (reader, driver_version) (job_agent_gpu_reader_info)",
)
DURATION = Metric(
    "job_agent_gpu_read_duration_seconds",
    "Time that the last reading of the GPUs took. Nobody waits for it.",
    query="max(job_agent_gpu_read_duration_seconds)",
)
READ_ERRORS = Metric(
    "job_agent_gpu_read_errors_total",
    "Readings of the GPUs that failed: hang is a driver that did not answer in time, absent a tool that is not there.",
    ("error",),
    "counter",
    query='increase(job_agent_gpu_read_errors_total{error="hang"}[1h]) > 0',
)
FAILED_CALLS = Metric(
    "job_agent_gpu_failed_calls_total",
    "Values that NVML did not give, by function and reason. Not Supported is what a GPU cannot do.",
    ("call", "error"),
    "counter",
    query='increase(job_agent_gpu_failed_calls_total{error!="Not Supported"}[1h]) > 0',
)

METRICS = (INFO, DURATION, READ_ERRORS, FAILED_CALLS)


@dataclass
class ReaderHealth:
    """How the readings fare. ``duration`` is in seconds; ``reader`` is empty where there is no GPU."""

    reader: str = ""
    driver_version: str = ""
    duration: float = 0.0
    errors: Counter[str] = field(default_factory=Counter)
    failed_calls: Counter[tuple[str, str]] = field(default_factory=Counter)


def families(health: ReaderHealth) -> Iterator[Family]:
    """Yield how the readings fare."""
    if health.reader:
        yield Family(INFO, [((health.reader, health.driver_version), 1)])
    yield scalar(DURATION, health.duration)
    yield Family(READ_ERRORS, [((kind,), health.errors[kind]) for kind in ERRORS])
    yield Family(FAILED_CALLS, sorted(health.failed_calls.items()))
