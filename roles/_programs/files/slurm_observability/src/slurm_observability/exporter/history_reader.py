"""Keep the history up to date with one bounded sacct per cycle, after a first reading in pieces."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from ..slurm.accounting import RunReader
from ..slurm.command import SlurmError
from .history import History, HistoryTotals

log = logging.getLogger(__name__)

HOUR = 3600
DAY = 24 * HOUR

# How far a window reaches back over the one before it: slurmdbd may get a record some minutes late.
OVERLAP = 15 * 60
# After an outage slurmctld sends what it has kept; for this long windows reach back to before the outage.
SETTLE = 15 * 60
# Once an hour a window reaches back this far, for records that came even later.
DEEP_EVERY = HOUR
DEEP = DAY

FIRST_PIECE = DAY
LONGEST_PIECE = 30 * DAY
SHORTEST_PIECE = HOUR
QUICK_SECONDS = 1.0


class HistoryReader:
    """Reads runs into a History. ``clock`` gives seconds since 1970.

    The first call of :meth:`read` reads everything since the reset time, in pieces that adapt to the speed of
    slurmdbd. Each later call runs sacct once, in turn for the runs that ended and for those that wait or run: it has
    no condition that selects both and is fast in a long history.
    """

    def __init__(self, reader: RunReader, reset_time: int, clock: Callable[[], float]) -> None:
        self._reader = reader
        self._history = History(reset_time)
        self._clock = clock
        self._cursor = reset_time
        self._piece = FIRST_PIECE
        self._complete = False
        self._active_next = False
        self._deep_at = 0.0
        self._outage_from: int | None = None
        self._outage_settled_at = 0.0
        self._look_back_to: int | None = None

    @property
    def rejected_lines(self) -> int:
        """Lines of sacct that were no run."""
        return self._reader.rejected_lines

    @property
    def complete(self) -> bool:
        """True when everything since the reset time has been read once."""
        return self._complete

    def read(self) -> HistoryTotals:
        """Bring the totals up to date and return them. Raises SlurmError; what was read before it stays read."""
        try:
            if not self._complete:
                self._read_everything()
            elif self._active_next:
                self._read_active()
            else:
                self._read_ended()
        except SlurmError:
            self._note_outage()
            raise
        self._active_next = not self._active_next
        return self._history.totals(self._now())

    def _read_everything(self) -> None:
        began, reset, until = self._clock(), self._history.reset_time, self._now()
        log.info("reading the job history since %s", _readable(reset))
        while self._cursor < until:
            self._read_piece(min(self._cursor + self._piece, until), until)
            done = (self._cursor - reset) / (until - reset)
            log.info("read the job history up to %s (%.0f %%)", _readable(self._cursor), 100 * done)
        self._read_active()
        self._complete = True
        self._deep_at = self._clock() + DEEP_EVERY
        log.info("the job history is complete after %.1f s", self._clock() - began)

    def _read_piece(self, end: int, now: int) -> None:
        began = self._clock()
        try:
            # Both, because each selects runs that the other does not: those that never became eligible, and those
            # whose state has no name that sacct could be asked for.
            self._history.add_ended(self._reader.ended(self._cursor, end), now)
            self._history.add_ended(self._reader.active(self._cursor, end), now)
        except SlurmError:
            self._piece = max(SHORTEST_PIECE, self._piece // 2)
            raise
        self._cursor = end
        if self._clock() - began < QUICK_SECONDS:
            self._piece = min(LONGEST_PIECE, self._piece * 2)

    def _read_ended(self) -> None:
        now = self._now()
        deep = self._clock() >= self._deep_at
        self._history.add_ended(self._reader.ended(self._window_start(now, deep), now), now)
        self._cursor = now
        self._look_back_to = None
        if deep:
            self._deep_at = self._clock() + DEEP_EVERY

    def _read_active(self) -> None:
        now = self._now()
        runs = list(self._reader.active(self._window_start(now, deep=False), now))
        self._history.add_ended(runs, now)
        gone_since = self._history.set_active(runs)
        if gone_since is not None:
            self._look_back_to = min(gone_since, self._look_back_to or gone_since)

    def _window_start(self, now: int, deep: bool) -> int:
        starts = [min(self._cursor, now) - OVERLAP]
        if deep:
            starts.append(now - DEEP)
        if self._look_back_to is not None:
            starts.append(self._look_back_to)
        if self._outage_from is not None and self._clock() < self._outage_settled_at:
            starts.append(self._outage_from)
        return max(min(starts), self._history.reset_time)

    def _note_outage(self) -> None:
        if not self._complete:
            return
        if self._outage_from is None or self._clock() >= self._outage_settled_at:
            self._outage_from = self._cursor - OVERLAP
        self._outage_settled_at = self._clock() + SETTLE

    def _now(self) -> int:
        return int(self._clock())


def _readable(moment: int) -> str:
    return datetime.fromtimestamp(moment).astimezone().isoformat(sep=" ")
