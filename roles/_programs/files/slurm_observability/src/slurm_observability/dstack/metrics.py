"""The metrics of dstack-poller. Instances have the labels that dstack's own metrics give them."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from .. import __version__
from ..metrics import process
from ..metrics.metric import Family, Metric, scalar
from .instance import HEALTH, Instance

_LABELS = ("dstack_project_name", "dstack_fleet_name", "dstack_instance_name", "dstack_instance_id")

STATUS = Metric(
    "dstack_instance_status_info",
    "Always 1; the label dstack_status says pending, provisioning, idle, busy or terminating.",
    (*_LABELS, "dstack_backend", "dstack_hostname", "dstack_status"),
    query="count by (dstack_fleet_name, dstack_status) (dstack_instance_status_info)",
)
HEALTH_STATUS = Metric(
    "dstack_instance_health_status",
    f"What dstack's health checks say: {', '.join(f'{number} {word}' for number, word in enumerate(HEALTH))}.",
    _LABELS,
    query="dstack_instance_health_status > 0",
)
UNREACHABLE = Metric(
    "dstack_instance_unreachable",
    "1 while the dstack server does not reach the instance.",
    _LABELS,
    query="dstack_instance_unreachable == 1",
)
BUSY_BLOCKS = Metric(
    "dstack_instance_busy_blocks",
    "Blocks of the instance that jobs have; an instance that is not divided is one block.",
    _LABELS,
    query="dstack_instance_busy_blocks == 0",
)
TOTAL_BLOCKS = Metric("dstack_instance_total_blocks", "Blocks that the instance is divided into.", _LABELS)
INSTANCE_METRICS = (STATUS, HEALTH_STATUS, UNREACHABLE, BUSY_BLOCKS, TOTAL_BLOCKS)

UP = Metric(
    "dstack_poller_up",
    "1 when the dstack server answered the last question, else 0. What is shown of instances is the last answer.",
    query="dstack_poller_up == 0",
)
LAST_SUCCESS = Metric(
    "dstack_poller_last_success_timestamp_seconds",
    "When the dstack server last answered, in seconds since 1970.",
    query="time() - dstack_poller_last_success_timestamp_seconds",
)
DURATION = Metric("dstack_poller_duration_seconds", "How long the last question took, with all pages of its answer.")
ERRORS = Metric(
    "dstack_poller_errors_total",
    "Questions that failed: the server unreachable, late, or refusing the token (unauthorised); or another answer.",
    ("outcome",),
    "counter",
    query="increase(dstack_poller_errors_total[1h])",
)
BUILD_INFO = Metric(
    "dstack_poller_build_info",
    "Always 1; the version is in a label.",
    ("version", "pythonversion"),
    query="count by (version) (dstack_poller_build_info)",
)
OWN_METRICS = (UP, LAST_SUCCESS, DURATION, ERRORS, BUILD_INFO, *process.METRICS)

_VALUES: Mapping[Metric, Callable[[Instance], int | None]] = {
    HEALTH_STATUS: lambda instance: instance.health,
    UNREACHABLE: lambda instance: instance.unreachable,
    BUSY_BLOCKS: lambda instance: instance.busy_blocks,
    TOTAL_BLOCKS: lambda instance: instance.total_blocks,
}


def of_instances(instances: Sequence[Instance]) -> Iterator[Family]:
    """Yield what is known of the instances."""
    yield Family(
        STATUS,
        [((*_names(one), one.backend, one.hostname, one.status), 1) for one in instances],
    )
    for metric, value in _VALUES.items():
        known = ((_names(one), value(one)) for one in instances)
        yield Family(metric, [(names, number) for names, number in known if number is not None])


def of_program() -> Iterator[Family]:
    """Yield what the poller is, and what it costs."""
    yield Family(BUILD_INFO, [((__version__, platform.python_version()), 1)])
    yield from process.families()


def of_questions(
    up: bool | None, last_success: float | None, duration: float, errors: Iterable[tuple[str, int]]
) -> Iterator[Family]:
    """Yield how the questions fared. ``up`` and ``last_success`` are None before the first answer."""
    if up is not None:
        yield scalar(UP, up)
        yield scalar(DURATION, duration)
    if last_success is not None:
        yield scalar(LAST_SUCCESS, last_success)
    yield Family(ERRORS, [((outcome,), count) for outcome, count in errors])


def _names(instance: Instance) -> tuple[str, str, str, str]:
    return instance.project, instance.fleet, instance.name, instance.identifier
