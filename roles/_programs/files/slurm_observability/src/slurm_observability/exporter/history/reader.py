"""Keep the history up to date with one bounded sacct per cycle, after a first reading in pieces."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from ...slurm.accounting import Run
from ...slurm.command import SlurmError, Stopping
from .origin import Origin, Position
from .store import DamagedStoreError, RunStore, StoreError
from .totals import HistoryTotals

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


class Accounting(Protocol):
    """What runs are read from: :class:`RunReader` says what each selects."""

    rejected_lines: int

    def ended(self, start: int, end: int) -> Iterator[Run]: ...

    def active(self, start: int, end: int) -> Iterator[Run]: ...


@dataclass(frozen=True)
class Progress:
    """How far the reading is. Times in seconds since 1970; ``ratio`` is 1 when it has caught up with the present.

    ``rebuilds`` is how often a damaged file was set aside.
    """

    reset_time: int
    cursor: int
    ratio: float
    complete: bool
    rebuilds: int


class HistoryReader:
    """Reads runs into a RunStore. ``clock`` gives seconds since 1970, ``origin`` says what the totals are to be.

    ``wanted`` is asked before each piece: when it says no, another exporter is about to open the same store.

    The first call of :meth:`read` catches up with everything since the reset time, or since the exporter last ran, in
    pieces that adapt to the speed of slurmdbd. Each later call runs sacct once, in turn for the runs that ended and
    for those that wait or run: it has no condition that selects both and is fast in a long history. Those that wait or
    run are asked for as of the present only: for a window in the past slurmdbd reads its whole table.
    """

    def __init__(
        self,
        accounting: Accounting,
        store: RunStore,
        origin: Callable[[], Origin],
        clock: Callable[[], float],
        wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        self._accounting = accounting
        self._store = store
        self._origin = origin
        self._clock = clock
        self._wanted = wanted
        self._position = Position(0)
        self._reset_time = 0
        self._rebuilds = 0
        self._caught_up = False
        self._active_next = False
        self._piece = FIRST_PIECE
        self._announced: int | None = None

    @property
    def rejected_lines(self) -> int:
        """Lines of sacct that were no run."""
        return self._accounting.rejected_lines

    @property
    def progress(self) -> Progress | None:
        """How far the reading is, None before the store was opened."""
        cursor, reset = self._position.cursor, self._reset_time
        if not reset:
            return None
        ratio = 1.0 if self._caught_up else min(1.0, (cursor - reset) / max(1, self._now() - reset))
        return Progress(reset, cursor, ratio, self._caught_up, self._rebuilds)

    def read(self) -> HistoryTotals:
        """Bring the totals up to date and return them. Raises SlurmError; what was read before it stays read."""
        try:
            return self._read()
        except DamagedStoreError as damage:
            log.error("the kept job history is damaged (%s); it is read anew from slurmdbd", damage)
            self._store.set_aside(self._now())
            self._rebuilds += 1
            return self._read()

    def kept(self) -> HistoryTotals | None:
        """Return the totals as they were when the store was last written, for the time until slurmdbd answers.

        None where everything since the reset time was never read, and while the store cannot be used.
        """
        if not self._store.is_open or not self._position.complete:
            return None
        with suppress(StoreError, DamagedStoreError):
            return self._store.totals()
        return None

    def close(self) -> None:
        """Let go of the store, for another exporter to go on with. The next :meth:`read` takes it up again."""
        self._store.close()

    def _read(self) -> HistoryTotals:
        if not self._store.is_open:
            origin, self._position = self._store.open(self._origin())
            self._reset_time, self._caught_up = origin.reset_time, False
        try:
            if not self._caught_up:
                self._catch_up()
            elif self._active_next:
                self._read_active()
            else:
                self._read_ended()
        except (StoreError, Stopping):
            raise
        except SlurmError:
            self._keep_outage()
            raise
        self._active_next = not self._active_next
        return self._store.totals()

    def _catch_up(self) -> None:
        began, until = self._clock(), self._now()
        if self._position.complete and until - self._position.cursor > OVERLAP:
            # Nobody looked: slurmdbd may have been away as well.
            self._position = self._after_outage()
        start = self._window_start(until)
        if start != self._announced:  # while slurmdbd is away, this is tried again and again
            log.info("reading the job history from %s on", _readable(start))
            self._announced = start
        position = replace(self._position, complete=True, deep_at=self._position.deep_at or until + DEEP_EVERY)
        self._read_window(start, until, position)
        self._read_active()
        self._caught_up = True
        log.info("the job history is complete after %.1f s", self._clock() - began)

    def _read_ended(self) -> None:
        now, position = self._now(), self._position
        start = self._window_start(now)
        if now >= position.deep_at:
            start = max(min(start, now - DEEP), self._reset_time)
            position = replace(position, deep_at=now + DEEP_EVERY)
        self._read_window(start, now, position)

    def _read_active(self) -> None:
        now, position = self._now(), self._position
        with self._store.transaction(now) as transaction:
            runs = list(self._accounting.active(self._window_start(now), now))
            transaction.add(runs)
            gone_since = transaction.replace_active(runs)
            if gone_since is not None:
                position = replace(position, look_back_to=min(gone_since, position.look_back_to or gone_since))
                transaction.keep(position)
        self._position = position

    def _read_window(self, start: int, until: int, position: Position) -> None:
        """Count what ended from ``start`` to ``until``, in pieces; the position after the last is ``position``."""
        position = replace(position, cursor=until, look_back_to=None)
        while start < until:
            if not self._wanted():
                raise Stopping("the job history is read no further, for this exporter is the standby now")
            end = min(start + self._piece, until)
            reached = replace(self._position, cursor=max(self._position.cursor, end))
            self._read_piece(start, end, position if end == until else reached)
            start = end

    def _read_piece(self, start: int, end: int, position: Position) -> None:
        began = self._clock()
        try:
            with self._store.transaction(self._now()) as transaction:
                transaction.add(self._accounting.ended(start, end))
                transaction.keep(position)
        except StoreError:
            raise
        except SlurmError:
            self._piece = max(SHORTEST_PIECE, self._piece // 2)
            raise
        self._position = position
        if self._clock() - began < QUICK_SECONDS:
            self._piece = min(LONGEST_PIECE, self._piece * 2)
        if not self._caught_up:
            log.info("read the job history up to %s", _readable(end))

    def _window_start(self, now: int) -> int:
        position = self._position
        starts = [min(position.cursor, now) - OVERLAP]
        if position.look_back_to is not None:
            starts.append(position.look_back_to)
        if position.outage_from is not None and now < position.outage_settled_at:
            starts.append(position.outage_from)
        return max(min(starts), self._reset_time)

    def _keep_outage(self) -> None:
        if not self._position.complete:
            return
        self._position = self._after_outage()
        # A disk that is full as well is no reason to say less about slurmdbd.
        with suppress(StoreError), self._store.transaction(self._now()) as transaction:
            transaction.keep(self._position)

    def _after_outage(self) -> Position:
        position, now = self._position, self._now()
        if position.outage_from is None or now >= position.outage_settled_at:
            position = replace(position, outage_from=position.cursor - OVERLAP)
        return replace(position, outage_settled_at=now + SETTLE)

    def _now(self) -> int:
        return int(self._clock())


def _readable(moment: int) -> str:
    return datetime.fromtimestamp(moment).astimezone().isoformat(sep=" ")
