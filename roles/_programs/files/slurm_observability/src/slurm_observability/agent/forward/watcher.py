"""Watch the spool: tell observers of each event, and let it wait to be forwarded."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence

from ...jobs.hook_event import event_of
from ...jobs.hook_record import Incomplete, RecordError
from ...jobs.spool import Listing, Spool, parse_name
from ...slurm.command import one_line
from ..part import Observer
from ..settings import Settings
from .counts import DROPPED, UNREADABLE, Counts
from .seldom import Seldom
from .surplus import surplus
from .waiting import Waiting

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
# A look at a spool of tens of thousands takes time: it is given this share of a processor, within limits.
LOOK_SHARE = 0.05
LONGEST_PAUSE_SECONDS = 5.0
# Even when nothing seems to have changed.
LOOK_ANYWAY_SECONDS = 60.0
# So long may a writer take, or a file be unreadable, before it is refused.
PATIENCE_SECONDS = 60.0
# So many more than may wait are looked at, so that the surplus can be chosen.
SURPLUS_EVENTS = 50_000


class Watcher:
    """Looks at the spool again and again. Whatever it finds there, it goes on."""

    def __init__(
        self, settings: Settings, spool: Spool, waiting: Waiting, counts: Counts, observers: Sequence[Observer]
    ) -> None:
        self._settings = settings
        self._spool = spool
        self._waiting = waiting
        self._counts = counts
        self._observers = observers
        self._seldom = Seldom(log)
        self._first_seen: dict[str, float] = {}  # of what cannot be used yet
        self._looked = 0.0
        self._stopped = threading.Event()

    def run(self) -> None:
        """Look until :meth:`stop`."""
        pause = 0.0
        while not self._stopped.wait(pause):
            began = time.monotonic()
            self.look()
            pause = min(max(LOOK_SECONDS, (time.monotonic() - began) / LOOK_SHARE), LONGEST_PAUSE_SECONDS)

    def stop(self) -> None:
        """Let :meth:`run` end."""
        self._stopped.set()

    def look(self) -> None:
        """Look once, where something may have changed. Never raises."""
        try:
            if self._due():
                listing = self._spool.look(self._settings.max_spool_events + SURPLUS_EVENTS)
                self._looked = time.monotonic()
                self._take(listing)
        except OSError as error:
            self._counts.spool_up = False
            self._seldom.warn("spool", "the spool %s cannot be read: %s", self._spool.directory, error.strerror)
        except Exception:  # the thread must live on, whatever the fault
            log.exception("the spool: this is a fault of the program")
        else:
            self._counts.spool_up = True

    def _due(self) -> bool:
        waited = time.monotonic() - self._looked > LOOK_ANYWAY_SECONDS
        return not self._counts.spool_up or waited or bool(self._first_seen) or self._spool.changed()

    def _take(self, listing: Listing) -> None:
        there = {*listing.events, *listing.temporary}
        self._waiting.keep(there)
        self._first_seen = {name: seen for name, seen in self._first_seen.items() if name in there}
        for name in listing.events:
            if name not in self._waiting:
                self._take_event(name)
        for name in listing.temporary:
            self._take_temporary(name)
        self._hold()
        for name in self._waiting.done:
            self._remove(name)
        most = self._settings
        self._drop(list(surplus(self._waiting.sizes(), most.max_spool_events, most.max_spool_bytes)))
        if listing.total > len(listing.events):
            self._looked = 0.0  # there is more

    def _take_event(self, name: str) -> None:
        """Read an event that was not seen before, or could not be read then."""
        try:
            if parse_name(name) is None:
                raise RecordError("its name is none of an event")
            event = event_of(self._spool.read(name), self._settings.node, self._settings.cluster)
            size = self._spool.size(name)
        except FileNotFoundError:
            return
        except (Incomplete, OSError) as error:
            if self._patience_ends(name):
                self._refuse(name, error)
            self._hold()
            return
        except RecordError as error:
            self._refuse(name, error)
            return
        self._first_seen.pop(name, None)
        for observer in self._observers:
            try:
                observer.on_event(event)
            except Exception:  # an observer's fault keeps no event from the service
                self._counts.observer_errors += 1
                log.exception("an event was not understood; this is a fault of the program")
        self._waiting.add(name, size)

    def _hold(self) -> None:
        """Let later events of a job wait for one that cannot be used yet."""
        self._waiting.hold(parts.job_id for parts in map(parse_name, self._first_seen) if parts)

    def _take_temporary(self, name: str) -> None:
        """Make an event of what a writer that was killed has left behind."""
        if not self._patience_ends(name):
            return
        try:
            self._spool.adopt(name)
        except FileNotFoundError:
            pass
        except (RecordError, OSError) as error:
            self._refuse(name, error)

    def _patience_ends(self, name: str) -> bool:
        now = time.monotonic()
        return now - self._first_seen.setdefault(name, now) > PATIENCE_SECONDS

    def _refuse(self, name: str, error: Exception) -> None:
        why = error.strerror if isinstance(error, OSError) else str(error)
        self._seldom.warn("refused", "%s cannot be used, and goes to refused: %s", one_line(name), why)
        try:
            self._spool.refuse(name)
        except OSError as failure:
            self._seldom.warn("stuck", "%s cannot be moved away: %s", one_line(name), failure.strerror)
            return
        self._counts.events[UNREADABLE] += 1
        self._first_seen.pop(name, None)

    def _remove(self, name: str) -> None:
        self._spool.remove(name)
        self._waiting.remove(name)

    def _drop(self, names: Sequence[str]) -> None:
        for name in names:
            self._remove(name)
            self._counts.events[DROPPED] += 1
        if names:
            self._seldom.warn("dropped", "%d events more than may wait were dropped", len(names))
