"""Every metric of the agent by what it is about. The reference page is made from this."""

from __future__ import annotations

from collections.abc import Sequence

from ..metrics.metric import Metric
from . import own_process
from .forward import families as forwarding
from .topics import gpu_reader, gpus, health, jobs, node, steps


def groups() -> dict[str, Sequence[Metric]]:
    """Return all metrics by heading, in the order of the reference page."""
    return {
        "Jobs": jobs.METRICS,
        "GPUs of jobs": gpus.METRICS,
        "Steps of jobs, with --step-metrics yes": steps.METRICS,
        "The node": node.METRICS,
        "Forwarding": forwarding.METRICS,
        "Looking at the node": health.METRICS,
        "Reading the GPUs": gpu_reader.METRICS,
        "The agent itself": own_process.METRICS,
    }
