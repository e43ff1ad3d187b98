"""Takes what the agent itself has to tell the service."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from ...jobs.event import JobEvent
from ...jobs.sample import JobSample, NodeSample
from ...jobs.spool import Spool
from .counts import UNWRITTEN, Counts
from .samples import Samples
from .seldom import Seldom

log = logging.getLogger(__name__)


class SpoolOutbox:
    """Puts events into the spool, where they go the way of the hooks', and samples into memory."""

    def __init__(self, spool: Spool, samples: Samples, counts: Counts) -> None:
        self._spool = spool
        self._samples = samples
        self._counts = counts
        self._seldom = Seldom(log)

    def put_event(self, event: JobEvent) -> None:
        """Send an event that no hook wrote."""
        try:
            self._spool.put(event)
        except OSError as error:
            self._counts.events[UNWRITTEN] += 1
            self._seldom.warn("unwritten", "the spool takes no event of the agent's own: %s", error.strerror)

    def put_samples(self, samples: Sequence[JobSample], nodes: Sequence[NodeSample]) -> None:
        """Send samples."""
        self._samples.put(samples, nodes)
