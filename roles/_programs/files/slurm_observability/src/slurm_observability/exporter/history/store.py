"""The kept history: a file of SQLite that says which ended runs have been counted, and what they add up to.

Runs, totals and the position of the reader change in one transaction. Whatever happens, a kill at any moment included,
a run that is known has been counted, and one that is not known has not.

The file may lie on a path that two controllers share. A rollback journal works there; SQLite's write-ahead log does
not, for it needs memory that all its users share.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from ...slurm.command import SlurmError
from . import schema
from .origin import Origin, Position
from .totals import BOUNDS, SUBMITTED, Histogram, HistoryTotals
from .transaction import Transaction

log = logging.getLogger(__name__)

FILE = "history.db"
CACHE_KIB = 8192
BUSY_SECONDS = 5.0

# The jobs of runs that wait or go on, as far as no ended run of theirs is among the submitted already.
_ACTIVE_JOBS = """
    SELECT '', count(DISTINCT job_id) FROM active WHERE NOT EXISTS (
        SELECT 1 FROM runs JOIN outcomes ON outcomes.id = runs.outcome
        WHERE runs.job_id = active.job_id AND outcomes.submitted
    )
    UNION ALL
    SELECT partition, count(DISTINCT job_id) FROM active WHERE partition != '' AND NOT EXISTS (
        SELECT 1 FROM runs JOIN outcomes ON outcomes.id = runs.outcome
        WHERE runs.job_id = active.job_id AND outcomes.submitted AND outcomes.partition = active.partition
    ) GROUP BY partition
"""


class StoreError(SlurmError):
    """The file cannot be used now; it may be later, when the disk has room again."""


class DamagedStoreError(Exception):
    """The file is broken, or not one of this program and version. The message says which."""


class RunStore:
    """The file in ``directory``; without one, a private file of SQLite's that ends with the program."""

    def __init__(self, directory: Path | None = None) -> None:
        self._path = directory / FILE if directory else None
        self._database: sqlite3.Connection | None = None
        self._origin = Origin("", "", 0)

    def open(self, origin: Origin) -> tuple[Origin, Position]:
        """Open the file, made anew where there is none or that of another origin, and return what it holds.

        The origin that is returned is the kept one. Raises StoreError and DamagedStoreError.
        """
        with self._errors():
            self._connect()
            kept = self._kept()
            if kept is not None and not origin.is_that_of(kept[0]):
                log.warning("the job history is read anew, because it is to be %s, and was %s", origin, kept[0])
                self._remove()
                self._connect()
                kept = None
            self._origin, position = kept or self._create(origin)
        return self._origin, position

    @property
    def is_open(self) -> bool:
        """False before :meth:`open`, after :meth:`close`, and after an error."""
        return self._database is not None

    def close(self) -> None:
        """Let go of the file. It can be opened again, here or elsewhere."""
        if self._database is not None:
            self._database.close()
            self._database = None

    def set_aside(self, now: int) -> None:
        """Rename a damaged file, so that it can be looked at, and say so in the log. Raises StoreError."""
        self.close()
        if self._path is None:
            return
        new = f"{FILE}.corrupt-{now}"
        with self._errors():
            # Its journal goes first: SQLite would play it back into the next file of this name.
            for suffix in ("-journal", ""):
                with suppress(FileNotFoundError):
                    self._path.with_name(FILE + suffix).rename(self._path.with_name(new + suffix))
        log.error("the damaged history is now %s", self._path.with_name(new))

    @contextmanager
    def transaction(self, now: int) -> Iterator[Transaction]:
        """Count runs as of ``now``. After an error, whosever it is, everything is as it was before."""
        with ExitStack() as stack:
            stack.enter_context(self._errors())
            database = stack.enter_context(self._begun())
            transaction = Transaction(database, self._origin.reset_time, self._origin.labels, now)
            yield transaction
            transaction.finish()

    def totals(self) -> HistoryTotals:
        """Return the totals as of the last transaction."""
        with self._errors():
            query = self._opened().execute
            jobs: defaultdict[str, dict[str, int]] = defaultdict(dict)
            for partition, state, count in query("SELECT * FROM job_totals"):
                jobs[partition][state] = count
            for partition, count in query(_ACTIVE_JOBS):
                jobs[partition][SUBMITTED] = jobs[partition].get(SUBMITTED, 0) + count
            runs: defaultdict[str, dict[tuple[str, str], int]] = defaultdict(dict)
            for label, value, state, count in query("SELECT * FROM run_totals"):
                runs[label][value, state] = count
            sums: defaultdict[str, dict[str, int]] = defaultdict(dict)
            for what, partition, total in query("SELECT * FROM sums"):
                sums[what][partition] = total
            histograms: dict[str, dict[str, Histogram]] = {what: {} for what in BOUNDS}
            for what, partition, bucket, count in query("SELECT * FROM buckets"):
                empty = Histogram([0] * (len(BOUNDS[what]) + 1), sums[what][partition])
                histograms[what].setdefault(partition, empty).counts[bucket] = count
        cluster = jobs.pop("", {})
        return HistoryTotals(cluster, jobs, runs, histograms, sums)

    def _connect(self) -> None:
        if self._path is not None:
            self._path.touch(mode=0o640)  # it may name users
        path = "" if self._path is None else str(self._path)
        database = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        self._database = database
        database.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        database.execute("PRAGMA synchronous = FULL")
        schema.create(database, schema.SCRATCH)

    def _kept(self) -> tuple[Origin, Position] | None:
        """Return what the file says of itself, None where it is a new one."""
        database = self._opened()
        tables = schema.table_names(database)
        marks = [database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
        if not tables and marks == [0, 0]:
            return None
        if marks != [schema.APPLICATION_ID, schema.FORMAT]:
            raise DamagedStoreError("it was not written by this version of the exporter")
        if missing := schema.TABLE_NAMES - tables:
            raise DamagedStoreError(f"it has lost the table {min(missing)}")
        (verdict,) = database.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise DamagedStoreError(verdict)
        try:
            cluster, reset_text, reset_time, labels, position = database.execute("SELECT * FROM origin").fetchone()
            return Origin(cluster, reset_text, reset_time, tuple(json.loads(labels))), Position.from_json(position)
        except (TypeError, ValueError) as error:
            raise DamagedStoreError(f"it does not say whose history it is: {error}") from error

    def _create(self, origin: Origin) -> tuple[Origin, Position]:
        position = Position(origin.reset_time)
        if self._path is None:
            log.info("there is no state directory: a restart reads the job history anew")
        with self._begun() as database:
            schema.create(database, schema.TABLES)
            database.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
            database.execute(f"PRAGMA user_version = {schema.FORMAT}")
            database.execute(
                "INSERT INTO origin VALUES (?, ?, ?, ?, ?)",
                (origin.cluster, origin.reset_text, origin.reset_time, json.dumps(origin.labels), position.to_json()),
            )
        return origin, position

    def _remove(self) -> None:
        self.close()
        if self._path is not None:
            self._path.unlink()

    def _opened(self) -> sqlite3.Connection:
        assert self._database is not None, "the store is open"
        return self._database

    @contextmanager
    def _begun(self) -> Iterator[sqlite3.Connection]:
        """Begin a transaction, and commit it or roll it back."""
        database = self._opened()
        database.execute("BEGIN IMMEDIATE")
        try:
            yield database
            database.execute("COMMIT")
        except BaseException:
            # After some errors SQLite has rolled back by itself.
            with suppress(sqlite3.Error):
                database.execute("ROLLBACK")
            raise

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """After an error of the file, close it and say what is wrong with it."""
        try:
            yield
        except DamagedStoreError:
            self.close()
            raise
        except (sqlite3.OperationalError, OSError) as error:
            self.close()
            reason = error.strerror if isinstance(error, OSError) else error
            raise StoreError(f"{self._path or 'the temporary file of the history'} cannot be used: {reason}") from error
        except sqlite3.DatabaseError as error:
            self.close()
            # Its subclasses tell of a fault in a statement and not in the file.
            if error.__class__ is not sqlite3.DatabaseError:
                raise
            raise DamagedStoreError(str(error)) from error
