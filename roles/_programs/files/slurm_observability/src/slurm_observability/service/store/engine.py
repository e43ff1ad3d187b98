"""The connections to the database: how they are opened, what a transaction is, and what its errors say."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, SQLAlchemyError

from ...slurm.command import one_line
from .errors import RefusedError, StoreError

# A writer waits this long for the one before it. Then the caller hears that the database is busy.
BUSY_SECONDS = 10
# One statement of PostgreSQL, and a transaction whose client has gone silent: neither may hold up the others for ever.
STATEMENT_SECONDS = 60
POOL_SIZE = 8

# Any number: PostgreSQL's advisory locks have no other names.
WRITER_LOCK, MIGRATION_LOCK = 0x4A4F42_01, 0x4A4F42_02

SQLITE, POSTGRESQL = "sqlite", "postgresql"

# More than fits into a row, or an entry of an index.
_LIMITS = ("54000", "54011")


def read_url(text: str) -> URL:
    """Return the URL of a database: ``sqlite:///path``, ``postgresql://…`` or ``postgres://…``. Raises StoreError."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise StoreError("the URL of the database cannot be read") from None
    kind = url.drivername.partition("+")[0]
    if kind in ("postgres", POSTGRESQL):
        return url.set(drivername=f"{POSTGRESQL}+psycopg")
    if kind != SQLITE:
        raise StoreError("the URL of the database has to begin with sqlite:, postgresql: or postgres:")
    if url.database in (None, "", ":memory:"):
        raise StoreError("the URL of the database names no file: sqlite:////var/lib/job-observability/jobs.db does")
    return url


class Database:
    """A pool of connections. Writers go one after another, readers beside them."""

    def __init__(self, url: str) -> None:
        self.url = read_url(url)
        self.kind = self.url.get_backend_name()
        self.engine = _sqlite(self.url) if self.kind == SQLITE else _postgresql(self.url)

    def __str__(self) -> str:
        """Where the database is, without the password, which may also be one of its parameters."""
        return self.url.set(query={}).render_as_string(hide_password=True)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection for queries that see one state of the database. Raises StoreError."""
        with self.errors(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection whose changes are on disk once this has ended, or were never made. Raises StoreError.

        There is one writer at a time, in all processes. What it has read is so until it has written; and no two
        writers can wait for each other.
        """
        with self.errors(), self.engine.connect().execution_options(writes=True) as connection, connection.begin():
            if self.kind == POSTGRESQL:
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": WRITER_LOCK})
            yield connection

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn what the driver raises into one sentence: no statement, no value, no password.

        A RefusedError is about what was to be stored, a StoreError about the database.
        """
        try:
            yield
        except (OverflowError, UnicodeError) as error:  # the drivers' own, of values that they cannot pass on
            raise RefusedError(f"the database does not take it: {type(error).__name__}") from error
        except DBAPIError as error:
            if _is_refusal(error):
                reason = one_line(str(error.orig).partition("\n")[0])  # PostgreSQL's second line quotes values
                raise RefusedError(f"the database does not take it: {reason}") from error
            raise StoreError(f"the database {self} cannot be used: {one_line(str(error.orig))}") from error
        except SQLAlchemyError as error:
            raise StoreError(f"the database {self} cannot be used: {type(error).__name__}") from error

    def close(self) -> None:
        """Close the connections that nobody uses."""
        self.engine.dispose()


def _is_refusal(error: DBAPIError) -> bool:
    """Whether a value is at fault. What is too large for PostgreSQL is to the driver a fault of the server."""
    return isinstance(error, (IntegrityError, DataError)) or getattr(error.orig, "sqlstate", None) in _LIMITS


def _sqlite(url: URL) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS}, pool_size=POOL_SIZE)

    @event.listens_for(engine, "do_connect")
    def create(dialect: Any, record: Any, arguments: list[Any], options: dict[str, Any]) -> None:
        # The file names users and their jobs. What SQLite puts beside it gets the same mode.
        if not Path(arguments[0]).exists():
            try:
                os.close(os.open(arguments[0], os.O_CREAT | os.O_WRONLY, 0o640))
            except OSError as error:
                raise sqlite3.OperationalError(error.strerror) from error

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, record: Any) -> None:
        connection.isolation_level = None  # transactions begin below, and nowhere by themselves
        connection.execute("PRAGMA journal_mode = WAL")
        # An event that was acknowledged has to survive a power failure: NORMAL does not promise that.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA cache_size = -65536")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A reader that becomes a writer may find that it has read what is no longer so.
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(url: URL) -> Engine:
    settings = {
        "lock_timeout": f"{BUSY_SECONDS}s",
        "statement_timeout": f"{STATEMENT_SECONDS}s",
        "idle_in_transaction_session_timeout": f"{STATEMENT_SECONDS}s",
    }
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    given = url.query.get("options")
    return create_engine(
        url.difference_update_query(["options"]),
        connect_args={
            "connect_timeout": int(str(url.query.get("connect_timeout", BUSY_SECONDS))),
            "application_name": "job-observability",
            "options": f"{options} {given}" if isinstance(given, str) else options,
        },
        pool_size=POOL_SIZE,
        pool_timeout=BUSY_SECONDS,
        # A connection that PostgreSQL's restart has cut is replaced before it is used.
        pool_pre_ping=True,
    )
