"""Every metric of the exporter by what it is about. The reference page is made from this."""

from __future__ import annotations

from collections.abc import Sequence

from ..metrics.metric import Metric
from . import cap, discovery, health
from .custom import topic as custom
from .topics import (
    controllers,
    efficiency,
    fairshare,
    federation,
    history,
    jobs,
    licenses,
    limits,
    nodes,
    partitions,
    reservations,
    running_jobs,
    scheduler,
)

# What prometheus_client tells about the process.
PROCESS = {
    f"process_{name}"
    for name in (
        "virtual_memory_bytes",
        "resident_memory_bytes",
        "start_time_seconds",
        "cpu_seconds_total",
        "open_fds",
        "max_fds",
    )
}


_TOPICS = {
    "Queue": jobs,
    "Running jobs": running_jobs,
    "Nodes": nodes,
    "Partitions": partitions,
    "History": history,
    "Efficiency of ended jobs": efficiency,
    "Fair share": fairshare,
    "Limits": limits,
    "Reservations": reservations,
    "Licenses": licenses,
    "Scheduler and slurmctld": scheduler,
    "Cluster and federation": federation,
    "Controllers": controllers,
}


def groups() -> dict[str, Sequence[Metric]]:
    """Return all metrics by heading, in the order of the reference page."""
    return {
        **{title: topic.METRICS for title, topic in _TOPICS.items()},
        "Metrics of the site": custom.METRICS,
        "Target discovery": discovery.METRICS,
        "The exporter itself": (*health.METRICS, *cap.METRICS),
    }


def source(title: str) -> str:
    """Return the name of the source behind the metrics under a heading, empty where they have none of their own."""
    return _TOPICS[title].NAME if title in _TOPICS else ""


def names() -> set[str]:
    """Return every name that a sample of the exporter can have, those of the process too."""
    found = {metric.name for metrics in groups().values() for metric in metrics}
    histograms = {metric.name for metrics in groups().values() for metric in metrics if metric.kind == "histogram"}
    return found | {f"{name}{suffix}" for name in histograms for suffix in ("_bucket", "_count", "_sum")} | PROCESS
