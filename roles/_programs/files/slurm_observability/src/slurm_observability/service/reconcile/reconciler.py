"""Bring the database up to what Slurm says: who runs, who has ended and how, and whom it has forgotten."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Protocol

from ...metrics.metric import AnyFamily
from .. import states
from ..run import OpenRun, RunRecord
from ..scheduler.scheduler import Scheduler
from ..store.ingest import Reconciled
from . import metrics
from .backoff import Backoff
from .missing import Missing

log = logging.getLogger(__name__)

MINUTE, HOUR, DAY = 60, 3600, 86400

# How far a window reaches back over the one before it: slurmdbd may get a record some minutes late.
OVERLAP = 15 * MINUTE
# Once an hour a window reaches back this far, for records that slurmctld kept while slurmdbd was away.
DEEP_EVERY, DEEP = HOUR, DAY
# The first reading goes in pieces of this length, and what was read stays read.
PIECE = DAY
# What runs is written again this often, changed or not: so that nothing else can keep a wrong word for long.
REPEAT_QUEUE = 5 * MINUTE
BATCH = 1000
# How many runs Slurm is asked for by their numbers in one turn.
MAX_ASKED = 100
# How long a run that has ended may wait for Slurm's word before it is asked for.
CONFIRM_AFTER = 2 * MINUTE
# One that has ended, and that Slurm has not confirmed for so long, is left alone.
GIVE_UP = 2 * DAY

MARK = "accounting-read-until"


class Records(Protocol):
    """What the reconciler needs of the store."""

    def adopt_cluster(self, name: str) -> None: ...

    def add_records(self, records: Sequence[RunRecord], now: float) -> Reconciled: ...

    def unsettled(self, since: float, before: float, limit: int, after_key: int) -> list[OpenRun]: ...

    def get_mark(self, name: str) -> str | None: ...

    def set_mark(self, name: str, value: str) -> None: ...


class Reconciler:
    """Asks a Scheduler, and writes what it says into the store.

    Its three tasks, :meth:`read_queue`, :meth:`read_ended` and :meth:`settle`, may run in a thread each. They raise
    SlurmError, and StoreError: then nothing is concluded, and nothing is forgotten. ``look_back`` is how far into the
    past the first reading goes, ``grace`` for how long a run may be missing before it counts as lost; in seconds.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        store: Records,
        look_back: int = 7 * DAY,
        grace: float = 10 * MINUTE,
        clock: Callable[[], float] = time.time,
        uptime: Callable[[], float] = time.monotonic,
    ) -> None:
        self._scheduler = scheduler
        self._store = store
        self._look_back = look_back
        self._clock = clock
        self._asking = {question: Backoff(uptime) for question in metrics.QUESTIONS}
        self._counts = metrics.Counts()
        self._queue: frozenset[RunRecord] | None = None
        self._repeat_at = 0.0
        self._cluster: str | None = None
        self._read_until: int | None = None
        self._deep_at = 0.0
        self._stored: dict[RunRecord, int] = {}
        self._missing = Missing(grace)

    def read_queue(self) -> None:
        """Ask what runs now, and store what has changed since the last time."""
        asked = self._clock()
        with self._asking[metrics.QUEUE].question():
            self._know_cluster(self._scheduler.cluster)
            queue = frozenset(self._scheduler.active())
        known = self._queue if self._queue is not None and asked < self._repeat_at else frozenset()
        # One that is being cleaned up has ended, or waits again: only accounting knows which.
        self._add((run for run in queue - known if run.state != states.COMPLETING), asked)
        if not known:
            self._repeat_at = asked + REPEAT_QUEUE
        self._queue = queue
        self._missing.queue_was_read(queue, asked)
        self._counts.answered(metrics.QUEUE, asked)

    def read_ended(self) -> None:
        """Ask which runs have ended since the last time, in pieces, and store them."""
        now = int(self._clock())
        until = self._read_until
        if until is None:
            mark = self._store.get_mark(MARK)
            until = now - self._look_back if mark is None else int(mark)
        # A clock that was set back must not leave out what ends until it is there again.
        start = min(until, now) - OVERLAP
        deep = now >= self._deep_at
        if deep:
            start = min(start, now - DEEP)
        while start < now:
            end = min(start + PIECE, now)
            self._read_piece(start, end)
            start = end
        if deep:
            self._deep_at = now + DEEP_EVERY
        self._stored = {record: ended for record, ended in self._stored.items() if ended >= now - DEEP - OVERLAP}
        self._counts.answered(metrics.ENDED, now)

    def settle(self) -> None:
        """Ask for the runs of which the store knows no end that Slurm has confirmed, one by one.

        One that Slurm does not know any more, and that did not come back within the grace, is marked as lost.
        """
        now = self._clock()
        with self._asking[metrics.KNOWN].question():
            self._know_cluster(self._scheduler.cluster)
        # Other clusters may report to this service too. This one knows nothing of their runs, and that means nothing.
        ours = (run for run in self._unsettled(now) if run.cluster in ("", self._cluster))
        asked_for = self._missing.to_ask(ours, now)[:MAX_ASKED]
        self._counts.missing = len(asked_for)
        if not asked_for:
            return
        with self._asking[metrics.KNOWN].question():
            records = self._scheduler.known(sorted({run.job_id for run in asked_for}))
        self._add((record for record in records if _has_begun(record)), now)
        concluded = self._missing.concluded(asked_for, records, now)
        self._add(concluded, now)
        lost = sum(record.state == states.UNKNOWN for record in concluded)
        if lost:
            log.warning("%d runs have no end that Slurm knows of; they are marked as '%s'", lost, states.UNKNOWN)
            self._counts.lost += lost
        self._counts.answered(metrics.KNOWN, now)

    def families(self) -> Iterator[AnyFamily]:
        """Yield how the reconciliation fares."""
        errors = {question: backoff.errors for question, backoff in self._asking.items()}
        lag = None if self._read_until is None else max(0.0, self._clock() - self._read_until)
        return self._counts.families(errors, lag, self._scheduler.rejected)

    def _know_cluster(self, ask: Callable[[], str]) -> None:
        """Let the store know the cluster's name before it gets records: an event without one may be of the same run."""
        if self._cluster is None and (cluster := ask()):
            self._store.adopt_cluster(cluster)
            self._cluster = cluster

    def _unsettled(self, now: float) -> Iterator[OpenRun]:
        key = 0
        while page := self._store.unsettled(now - GIVE_UP, now - CONFIRM_AFTER, BATCH, key):
            yield from page
            key = page[-1].key

    def _read_piece(self, start: int, end: int) -> None:
        asked = self._clock()
        with self._asking[metrics.ENDED].question():
            ended = [record for record in self._scheduler.ended(start, end) if record not in self._stored]
        self._add(ended, asked)
        self._stored.update((record, record.end_time or end) for record in ended)
        if self._read_until is None or end > self._read_until:
            self._store.set_mark(MARK, str(end))
            self._read_until = end

    def _add(self, records: Iterable[RunRecord], asked: float) -> None:
        rest = iter(records)
        while batch := list(islice(rest, BATCH)):
            self._know_cluster(lambda: batch[0].cluster)
            self._counts.stored(self._store.add_records(batch, asked))


def _has_begun(record: RunRecord) -> bool:
    """Return whether a record is of a run, and not of a job that waits, perhaps after a requeue."""
    return record.state in states.ENDED or (record.start_time is not None and record.state != states.PENDING)
