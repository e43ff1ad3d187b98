"""Sources of data that refresh themselves in the background, each in a thread of its own."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any, Generic, TypeVar

from ..slurm.command import SlurmError, Stopping, one_line
from .topic import Topic

log = logging.getLogger(__name__)

T = TypeVar("T")

# After a failure: the shortest pause of a source that is asked seldom, and the longest of one that is asked often.
RETRY_SECONDS = 15.0
RETRY_TURNS = 4
LONGEST_PAUSE_SECONDS = 300.0

_chance = random.SystemRandom()


@dataclass(frozen=True)
class Health:
    """How a source fares. Times in seconds; ``last_success`` since 1970, None before the first.

    ``failures`` are those since the last success. ``pause`` is the time to the next refresh where the last one failed,
    else 0. ``rate_limited`` counts the failures that were Slurm's wish to be asked less often.
    """

    up: bool = False
    attempts: int = 0
    errors: int = 0
    failures: int = 0
    rate_limited: int = 0
    rejected_lines: int = 0
    duration: float = 0.0
    pause: float = 0.0
    last_success: float | None = None
    answered_at: float | None = None

    @property
    def age(self) -> float | None:
        """Seconds since the last success, None before the first. A step of the clock does not change it."""
        return None if self.answered_at is None else _uptime() - self.answered_at


class _Mode(Enum):
    RUNNING = auto()
    RESTING = auto()
    STOPPED = auto()


class Source(Generic[T]):
    """Reads its topic again and again, and keeps the last good answer.

    A source that hangs or fails touches no other one; it recovers with the next answer. Each refresh is made inside
    ``turn``: those that share one wait for each other.
    """

    def __init__(self, topic: Topic[T], turn: AbstractContextManager[Any] | None = None) -> None:
        self.topic = topic
        self.name = topic.name
        self._turn = turn or nullcontext()
        self._state: tuple[T | None, Health] = (None, Health())
        self._mode = _Mode.RUNNING
        self._mode_changed = threading.Condition()

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
        with self._turn:
            answer, health = self._state
            began = time.monotonic()
            try:
                reading = self.topic.read()
            except Exception as error:
                if answer is None:
                    with suppress(Exception):  # the failure that is noted says what is wrong
                        answer = self.topic.kept()
                self._note_failure(error, health, answer)
                health = self._after_failure(health, error)
            else:
                self._note_success(health)
                answer = reading.answer
                health = _after_success(health, reading.rejected_lines)
            duration = time.monotonic() - began
            self._state = (answer, replace(health, attempts=health.attempts + 1, duration=duration))

    @property
    def resting(self) -> bool:
        """True when :meth:`run` leaves Slurm alone."""
        return self._mode is _Mode.RESTING

    def rest(self) -> None:
        """Let :meth:`run` forget what it knows, let go of what it holds, and wait."""
        self._set_mode(_Mode.RESTING)

    def wake(self) -> None:
        """Let :meth:`run` go on at once."""
        self._set_mode(_Mode.RUNNING)

    def stop(self) -> None:
        """Let :meth:`run` end."""
        self._set_mode(_Mode.STOPPED)

    def run(self, published: Callable[[Source[Any]], None]) -> None:
        """Refresh until :meth:`stop`, and call ``published`` with itself after each refresh.

        The first refresh begins at once; those after it keep a steady beat from a random moment on, so that neither
        the sources of one exporter nor the exporters of one Slurm ask all at the same time.
        """
        due: float | None = None
        while (mode := self._mode) is not _Mode.STOPPED:
            if mode is _Mode.RESTING:
                self.topic.rest()
                self._state = (None, Health())
                self._wait_while(mode)
                due = None
                continue
            began = time.monotonic()
            self.refresh()
            try:
                published(self)
            except Exception:  # the thread must live on, whatever the fault
                log.exception("%s: what it said cannot be shown; this is a fault of the program", self.name)
            due = self._next(began if due is None else due, due is None)
            self._wait_while(mode, due - time.monotonic())

    def _next(self, due: float, first: bool) -> float:
        """Return when the next refresh is due, given when this one was."""
        now, interval = time.monotonic(), self.topic.interval
        if self.health.failures:
            return now + self.health.pause
        if first:
            due -= _chance.uniform(0, interval / 2)
        # A refresh that took longer than the interval skips the turns it missed.
        return due + interval * (1 + max(0.0, now - due) // interval)

    def _wait_while(self, mode: _Mode, seconds: float | None = None) -> None:
        with self._mode_changed:
            self._mode_changed.wait_for(lambda: self._mode is not mode, seconds)

    def _set_mode(self, mode: _Mode) -> None:
        with self._mode_changed:
            if self._mode is not _Mode.STOPPED:
                self._mode = mode
            self._mode_changed.notify_all()

    def _after_failure(self, health: Health, error: Exception) -> Health:
        wanted = error.retry_after if isinstance(error, SlurmError) else None
        failures = health.failures + 1
        # A random time: a Slurm that comes back is not met by everybody at once.
        pause = max(_chance.uniform(*pauses(self.topic.interval, failures)), wanted or 0.0)
        return replace(
            health,
            up=False,
            errors=health.errors + 1,
            failures=failures,
            rate_limited=health.rate_limited + (wanted is not None),
            pause=min(pause, LONGEST_PAUSE_SECONDS),
        )

    def _note_failure(self, error: Exception, before: Health, answer: T | None) -> None:
        # One line when it begins: an outage of hours should not fill the journal.
        begins = (before.up or before.attempts == 0) and not isinstance(error, Stopping)
        level = logging.WARNING if begins else logging.DEBUG
        served = "it has no values yet" if answer is None else "the last good values stay"
        if isinstance(error, SlurmError):
            log.log(level, "%s: %s; %s", self.name, one_line(str(error)), served)
        else:
            log.log(level, "%s: this is a fault of the program; %s", self.name, served, exc_info=error)

    def _note_success(self, before: Health) -> None:
        if not before.up and before.attempts:
            log.info("%s: answers again", self.name)


def pauses(interval: float, failures: int) -> tuple[float, float]:
    """Return the shortest and the longest time in seconds to leave Slurm alone after so many failures in a row.

    The range doubles with each failure. A source that is asked often never asks more often than it does in health, and
    tries again within four intervals; one that is asked seldom tries again sooner than it would in health.
    """
    shortest = min(interval, RETRY_SECONDS)
    limit = min(max(interval, RETRY_TURNS * shortest), LONGEST_PAUSE_SECONDS)
    return shortest, min(shortest * 2 ** min(failures, 10), limit)


def _after_success(health: Health, rejected_lines: int) -> Health:
    return replace(
        health,
        up=True,
        failures=0,
        pause=0.0,
        rejected_lines=health.rejected_lines + rejected_lines,
        last_success=time.time(),
        answered_at=_uptime(),
    )


def _uptime() -> float:
    # Unlike the monotonic clock it goes on while the machine is suspended.
    return time.clock_gettime(time.CLOCK_BOOTTIME)
