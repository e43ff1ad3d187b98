"""The agent itself: its version, and what it costs."""

from __future__ import annotations

import platform
from collections.abc import Iterator

from .. import __version__
from ..metrics import process
from ..metrics.metric import Family, Metric

BUILD_INFO = Metric(
    "job_agent_build_info",
    "Always 1; the version is in a label.",
    ("version", "pythonversion"),
    query="count by (version) (job_agent_build_info)",
)

METRICS = (BUILD_INFO, *process.METRICS)


def families() -> Iterator[Family]:
    """Yield what the agent is, and what it costs."""
    yield Family(BUILD_INFO, [((__version__, platform.python_version()), 1)])
    yield from process.families()
