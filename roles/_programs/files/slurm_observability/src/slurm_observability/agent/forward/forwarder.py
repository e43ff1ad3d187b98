"""Send what waits to the service, until it has it: events first, then samples."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import Protocol

from .client import FAILED, ServiceError
from .link import Link

log = logging.getLogger(__name__)

IDLE_SECONDS = 10.0


class Sender(Protocol):
    """Sends one kind of thing, by its own link."""

    link: Link

    def send(self) -> bool:
        """Send some of what waits. Return whether there was any. Raises ServiceError."""


class Forwarder:
    """Empties what waits, and pauses where the service fails. ``more`` is set when there is something to send.

    The first of the senders goes before the others: while the service does not take what that one sends, they wait,
    too. What the service does not take of a later one holds up none before it.
    """

    def __init__(self, senders: Sequence[Sender], more: threading.Event) -> None:
        self._senders = senders
        self._more = more
        self._stopped = threading.Event()

    def run(self) -> None:
        """Send until :meth:`stop`."""
        while not self._stopped.is_set():
            self.send()
            rests = [sender.link.rest for sender in self._senders]
            self._more.wait(min(filter(None, rests), default=IDLE_SECONDS))
            self._more.clear()

    def stop(self) -> None:
        """Let :meth:`run` end, when the request that is under way has ended."""
        self._stopped.set()
        self._more.set()

    def send(self) -> None:
        """Send all that waits and that the service may be asked to take. Never raises."""
        while not self._stopped.is_set() and self._send_some():
            pass

    def _send_some(self) -> bool:
        """Let the first sender that has something send of it. Return whether one had."""
        for sender in self._senders:
            if sender.link.rest:
                return False
            try:
                if sender.send():
                    return True
            except ServiceError as error:
                sender.link.note_failure(error)
                return False
            except Exception as error:  # the thread must live on, whatever the fault
                log.exception("forwarding: this is a fault of the program")
                sender.link.note_failure(ServiceError(FAILED, f"a fault of the program: {type(error).__name__}"))
                return False
        return False
