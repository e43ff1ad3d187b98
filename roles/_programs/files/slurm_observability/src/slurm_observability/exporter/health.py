"""The exporter itself: how its sources fare, and what it is."""

from __future__ import annotations

import platform
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from .. import __version__
from ..metrics.metric import Family, Metric, scalar
from .sources import Source

COLLECT_DURATION = Metric(
    "slurm_exporter_collect_duration_seconds",
    "Time that the last refresh of all sources took, added up.",
    query="slurm_exporter_collect_duration_seconds > 10",
)
LAST_COLLECT = Metric(
    "slurm_exporter_last_collect_timestamp_seconds",
    "When the one of the sources jobs, nodes and history that is longest without an answer last gave one. 0 until all "
    "have answered once.",
    query="time() - slurm_exporter_last_collect_timestamp_seconds > 60",
)
ERRORS = Metric(
    "slurm_exporter_errors_total",
    "Refreshes of any source that failed.",
    kind="counter",
    query="increase(slurm_exporter_errors_total[1h])",
)
SOURCE_UP = Metric(
    "slurm_exporter_source_up",
    "1 when the last refresh of the source succeeded, else 0.",
    ("source",),
    query="slurm_exporter_source_up == 0",
)
SOURCE_AGE = Metric(
    "slurm_exporter_source_age_seconds",
    "Time since the source last answered. Absent before its first answer.",
    ("source",),
    query="slurm_exporter_source_age_seconds > 4 * slurm_exporter_source_interval_seconds",
)
SOURCE_ERRORS = Metric(
    "slurm_exporter_source_errors_total",
    "Refreshes of the source that failed.",
    ("source",),
    "counter",
    query="increase(slurm_exporter_source_errors_total[1h])",
)
SOURCE_DURATION = Metric(
    "slurm_exporter_source_duration_seconds",
    "Time that the last refresh of the source took.",
    ("source",),
    query="slurm_exporter_source_duration_seconds / slurm_exporter_source_interval_seconds > 0.5",
)
SOURCE_REJECTED = Metric(
    "slurm_exporter_source_rejected_lines_total",
    "Lines of the source's answers that could not be read and were passed over.",
    ("source",),
    "counter",
    query="increase(slurm_exporter_source_rejected_lines_total[1h]) > 0",
)
SOURCE_INTERVAL = Metric(
    "slurm_exporter_source_interval_seconds",
    "Time from one refresh of the source to the next, in health.",
    ("source",),
    query="slurm_exporter_source_interval_seconds",
)
SOURCE_BACKOFF = Metric(
    "slurm_exporter_source_backoff_seconds",
    "Time that the source is left alone after it failed, grown with each failure in a row. 0 in health.",
    ("source",),
    query="slurm_exporter_source_backoff_seconds > 0",
)
SOURCE_RATE_LIMITED = Metric(
    "slurm_exporter_source_rate_limited_total",
    "Refreshes of the source that failed because Slurm wants to be asked less often. They are errors too.",
    ("source",),
    "counter",
    query="increase(slurm_exporter_source_rate_limited_total[1h]) > 0",
)
COMMANDS = Metric(
    "slurm_exporter_commands_total",
    "Commands that were started: Slurm's, and those of the site's own metrics.",
    ("command",),
    "counter",
    query="sum by (command) (rate(slurm_exporter_commands_total[5m])) * 60",
)
ACTIVE = Metric(
    "slurm_exporter_active",
    "1 when this exporter serves the numbers of the cluster, 0 when it is the standby of another controller's.",
    query="sum(slurm_exporter_active) != 1",
)
BUILD_INFO = Metric(
    "slurm_exporter_build_info",
    "Always 1; the version is in a label.",
    ("version", "pythonversion"),
    query="count by (version) (slurm_exporter_build_info)",
)

METRICS = (
    COLLECT_DURATION,
    LAST_COLLECT,
    ERRORS,
    SOURCE_UP,
    SOURCE_AGE,
    SOURCE_ERRORS,
    SOURCE_DURATION,
    SOURCE_REJECTED,
    SOURCE_INTERVAL,
    SOURCE_BACKOFF,
    SOURCE_RATE_LIMITED,
    COMMANDS,
    ACTIVE,
    BUILD_INFO,
)


def families(sources: Mapping[str, Source[Any]], often: Collection[str]) -> Iterator[Family]:
    """Yield how the sources fare. Only those that are asked ``often`` can make the last collection an old one."""
    by_name = {name: source.health for name, source in sources.items()}
    oldest = min((health.last_success or 0.0 for name, health in by_name.items() if name in often), default=0.0)
    ages = {name: health.age for name, health in by_name.items()}
    yield scalar(COLLECT_DURATION, sum(health.duration for health in by_name.values()))
    yield scalar(LAST_COLLECT, oldest)
    yield scalar(ERRORS, sum(health.errors for health in by_name.values()))
    yield Family(SOURCE_UP, (((name,), health.up) for name, health in by_name.items()))
    yield Family(SOURCE_AGE, (((name,), age) for name, age in ages.items() if age is not None))
    yield Family(SOURCE_ERRORS, (((name,), health.errors) for name, health in by_name.items()))
    yield Family(SOURCE_DURATION, (((name,), health.duration) for name, health in by_name.items()))
    yield Family(SOURCE_REJECTED, (((name,), health.rejected_lines) for name, health in by_name.items()))
    yield Family(SOURCE_INTERVAL, (((name,), source.topic.interval) for name, source in sources.items()))
    yield Family(SOURCE_BACKOFF, (((name,), health.pause) for name, health in by_name.items()))
    yield Family(SOURCE_RATE_LIMITED, (((name,), health.rate_limited) for name, health in by_name.items()))
    yield Family(BUILD_INFO, [((__version__, platform.python_version()), 1)])


def commands(started: Mapping[str, int]) -> Family:
    """Return how often each command was started."""
    return Family(COMMANDS, [((name,), count) for name, count in sorted(started.items())])


def role(active: bool) -> Family:
    """Return whether this exporter serves the numbers of the cluster."""
    return scalar(ACTIVE, active)
