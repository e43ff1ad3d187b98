"""The agent put together: what forwards, and what observes."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from ..metrics.exposition import render
from . import own_process
from .forward.forwarding import Forwarding
from .part import Observer, Part
from .settings import NODE, Settings
from .wiring import observing_parts

log = logging.getLogger(__name__)


class Agent:
    """Holds the parts. :meth:`start` and :meth:`stop` are those of all of them."""

    def __init__(self, settings: Settings) -> None:
        self._forwarding = Forwarding(settings)
        observing = observing_parts(settings, self._forwarding.outbox) if settings.mode == NODE else ()
        self._forwarding.tell([part for part in observing if isinstance(part, Observer)])
        self._parts: Sequence[Part] = [*observing, self._forwarding]

    def start(self) -> None:
        """Start each part. What observes comes first: no event passes it by."""
        for part in self._parts:
            part.start()

    def stop(self) -> None:
        """Stop each part."""
        for part in self._parts:
            part.stop()

    @property
    def ready(self) -> bool:
        """True when the spool has been read."""
        return self._forwarding.ready

    def metrics(self) -> bytes:
        """Return all metrics in Prometheus' text format. A part that fails shows nothing, and the others all."""
        return b"".join([*map(_text, self._parts), render(own_process.families())])


def _text(part: Part) -> bytes:
    try:
        return render(part.families())
    except Exception:
        log.exception("%s cannot be shown; this is a fault of the program", type(part).__name__)
        return b""
