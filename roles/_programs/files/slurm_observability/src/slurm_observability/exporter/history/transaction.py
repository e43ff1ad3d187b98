"""Count what was read: each run once, however often windows overlap."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TypeVar

from ...slurm.accounting import Run
from .origin import Position
from .totals import RESIZING, SUBMITTED, Outcome, Tally, job_counts, one_partition

BATCH = 10_000

Key = TypeVar("Key", bound=tuple[str | int, ...])

_INCREASES = {
    "job_totals": (
        "INSERT INTO job_totals VALUES (?, ?, ?) ON CONFLICT (partition, state) DO UPDATE SET n = n + excluded.n"
    ),
    "run_totals": (
        "INSERT INTO run_totals VALUES (?, ?, ?, ?) ON CONFLICT (label, value, state) DO UPDATE SET n = n + excluded.n"
    ),
    "buckets": (
        "INSERT INTO buckets VALUES (?, ?, ?, ?) ON CONFLICT (what, partition, bucket) DO UPDATE SET n = n + excluded.n"
    ),
    "sums": "INSERT INTO sums VALUES (?, ?, ?) ON CONFLICT (what, partition) DO UPDATE SET n = n + excluded.n",
}
_FORGET_KNOWN = """
    DELETE FROM batch WHERE EXISTS (
        SELECT 1 FROM runs WHERE runs.job_id = batch.job_id AND runs.submit = batch.submit
    )
"""
_GONE = """
    FROM active WHERE NOT EXISTS (SELECT 1 FROM seen WHERE seen.job_id = active.job_id AND seen.submit = active.submit)
"""


class Transaction:
    """Counts runs as of ``now``, in seconds since 1970. :meth:`RunStore.transaction` makes it and finishes it.

    Runs that ended before ``reset_time`` do not count. ``labels`` are those to count runs by beside the partition.
    """

    def __init__(self, database: sqlite3.Connection, reset_time: int, labels: Iterable[str], now: int) -> None:
        self._database = database
        self._reset_time = reset_time
        self._now = now
        self._tally = Tally(labels)
        self._jobs: Counter[tuple[str, str]] = Counter()
        self._numbers = {
            Outcome(partition, state, bool(submitted)): number
            for number, partition, state, submitted in database.execute("SELECT * FROM outcomes")
        }

    def add(self, runs: Iterable[Run]) -> None:
        """Count the runs that have ended and are not known yet; pass over those that have not ended."""
        ended = (run for run in runs if run.end is not None and run.end >= self._reset_time)
        while batch := list(islice(ended, BATCH)):
            self._add_batch(batch)

    def replace_active(self, runs: Iterable[Run]) -> int | None:
        """Replace the runs that wait or go on by those of ``runs`` that have not ended.

        Return since when to look for the end of runs that had begun and are gone without one, or None. Slurm can set
        an end far back: that of a suspended job that is cancelled is when it was suspended.
        """
        execute = self._database.execute
        execute("DELETE FROM seen")
        self._database.executemany(
            "INSERT OR IGNORE INTO seen VALUES (?, ?, ?, ?)",
            ((run.job_id, run.submit, run.start, one_partition(run.kind.partition)) for run in runs if run.end is None),
        )
        (since,) = execute(f"SELECT min(begin) {_GONE}").fetchone()
        execute(f"DELETE {_GONE}")
        execute("INSERT OR REPLACE INTO active SELECT * FROM seen EXCEPT SELECT * FROM active")
        return None if since is None else int(since)

    def keep(self, position: Position) -> None:
        """Keep how far the accounting database has been read."""
        self._database.execute("UPDATE origin SET position = ?", (position.to_json(),))

    def finish(self) -> None:
        """Write down what was counted."""
        self._submit_those_now_eligible()
        buckets, sums = self._tally.distributions()
        self._increase("job_totals", self._jobs)
        self._increase("run_totals", self._tally.runs())
        self._increase("buckets", buckets)
        self._increase("sums", sums)

    def _increase(self, table: str, amounts: Mapping[Key, int]) -> None:
        self._database.executemany(_INCREASES[table], [(*key, amount) for key, amount in amounts.items()])

    def _add_batch(self, batch: list[Run]) -> None:
        new = self._new_runs(batch)
        outcomes = self._outcomes_of_their_jobs()
        first_runs: Counter[Outcome] = Counter()
        rows, later = [], []
        for run in new:
            self._tally.add(run)
            outcome = self._outcome(run)
            rows.append((run.job_id, run.submit, self._number(outcome)))
            if run.eligible is not None and run.eligible >= self._now:
                later.append((run.job_id, run.submit, run.eligible))
            earlier = outcomes.setdefault(run.job_id, [])
            if earlier:
                self._jobs.update(job_counts([*earlier, outcome]) - job_counts(earlier))
            else:
                first_runs[outcome] += 1
            earlier.append(outcome)
        for outcome, count in first_runs.items():
            self._jobs.update(dict.fromkeys(job_counts([outcome]), count))
        self._count_pieces(new)
        self._database.executemany("INSERT INTO runs VALUES (?, ?, ?)", rows)
        self._database.executemany("INSERT INTO later VALUES (?, ?, ?)", later)

    def _new_runs(self, batch: list[Run]) -> list[Run]:
        """Return the runs that are not known, which alone are then in the table ``batch``."""
        execute = self._database.execute
        execute("DELETE FROM batch")
        self._database.executemany(
            "INSERT OR IGNORE INTO batch VALUES (?, ?, ?)",
            ((run.job_id, run.submit, number) for number, run in enumerate(batch)),
        )
        execute(_FORGET_KNOWN)
        execute("DELETE FROM active WHERE (job_id, submit) IN (SELECT job_id, submit FROM batch)")
        return [batch[number] for (number,) in execute("SELECT number FROM batch")]

    def _outcomes_of_their_jobs(self) -> dict[int, list[Outcome]]:
        """Return the outcomes of earlier runs of the jobs in the table ``batch``."""
        found: defaultdict[int, list[Outcome]] = defaultdict(list)
        for job_id, *outcome in self._database.execute(
            "SELECT job_id, partition, state, submitted FROM (SELECT DISTINCT job_id FROM batch) "
            "JOIN runs USING (job_id) JOIN outcomes ON outcomes.id = runs.outcome"
        ):
            found[job_id].append(Outcome(*outcome))
        return found

    def _outcome(self, run: Run) -> Outcome:
        state, eligible = run.kind.state, run.eligible
        submitted = state != RESIZING and eligible is not None and eligible < self._now
        return Outcome(one_partition(run.kind.partition), state, submitted)

    def _number(self, outcome: Outcome) -> int:
        number = self._numbers.get(outcome)
        if number is None:
            number = self._numbers[outcome] = len(self._numbers) + 1
            self._database.execute("INSERT INTO outcomes VALUES (?, ?, ?, ?)", (number, *outcome))
        return number

    def _count_pieces(self, runs: Iterable[Run]) -> None:
        for run in runs:
            if run.kind.state == RESIZING:
                for where in dict.fromkeys(("", one_partition(run.kind.partition))):
                    self._jobs[where, SUBMITTED] += 1

    def _submit_those_now_eligible(self) -> None:
        execute = self._database.execute
        for job_id, submit in execute("SELECT job_id, submit FROM later WHERE eligible < ?", (self._now,)).fetchall():
            before = self._outcomes_of(job_id)
            earlier = before[submit]
            after = {**before, submit: earlier._replace(submitted=earlier.state != RESIZING)}
            self._jobs.update(job_counts(after.values()) - job_counts(before.values()))
            execute(
                "UPDATE runs SET outcome = ? WHERE job_id = ? AND submit = ?",
                (self._number(after[submit]), job_id, submit),
            )
        execute("DELETE FROM later WHERE eligible < ?", (self._now,))

    def _outcomes_of(self, job_id: int) -> dict[int, Outcome]:
        return {
            submit: Outcome(partition, state, bool(submitted))
            for submit, partition, state, submitted in self._database.execute(
                "SELECT submit, partition, state, submitted FROM runs JOIN outcomes ON outcomes.id = runs.outcome "
                "WHERE job_id = ?",
                (job_id,),
            )
        }
