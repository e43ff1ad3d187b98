"""The pages of dstack-poller."""

from __future__ import annotations

from .. import __version__
from ..metrics.exposition import CONTENT_TYPE
from ..web.server import TEXT, Page
from .options import PROGRAM
from .poller import Poller

INDEX = f"{PROGRAM} {__version__}\n\n/metrics\n/-/healthy\n"


class PollerPages:
    """What a poller shows."""

    def __init__(self, poller: Poller) -> None:
        self._poller = poller

    def page(self, path: str) -> Page | None:
        """Return the page at a path, or None where there is none."""
        if path == "/metrics":
            return Page(CONTENT_TYPE, self._poller.metrics())
        if path == "/-/healthy":
            return Page(TEXT, b"healthy\n")
        return Page(TEXT, INDEX.encode()) if path == "/" else None
