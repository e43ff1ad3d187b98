"""The service's own health, as metrics."""

from __future__ import annotations

import platform
import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate

from .. import __version__
from ..metrics import process
from ..metrics.metric import AnyFamily, Family, HistogramFamily, Metric, scalar
from .background import TaskHealth

PREFIX = "job_observability"
# Seconds.
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

REQUESTS = Metric(
    f"{PREFIX}_requests_total",
    "Requests that were answered.",
    ("method", "path", "status"),
    "counter",
    f'sum by (status) (rate({PREFIX}_requests_total{{status=~"5.."}}[5m]))',
)
REQUEST_DURATION = Metric(
    f"{PREFIX}_request_duration_seconds",
    "Time from the head of a request until its answer was handed over.",
    ("method", "path"),
    "histogram",
    f"histogram_quantile(0.99, sum by (path, le) (rate({PREFIX}_request_duration_seconds_bucket[5m])))",
)
EVENTS = Metric(
    f"{PREFIX}_events_total",
    "Events that were sent: stored, repeated, or refused.",
    ("outcome",),
    "counter",
    f'increase({PREFIX}_events_total{{outcome="refused"}}[1h]) > 0',
)
SAMPLES = Metric(
    f"{PREFIX}_samples_total",
    "Samples of jobs and nodes that were stored.",
    kind="counter",
    query=f"rate({PREFIX}_samples_total[5m])",
)
DATABASE_UP = Metric(
    f"{PREFIX}_database_up",
    "1 when the database answered a moment ago, else 0.",
    query=f"{PREFIX}_database_up == 0",
)
AUDIT_ERRORS = Metric(
    f"{PREFIX}_audit_errors_total",
    "Times that the audit log could not be written.",
    kind="counter",
    query=f"increase({PREFIX}_audit_errors_total[1h]) > 0",
)
TASK_RUNS = Metric(
    f"{PREFIX}_task_runs_total",
    "Runs of what the service does by itself.",
    ("task",),
    "counter",
    f"rate({PREFIX}_task_runs_total[15m]) == 0",
)
TASK_ERRORS = Metric(
    f"{PREFIX}_task_errors_total",
    "Runs of it that failed.",
    ("task",),
    "counter",
    f"increase({PREFIX}_task_errors_total[1h]) > 0",
)
TASK_LAST_SUCCESS = Metric(
    f"{PREFIX}_task_last_success_timestamp_seconds",
    "When it last succeeded. Absent before.",
    ("task",),
    query=f"time() - {PREFIX}_task_last_success_timestamp_seconds > 3600",
)
TASK_DURATION = Metric(
    f"{PREFIX}_task_duration_seconds",
    "Time that its last run took.",
    ("task",),
    query=f"{PREFIX}_task_duration_seconds",
)
BUILD_INFO = Metric(
    f"{PREFIX}_build_info",
    "Always 1; the version is in a label.",
    ("version", "pythonversion"),
    query=f"count by (version) ({PREFIX}_build_info)",
)
METRICS = (
    *(REQUESTS, REQUEST_DURATION, EVENTS, SAMPLES, DATABASE_UP, AUDIT_ERRORS),
    *(TASK_RUNS, TASK_ERRORS, TASK_LAST_SUCCESS, TASK_DURATION, BUILD_INFO, *process.METRICS),
)


class Counts:
    """What was counted since the service started. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, str, str]] = Counter()
        self._durations: dict[tuple[str, str], _Histogram] = {}
        self._events: Counter[str] = Counter()
        self._samples = 0

    def request(self, method: str, path: str, status: int, seconds: float) -> None:
        """Count a request. ``path`` is that of the route, without the values in it."""
        with self._lock:
            self._requests[method, path, str(status)] += 1
            self._durations.setdefault((method, path), _Histogram()).observe(seconds)

    def events(self, outcomes: Mapping[str, int]) -> None:
        """Count events, by what became of them."""
        with self._lock:
            self._events.update(outcomes)

    def samples(self, stored: int) -> None:
        """Count samples."""
        with self._lock:
            self._samples += stored

    def families(self) -> list[AnyFamily]:
        """Return all counts as they are now."""
        with self._lock:
            return [
                Family(REQUESTS, list(self._requests.items())),
                HistogramFamily(REQUEST_DURATION, [(key, *each.sample()) for key, each in self._durations.items()]),
                Family(EVENTS, [((outcome,), count) for outcome, count in self._events.items()]),
                scalar(SAMPLES, self._samples),
            ]


class _Histogram:
    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        self._counts[bisect_left(BOUNDS, value)] += 1
        self._sum += value

    def sample(self) -> tuple[list[tuple[float, int]], float]:
        """Return pairs of bound and cumulative count, and the sum."""
        return list(zip((*BOUNDS, float("inf")), accumulate(self._counts), strict=True)), self._sum


def task_families(tasks: Mapping[str, TaskHealth]) -> Iterator[Family]:
    """Yield how the tasks fare."""
    named = list(tasks.items())
    yield Family(TASK_RUNS, [((name,), task.runs) for name, task in named])
    yield Family(TASK_ERRORS, [((name,), task.errors) for name, task in named])
    yield Family(
        TASK_LAST_SUCCESS, [((name,), task.last_success) for name, task in named if task.last_success is not None]
    )
    yield Family(TASK_DURATION, [((name,), task.duration) for name, task in named])


def own_families(database_up: bool, audit_errors: int) -> Iterable[Family]:
    """Return what else there is to say of the service."""
    return [
        scalar(DATABASE_UP, database_up),
        scalar(AUDIT_ERRORS, audit_errors),
        Family(BUILD_INFO, [((__version__, platform.python_version()), 1)]),
    ]
