"""Sources of data that refresh themselves in the background, each in a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from ..slurm.command import SlurmError, Stopping, one_line
from .topic import Topic

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True)
class Health:
    """How a source fares. Times in seconds; ``last_success`` since 1970, None before the first."""

    up: bool = False
    attempts: int = 0
    errors: int = 0
    rejected_lines: int = 0
    duration: float = 0.0
    last_success: float | None = None


class Source(Generic[T]):
    """Reads its topic again and again, and keeps the last good answer.

    A source that hangs or fails touches no other one; it recovers with the next answer.
    """

    def __init__(self, topic: Topic[T]) -> None:
        self.topic = topic
        self.name = topic.name
        self._state: tuple[T | None, Health] = (None, Health())

    @property
    def answer(self) -> T | None:
        """The last good answer, or None before the first."""
        return self._state[0]

    @property
    def health(self) -> Health:
        """How the last refresh went."""
        return self._state[1]

    def refresh(self) -> None:
        """Ask once. Never raises: a failure shows in :attr:`health` and in the log."""
        answer, health = self._state
        began = time.monotonic()
        try:
            reading = self.topic.read()
        except Exception as error:
            self._note_failure(error, health)
            health = replace(health, up=False, errors=health.errors + 1)
        else:
            self._note_success(health)
            answer = reading.answer
            rejected_lines = health.rejected_lines + reading.rejected_lines
            health = replace(health, up=True, rejected_lines=rejected_lines, last_success=time.time())
        duration = time.monotonic() - began
        self._state = (answer, replace(health, attempts=health.attempts + 1, duration=duration))

    def run(self, stop: threading.Event, published: Callable[[Source[Any]], None]) -> None:
        """Refresh at a fixed pace until ``stop`` is set, and call ``published`` with itself after each refresh."""
        interval, due = self.topic.interval, time.monotonic()
        while not stop.is_set():
            self.refresh()
            try:
                published(self)
            except Exception:  # the thread must live on, whatever the fault
                log.exception("%s: what it said cannot be shown; this is a fault of the program", self.name)
            # A refresh that took longer than the interval skips the turns it missed.
            due += interval * (1 + max(0.0, time.monotonic() - due) // interval)
            stop.wait(due - time.monotonic())

    def _note_failure(self, error: Exception, before: Health) -> None:
        # One line when it begins: an outage of hours should not fill the journal.
        begins = (before.up or before.attempts == 0) and not isinstance(error, Stopping)
        level = logging.WARNING if begins else logging.DEBUG
        if isinstance(error, SlurmError):
            log.log(level, "%s: %s; the last good values stay", self.name, one_line(str(error)))
        else:
            log.log(level, "%s: this is a fault of the program; the last good values stay", self.name, exc_info=error)

    def _note_success(self, before: Health) -> None:
        if not before.up and before.attempts:
            log.info("%s: answers again", self.name)
