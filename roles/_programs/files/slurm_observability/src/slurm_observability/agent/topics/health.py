"""How the agent's looks at the node fare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from ...jobs.event import KINDS
from ...metrics.metric import Family, Metric, scalar

LAST_LOOK = Metric(
    "job_agent_last_look_timestamp_seconds",
    "When the agent last looked at the jobs of the node. 0 before the first look.",
    query="time() - job_agent_last_look_timestamp_seconds > 60",
)
DURATION = Metric(
    "job_agent_look_duration_seconds",
    "Time that the last look took.",
    query="max(job_agent_look_duration_seconds)",
)
ERRORS = Metric(
    "job_agent_look_errors_total",
    "Looks that broke off: a fault of the program.",
    kind="counter",
    query="increase(job_agent_look_errors_total[1h]) > 0",
)
UNREADABLE = Metric(
    "job_agent_unreadable_total",
    "Files of the kernel that were there and could not be read. What they say is absent.",
    ("file",),
    "counter",
    query="increase(job_agent_unreadable_total[1h]) > 0",
)
UNKNOWN_GROUPS = Metric(
    "job_agent_unknown_cgroups",
    "Control groups of jobs of which nothing tells the number.",
    query="job_agent_unknown_cgroups > 0",
)
HEALED = Metric(
    "job_agent_healed_events_total",
    "Events that no hook wrote, and that the agent told because of what control groups show.",
    ("kind",),
    "counter",
    query="increase(job_agent_healed_events_total[1h]) > 0",
)
MAP_REMOVED = Metric(
    "job_agent_gpu_map_removed_total",
    "Ids of jobs that no Epilog took out of the map for dcgm-exporter, and that the agent took out.",
    kind="counter",
    query="increase(job_agent_gpu_map_removed_total[1h]) > 0",
)
CGROUP_INFO = Metric(
    "job_agent_cgroup_info",
    "1, with the version of the kernel's control groups: 2, 1, or none.",
    ("version",),
    query='job_agent_cgroup_info{version!="2"}',
)

METRICS = (LAST_LOOK, DURATION, ERRORS, UNREADABLE, UNKNOWN_GROUPS, HEALED, MAP_REMOVED, CGROUP_INFO)


@dataclass
class Health:
    """How the looks fare. ``version`` is that of the control groups. Times in seconds."""

    version: str = "none"
    last_look: float = 0.0
    duration: float = 0.0
    errors: int = 0
    unknown_groups: int = 0
    unreadable: Counter[str] = field(default_factory=Counter)
    healed: Counter[str] = field(default_factory=Counter)
    map_removed: int = 0


def families(health: Health) -> Iterator[Family]:
    """Yield how the looks fare."""
    yield scalar(LAST_LOOK, health.last_look)
    yield scalar(DURATION, health.duration)
    yield scalar(ERRORS, health.errors)
    yield Family(UNREADABLE, [((name,), count) for name, count in sorted(health.unreadable.copy().items())])
    yield scalar(UNKNOWN_GROUPS, health.unknown_groups)
    yield Family(HEALED, [((kind,), health.healed[kind]) for kind in KINDS])
    yield scalar(MAP_REMOVED, health.map_removed)
    yield Family(CGROUP_INFO, [((health.version,), 1)])
