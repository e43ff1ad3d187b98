"""How the forwarding fares, as metrics."""

from __future__ import annotations

from collections.abc import Iterator

from ...jobs.spool import Spool
from ...metrics.metric import Family, Metric, scalar
from .client import OUTCOMES
from .counts import EVENT_OUTCOMES, SAMPLE_OUTCOMES, Counts
from .samples import Samples
from .waiting import Waiting

EVENTS = Metric(
    "job_agent_events_total",
    "Events by what became of them: the service has it (stored, or repeated when it had it before), the service "
    "refused it, its file was unreadable, it was dropped because too many waited, or, made by the agent itself, it was "
    "unwritten.",
    ("outcome",),
    "counter",
    query='increase(job_agent_events_total{outcome!~"stored|repeated"}[1h]) > 0',
)
WAITING = Metric(
    "job_agent_events_waiting",
    "Events in the spool that the service has not got yet.",
    query="job_agent_events_waiting > 1000",
)
OLDEST = Metric(
    "job_agent_oldest_event_age_seconds",
    "Time since the oldest event that waits. 0 when none waits.",
    query="job_agent_oldest_event_age_seconds > 600",
)
SPOOL_BYTES = Metric(
    "job_agent_spool_bytes",
    "Bytes that the events that wait take, in whole blocks of the file system.",
    query="job_agent_spool_bytes",
)
SPOOL_UP = Metric(
    "job_agent_spool_up",
    "1 when the directory of the spool could be read last time, else 0.",
    query="job_agent_spool_up == 0",
)
REFUSED_FILES = Metric(
    "job_agent_refused_files",
    "Files beside the spool that the service refused, or that could not be used.",
    query="job_agent_refused_files > 0",
)
SERVICE_UP = Metric(
    "job_agent_service_up",
    "1 when the service took what it was sent last, events as well as samples, else 0, also before anything was sent.",
    query="job_agent_service_up == 0",
)
REQUESTS = Metric(
    "job_agent_requests_total",
    "Requests to the service by how they ended: ok; unreachable; late, not answered in time; unauthorised, the token "
    "was not accepted; busy, come again; rejected, something in it was wrong; failed otherwise.",
    ("outcome",),
    "counter",
    query='sum by (outcome) (rate(job_agent_requests_total{outcome!="ok"}[5m]))',
)
LAST_SUCCESS = Metric(
    "job_agent_last_success_timestamp_seconds",
    "When the service last took something. Absent before.",
    query="time() - job_agent_last_success_timestamp_seconds > 600",
)
BACKOFF = Metric(
    "job_agent_backoff_seconds",
    "Time that the service is left alone after it failed, the longer of that for events and for samples. 0 in health.",
    query="job_agent_backoff_seconds > 0",
)
SAMPLES = Metric(
    "job_agent_samples_total",
    "Samples by what became of them: stored, refused, or dropped because too many waited.",
    ("outcome",),
    "counter",
    query='increase(job_agent_samples_total{outcome!="stored"}[1h]) > 0',
)
SAMPLES_WAITING = Metric(
    "job_agent_samples_waiting",
    "Samples in memory that are still to be sent.",
    query="job_agent_samples_waiting",
)
OBSERVER_ERRORS = Metric(
    "job_agent_observer_errors_total",
    "Events that the agent forwards and does not understand itself: faults of the program.",
    kind="counter",
    query="increase(job_agent_observer_errors_total[1h]) > 0",
)

METRICS = (
    EVENTS,
    WAITING,
    OLDEST,
    SPOOL_BYTES,
    SPOOL_UP,
    REFUSED_FILES,
    SERVICE_UP,
    REQUESTS,
    LAST_SUCCESS,
    BACKOFF,
    SAMPLES,
    SAMPLES_WAITING,
    OBSERVER_ERRORS,
)


def families(spool: Spool, waiting: Waiting, samples: Samples, counts: Counts) -> Iterator[Family]:
    """Yield how the forwarding fares."""
    yield Family(EVENTS, [((outcome,), counts.events[outcome]) for outcome in EVENT_OUTCOMES])
    yield scalar(WAITING, len(waiting))
    yield scalar(OLDEST, waiting.age())
    yield scalar(SPOOL_BYTES, waiting.bytes)
    yield scalar(SPOOL_UP, counts.spool_up)
    yield scalar(REFUSED_FILES, len(spool.refused_files()))
    yield scalar(SERVICE_UP, counts.service_up)
    yield Family(REQUESTS, [((outcome,), counts.requests[outcome]) for outcome in OUTCOMES])
    yield Family(LAST_SUCCESS, [] if counts.last_success is None else [((), counts.last_success)])
    yield scalar(BACKOFF, counts.pause)
    yield Family(SAMPLES, [((outcome,), counts.samples[outcome]) for outcome in SAMPLE_OUTCOMES])
    yield scalar(SAMPLES_WAITING, len(samples))
    yield scalar(OBSERVER_ERRORS, counts.observer_errors)
