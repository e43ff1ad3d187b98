"""The events in the spool, in the order in which the archive takes them on."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from ..jobs.event import EPILOG_SLURMCTLD, PROLOG_SLURMCTLD, STARTED, JobEvent
from ..jobs.hook_event import event_of
from ..jobs.hook_record import Incomplete, RecordError
from ..jobs.spool import Spool, parse_name
from .reading import NotNow

log = logging.getLogger(__name__)

# Of slurmctld's hooks, which run once for each run of a job. Those of nodes are none of the archive's.
_ORIGINS = (PROLOG_SLURMCTLD, EPILOG_SLURMCTLD)
# A hook writes for milliseconds: what has no end by now gets none.
INCOMPLETE_SECONDS = 60.0
# After an event that has to wait, seconds until it is tried again.
RETRY_SECONDS = 60.0
# Each event may take as long as a file server that does not answer. After this time the spool is looked at anew.
PASS_SECONDS = 2.0
_MICROSECOND = 1e-6


class Inbox:
    """Takes events from the spool. An event stays there until it is done with, so an archive that is killed loses none.

    Of more than ``max_waiting`` events the oldest are dropped. An event that could not be handled is tried again for
    ``patience`` seconds.
    """

    def __init__(self, directory: Path, max_waiting: int, patience: float) -> None:
        self._spool = Spool(directory, "surrogateescape")
        self._watched = Spool(directory)  # a spool is for one thread; bound() has another than work()
        self._max_waiting = max_waiting
        self._patience = patience
        self._retries: dict[str, float] = {}
        self._first_failed: dict[str, float] = {}  # of what could not be used yet
        self._unfinished = False
        self._usable = True
        self.waiting = 0
        self.oldest: float | None = None
        self.handled = 0
        self.dropped = 0
        self.refused = 0
        self.postponed = 0

    def work(self, now: float, archive: Callable[[JobEvent], None]) -> None:
        """Hand events to ``archive``, those of starts first: a script is there only for so long.

        One for which ``archive`` raises NotNow is tried again later. What takes long goes on the next time, after
        the starts that have come meanwhile. ``now`` is in seconds, by a clock that is never set.
        """
        nothing_new = not self._unfinished and not self._spool.changed()
        if nothing_new and min(self._retries.values(), default=now + 1) > now:
            return
        until = time.monotonic() + PASS_SECONDS
        self._unfinished = False
        names: Iterable[str] = ()
        with suppress(OSError):  # bound() says so
            names = self._look(now)
        for name in names:
            try:
                self._handle(name, now, archive)
            except OSError as error:
                log.debug("%s cannot be used now: %s", name, error)
                self._retries[name] = now + RETRY_SECONDS
            if time.monotonic() >= until:
                self._unfinished = True
                return

    def bound(self) -> None:
        """Drop the oldest events beyond the bound, and count what waits. Works while :meth:`work` hangs."""
        try:
            listing = self._watched.look(self._max_waiting)
            excess = max(0, listing.total - self._max_waiting)
            for name in listing.events[:excess]:
                self._watched.remove(name)
                self.dropped += 1
        except OSError as error:
            if self._usable:
                log.error("%s cannot be used: %s", self._watched.directory, error.strerror)
            self._usable = False
            return
        self._usable = True
        if excess:
            log.error("%d events were dropped: more than %d waited", excess, self._max_waiting)
        self.waiting = listing.total - excess
        self.oldest = min(map(_time, listing.events[excess:]), default=None)

    def _look(self, now: float) -> Iterable[str]:
        listing = self._spool.look(self._max_waiting)
        for name in listing.temporary:
            self._settle(name, now)
        there = {*listing.events, *listing.temporary}
        self._retries = {name: due for name, due in self._retries.items() if name in there}
        self._first_failed = {name: failed for name, failed in self._first_failed.items() if name in there}
        due = [name for name in listing.events if self._retries.get(name, 0.0) <= now]
        return sorted(due, key=_is_no_start)

    def _handle(self, name: str, now: float, archive: Callable[[JobEvent], None]) -> None:
        try:
            event = event_of(self._spool.read(name))
        except RecordError as error:
            if isinstance(error, Incomplete) and self._failed_for(name, now) < INCOMPLETE_SECONDS:
                self._retries[name] = now + 1
                return
            log.warning("%s is refused: %s", name, error)
            self._spool.refuse(name)
            self.refused += 1
            return
        try:
            if event.origin in _ORIGINS:
                archive(event)
        except NotNow as error:
            if self._failed_for(name, now) < self._patience:
                log.debug("job %d has to wait: %s", event.job_id, error)
                self._retries[name] = now + RETRY_SECONDS
                self.postponed += 1
                return
            log.error("job %d is given up: %s", event.job_id, error)
            self.dropped += 1
        else:
            self.handled += 1
        self._spool.remove(name)

    def _settle(self, name: str, now: float) -> None:
        """Take on, or remove, a file that its writer has left behind."""
        if self._failed_for(name, now) < INCOMPLETE_SECONDS:
            self._retries[name] = now + RETRY_SECONDS
            return
        with suppress(OSError):
            try:
                self._spool.adopt(name)
            except RecordError:
                self._spool.remove(name)

    def _failed_for(self, name: str, now: float) -> float:
        """Return for how many seconds a file could not be used."""
        return now - self._first_failed.setdefault(name, now)


def _is_no_start(name: str) -> bool:
    found = parse_name(name)
    return found is None or found.kind != STARTED


def _time(name: str) -> float:
    found = parse_name(name)
    return found.microseconds * _MICROSECOND if found else 0.0
