"""Every metric of the exporter by what it is about. The reference page is made from this."""

from __future__ import annotations

from collections.abc import Sequence

from . import cap, discovery, health
from .custom import topic as custom
from .metric import Metric
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


def groups() -> dict[str, Sequence[Metric]]:
    """Return all metrics by heading, in the order of the reference page."""
    return {
        "Queue": jobs.METRICS,
        "Running jobs": running_jobs.METRICS,
        "Nodes": nodes.METRICS,
        "Partitions": partitions.METRICS,
        "History": history.METRICS,
        "Efficiency of ended jobs": efficiency.METRICS,
        "Fair share": fairshare.METRICS,
        "Limits": limits.METRICS,
        "Reservations": reservations.METRICS,
        "Licenses": licenses.METRICS,
        "Scheduler and slurmctld": scheduler.METRICS,
        "Cluster and federation": federation.METRICS,
        "Metrics of the site": custom.METRICS,
        "Controllers": controllers.METRICS,
        "Target discovery": discovery.METRICS,
        "The exporter itself": (*health.METRICS, *cap.METRICS),
    }


def names() -> set[str]:
    """Return every name that a sample of the exporter can have, those of the process too."""
    found = {metric.name for metrics in groups().values() for metric in metrics}
    histograms = {metric.name for metrics in groups().values() for metric in metrics if metric.kind == "histogram"}
    return found | {f"{name}{suffix}" for name in histograms for suffix in ("_bucket", "_count", "_sum")} | PROCESS
