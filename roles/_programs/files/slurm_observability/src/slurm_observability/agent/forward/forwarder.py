"""Send what waits to the service, until it has it: events first, then samples."""

from __future__ import annotations

import logging
import threading

from .client import FAILED, ServiceError
from .counts import Counts
from .event_sender import EventSender
from .link import Link
from .sample_sender import SampleSender

log = logging.getLogger(__name__)

IDLE_SECONDS = 10.0


class Forwarder:
    """Empties what waits, and pauses where the service fails. ``more`` is set when there is something to send."""

    def __init__(
        self, link: Link, events: EventSender, samples: SampleSender, counts: Counts, more: threading.Event
    ) -> None:
        self._link = link
        self._senders = (events, samples)
        self._counts = counts
        self._more = more
        self._stopped = threading.Event()

    def run(self) -> None:
        """Send until :meth:`stop`."""
        while not self._stopped.is_set():
            self.send()
            if self._counts.pause:
                self._stopped.wait(self._counts.pause)
            else:
                self._more.wait(IDLE_SECONDS)
                self._more.clear()
        self._link.close()

    def stop(self) -> None:
        """Let :meth:`run` end, when the request that is under way has ended."""
        self._stopped.set()
        self._more.set()

    def send(self) -> None:
        """Send all that waits. Never raises: a failure sets how long to pause."""
        try:
            while not self._stopped.is_set() and any(sender.send() for sender in self._senders):
                pass
        except ServiceError as error:
            self._link.note_failure(error)
        except Exception as error:  # the thread must live on, whatever the fault
            log.exception("forwarding: this is a fault of the program")
            self._link.note_failure(ServiceError(FAILED, f"a fault of the program: {type(error).__name__}"))
        else:
            self._counts.pause = 0.0
