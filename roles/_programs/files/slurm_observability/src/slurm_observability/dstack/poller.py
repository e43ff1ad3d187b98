"""Asks a dstack server again and again, and keeps its last answer."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from typing import Protocol

from ..metrics.exposition import render
from . import metrics
from .client import FAILED, FAILURES, DstackError
from .instance import Instance

log = logging.getLogger(__name__)


class Dstack(Protocol):
    """What is asked."""

    def instances(self) -> list[Instance]:
        """Return all instances. Raises DstackError."""


class Poller:
    """Holds what the server said last. A server that fails changes nothing but :data:`metrics.UP`.

    What was true of an instance most likely still is. Without it, alerts about instances would clear when they can no
    longer be looked at.
    """

    def __init__(self, dstack: Dstack, interval: float) -> None:
        self._dstack = dstack
        self._interval = interval
        self._stopping = threading.Event()
        self._instances: Sequence[Instance] = ()
        self._up: bool | None = None
        self._last_success: float | None = None
        self._duration = 0.0
        self._errors = dict.fromkeys(FAILURES, 0)

    def start(self) -> None:
        """Ask from now on, in a thread."""
        threading.Thread(target=self._run, name="poll", daemon=True).start()

    def stop(self) -> None:
        """Ask no more."""
        self._stopping.set()

    def poll(self) -> None:
        """Ask once. Raises DstackError, after it has been counted."""
        began = time.monotonic()
        try:
            self._instances = self._dstack.instances()
        except Exception as error:
            self._errors[error.outcome if isinstance(error, DstackError) else FAILED] += 1
            self._up = False
            raise
        finally:
            self._duration = time.monotonic() - began
        self._up = True
        self._last_success = time.time()

    def metrics(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        questions = metrics.of_questions(self._up, self._last_success, self._duration, list(self._errors.items()))
        return render([*metrics.of_instances(self._instances), *questions, *metrics.of_program()])

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._poll_and_log()
            self._stopping.wait(self._interval)

    def _poll_and_log(self) -> None:
        before = self._up
        try:
            self.poll()
        except DstackError as error:
            # One line when it begins: an outage of hours should not fill the journal.
            log.log(logging.DEBUG if before is False else logging.WARNING, "%s; the last answer stays", error)
        except Exception:  # the thread must live on, whatever the fault
            log.exception("this is a fault of the program; the last answer stays")
        else:
            if before is False:
                log.info("dstack answers again")
