"""The pages of azslurm-exporter."""

from __future__ import annotations

from http import HTTPStatus

from .. import __version__
from ..metrics.exposition import CONTENT_TYPE
from ..web.server import JSON, TEXT, Page
from .discovery import SCRAPE_JOBS
from .exporter import Exporter

INDEX = "\n".join(
    [
        f"azslurm-exporter {__version__}",
        "",
        "/metrics",
        "/-/healthy",
        "/-/ready",
        *(f"/sd/{job}" for job in SCRAPE_JOBS),
        "",
    ]
)


class ExporterPages:
    """What an exporter shows."""

    def __init__(self, exporter: Exporter) -> None:
        self._exporter = exporter

    def page(self, path: str) -> Page | None:
        """Return the page at a path, or None where there is none."""
        if path == "/metrics":
            of_last_refresh, of_now = self._exporter.metrics()
            return Page(CONTENT_TYPE, of_last_refresh, tail=of_now)
        if path == "/-/healthy":
            return Page(TEXT, b"healthy\n")
        if path == "/-/ready":
            if self._exporter.ready:
                return Page(TEXT, b"ready\n")
            return Page(TEXT, b"waiting for the first answers of Slurm\n", HTTPStatus.SERVICE_UNAVAILABLE)
        if path == "/":
            return Page(TEXT, INDEX.encode())
        job = path.removeprefix("/sd/")
        return self._targets(job) if job != path and job in SCRAPE_JOBS else None

    def _targets(self, job: str) -> Page:
        document = self._exporter.discovery.document(job)
        if document is not None:
            return Page(JSON, document)
        # An error, and not an empty list: Prometheus keeps the targets it has.
        return Page(TEXT, b"Slurm has not answered yet\n", HTTPStatus.SERVICE_UNAVAILABLE)
