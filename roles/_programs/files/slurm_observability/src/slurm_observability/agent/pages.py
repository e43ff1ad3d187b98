"""The pages of job-agent."""

from __future__ import annotations

from http import HTTPStatus

from .. import __version__
from ..metrics.exposition import CONTENT_TYPE
from ..web.server import TEXT, Page
from .agent import Agent

INDEX = f"job-agent {__version__}\n\n/metrics\n/-/healthy\n/-/ready\n"


class AgentPages:
    """What an agent shows."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    def page(self, path: str) -> Page | None:
        """Return the page at a path, or None where there is none."""
        if path == "/metrics":
            return Page(CONTENT_TYPE, self._agent.metrics())
        if path == "/-/healthy":
            return Page(TEXT, b"healthy\n")
        if path == "/-/ready":
            if self._agent.ready:
                return Page(TEXT, b"ready\n")
            return Page(TEXT, b"the spool has not been read\n", HTTPStatus.SERVICE_UNAVAILABLE)
        return Page(TEXT, INDEX.encode()) if path == "/" else None
