"""The exporter itself: how its sources fare, and what it is."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping

from .. import __version__
from .metric import Family, Metric, scalar
from .sources import Health

COLLECT_DURATION = Metric(
    "slurm_exporter_collect_duration_seconds", "Time that the last refresh of all sources took, added up."
)
LAST_COLLECT = Metric(
    "slurm_exporter_last_collect_timestamp_seconds",
    "When the source that is longest without an answer last gave one. 0 until all have answered once.",
)
ERRORS = Metric("slurm_exporter_errors_total", "Refreshes of any source that failed.", kind="counter")
SOURCE_UP = Metric("slurm_exporter_source_up", "1 when the last refresh of the source succeeded, else 0.", ("source",))
SOURCE_AGE = Metric(
    "slurm_exporter_source_age_seconds",
    "Time since the source last answered. Absent before its first answer.",
    ("source",),
)
SOURCE_ERRORS = Metric(
    "slurm_exporter_source_errors_total", "Refreshes of the source that failed.", ("source",), "counter"
)
SOURCE_DURATION = Metric(
    "slurm_exporter_source_duration_seconds", "Time that the last refresh of the source took.", ("source",)
)
SOURCE_REJECTED = Metric(
    "slurm_exporter_source_rejected_lines_total",
    "Lines of the source's answers that could not be read and were passed over.",
    ("source",),
    "counter",
)
BUILD_INFO = Metric("slurm_exporter_build_info", "Always 1; the version is in a label.", ("version", "pythonversion"))

METRICS = (
    COLLECT_DURATION,
    LAST_COLLECT,
    ERRORS,
    SOURCE_UP,
    SOURCE_AGE,
    SOURCE_ERRORS,
    SOURCE_DURATION,
    SOURCE_REJECTED,
    BUILD_INFO,
)


def families(sources: Mapping[str, Health], now: float) -> Iterator[Family]:
    """Yield how the sources fare at the time ``now``, in seconds since 1970."""
    answered = [health.last_success for health in sources.values() if health.last_success is not None]
    oldest = min(answered) if len(answered) == len(sources) else 0.0
    yield scalar(COLLECT_DURATION, sum(health.duration for health in sources.values()))
    yield scalar(LAST_COLLECT, oldest)
    yield scalar(ERRORS, sum(health.errors for health in sources.values()))
    yield Family(SOURCE_UP, (((name,), health.up) for name, health in sources.items()))
    yield Family(
        SOURCE_AGE,
        (
            ((name,), max(0.0, now - health.last_success))
            for name, health in sources.items()
            if health.last_success is not None
        ),
    )
    yield Family(SOURCE_ERRORS, (((name,), health.errors) for name, health in sources.items()))
    yield Family(SOURCE_DURATION, (((name,), health.duration) for name, health in sources.items()))
    yield Family(SOURCE_REJECTED, (((name,), health.rejected_lines) for name, health in sources.items()))
    yield Family(BUILD_INFO, [((__version__, platform.python_version()), 1)])
