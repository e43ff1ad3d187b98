"""Every metric of the exporter by what it is about. The reference page is made from this."""

from __future__ import annotations

from collections.abc import Sequence

from . import cap, discovery, health
from .metric import Metric
from .topics import history, jobs, nodes


def groups() -> dict[str, Sequence[Metric]]:
    """Return all metrics by heading, in the order of the reference page."""
    return {
        "Queue": jobs.METRICS,
        "Nodes": nodes.METRICS,
        "History": history.METRICS,
        "Target discovery": discovery.METRICS,
        "The exporter itself": (*health.METRICS, *cap.METRICS),
    }
