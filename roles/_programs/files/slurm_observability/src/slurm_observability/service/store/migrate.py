"""Brings the tables of a database to what this version of the service needs, with Alembic."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from .engine import MIGRATION_LOCK, POSTGRESQL, Database
from .errors import StoreError

MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(database: Database) -> None:
    """Do what is to be done, in one transaction; a second process waits. Raises StoreError."""
    with database.errors(), database.engine.connect().execution_options(writes=True) as connection, connection.begin():
        if database.kind == POSTGRESQL:
            # Filling a new index of millions of runs takes its time.
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        config = _config()
        held, known = _revision(connection), ScriptDirectory.from_config(config)
        if held is not None and held not in {revision.revision for revision in known.walk_revisions()}:
            raise StoreError(f"the database {database} was made by a newer version of this service (revision {held})")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def require_migrated(connection: Connection, database: Database) -> None:
    """Raise StoreError where the database is not as this version needs it."""
    held, needed = _revision(connection), ScriptDirectory.from_config(_config()).get_current_head()
    if held != needed:
        raise StoreError(f"the database {database} is at revision {held}, and not {needed}: it has to be migrated")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
