"""Runs that the store takes for running or unconfirmed, and that Slurm's queue does not show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .. import states
from ..run import OpenRun, RunRecord

# A run that Slurm does not know is asked for again after this long, then after twice as long, and so on.
ASK_AGAIN = 120.0
# What was asked for so often is left alone: it was given no end by accounting for a day.
MAX_ASKED = 10
# After so many answers that may be about another run of the same job they are taken to be.
ENOUGH = 3
# Where the queue was not read for so long, nobody can say what is missing in it.
FRESH = 60.0

NOT_KNOWN = "Slurm knows it no more, and nobody reported its end"
RUNAWAY = "it is not in Slurm's queue, and accounting has no end of it"


@dataclass
class _Search:
    since: float
    asked: int = 0
    again_at: float = 0.0


class Missing:
    """Remembers since when each run is missing, and whom to ask for. Times in seconds since 1970."""

    def __init__(self, grace: float) -> None:
        self._grace = grace
        self._searches: dict[int, _Search] = {}
        self._jobs: frozenset[int] = frozenset()
        self._runs: frozenset[tuple[int, int | None]] = frozenset()
        self._read_at: float | None = None

    def queue_was_read(self, queue: Iterable[RunRecord], now: float) -> None:
        """Take note of an answer."""
        runs = list(queue)
        # While a job is cleaned up its number of restarts may already be that of its next run.
        self._jobs = frozenset(run.job_id for run in runs if run.state == states.COMPLETING)
        self._runs = frozenset((run.job_id, run.restart) for run in runs)
        self._read_at = now

    def to_ask(self, runs: Iterable[OpenRun], now: float) -> list[OpenRun]:
        """Return those of the unsettled runs for which Slurm is to be asked now, the least asked for first."""
        missing = {run.key: run for run in runs if not self._in_queue(run)}
        self._searches = {key: search for key, search in self._searches.items() if key in missing}
        if self._read_at is None or now - self._read_at > FRESH:
            # Those that run are not missing: nobody looked.
            missing = {key: run for key, run in missing.items() if run.state in states.ENDED}
        due = []
        for key, run in missing.items():
            search = self._searches.setdefault(key, _Search(now))
            if now >= search.again_at and search.asked < MAX_ASKED:
                due.append(run)
        return sorted(due, key=lambda run: self._searches[run.key].asked)

    def concluded(self, asked_for: Iterable[OpenRun], records: Sequence[RunRecord], now: float) -> list[RunRecord]:
        """Return what follows for the runs that were asked for, beside Slurm's own answer, ``records``.

        A run whose job was restarted since was requeued. One without an end that is missing for the grace is lost.
        """
        of_job: defaultdict[int, list[RunRecord]] = defaultdict(list)
        for record in records:
            of_job[record.job_id].append(record)
        conclusions = []
        for run in asked_for:
            search = self._searches[run.key]
            search.asked += 1
            search.again_at = now + ASK_AGAIN * 2.0 ** (search.asked - 1)
            if run.state in states.ACTIVE:
                search.again_at = min(search.again_at, max(now, search.since + self._grace))
                conclusion = self._conclusion(run, of_job[run.job_id], search, now)
                conclusions += [] if conclusion is None else [conclusion]
        return conclusions

    def _conclusion(self, run: OpenRun, records: Sequence[RunRecord], search: _Search, now: float) -> RunRecord | None:
        ended = [record for record in records if record.state in states.ENDED]
        if any(record.restart == run.restart for record in ended):
            return None
        # Before 24.11 accounting does not tell restarts: its word of any run of the job may be the one of this run, and
        # then the store no longer asks for it.
        if search.asked < ENOUGH and any(record.restart is None for record in ended):
            return None
        later = next((record for record in records if (record.restart or 0) > run.restart), None)
        if later is not None:
            return _record(run, states.REQUEUED, "", later.submit_time)
        if now - search.since < self._grace:
            return None
        return _record(run, states.UNKNOWN, RUNAWAY if records else NOT_KNOWN)

    def _in_queue(self, run: OpenRun) -> bool:
        return run.state in states.ACTIVE and ((run.job_id, run.restart) in self._runs or run.job_id in self._jobs)


def _record(run: OpenRun, state: str, reason: str, end: int | None = None) -> RunRecord:
    return RunRecord(
        cluster=run.cluster,
        job_id=run.job_id,
        restart=run.restart,
        sluid=run.sluid,
        state=state,
        end_time=end,
        reason=reason,
    )
