"""The forwarding put together: a thread that watches the spool, and one that sends."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Sequence

from ...jobs.spool import Spool
from ...metrics.metric import AnyFamily
from ..part import Observer
from ..settings import Settings
from .client import Client
from .counts import Counts
from .event_sender import EVENTS_PATH, EventSender
from .families import families
from .forwarder import Forwarder
from .link import Link
from .outbox import SpoolOutbox
from .sample_sender import SAMPLES_PATH, SampleSender
from .samples import Samples
from .waiting import Waiting
from .watcher import Watcher

log = logging.getLogger(__name__)


class Forwarding:
    """The part of the agent that brings events and samples to the service.

    The service can hang or be gone: observers hear of events all the same, since another thread sends.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._counts = Counts()
        self._spool = Spool(settings.spool)
        more = threading.Event()
        self._waiting = Waiting(more)
        self._samples = Samples(self._counts, more)
        self.outbox = SpoolOutbox(self._spool, self._samples, self._counts)
        self._observers: list[Observer] = []
        self._watcher = Watcher(settings, self._spool, self._waiting, self._counts, self._observers)
        self._client = Client(settings)
        if self._client.shows_token:
            log.warning("the token goes to %s in plain text; give the service a certificate", settings.url)
        events = EventSender(
            settings, self._spool, self._waiting, self._counts, Link(self._client, EVENTS_PATH, self._counts)
        )
        samples = SampleSender(self._samples, self._counts, Link(self._client, SAMPLES_PATH, self._counts))
        self._forwarder = Forwarder((events, samples), more)

    def tell(self, observers: Sequence[Observer]) -> None:
        """Let observers hear of every event. Comes before the start."""
        self._observers.extend(observers)

    @property
    def ready(self) -> bool:
        """True when the spool could be read."""
        return self._counts.spool_up

    def start(self) -> None:
        """Start both threads."""
        for name, run in (("spool", self._watcher.run), ("service", self._forward)):
            threading.Thread(target=run, name=name, daemon=True).start()

    def stop(self) -> None:
        """Let both threads end. What still waits is in the spool, and is sent after the next start."""
        self._watcher.stop()
        self._forwarder.stop()

    def families(self) -> Iterable[AnyFamily]:
        """Return how it fares."""
        return families(self._spool, self._waiting, self._samples, self._counts)

    def _forward(self) -> None:
        self._forwarder.run()
        self._client.close()
