"""Rows that may be there already. Both databases write this in the same way, and SQLAlchemy in two."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import Connection, Insert, Table
from sqlalchemy.dialects import postgresql, sqlite

from .engine import SQLITE


def insert_or_replace(connection: Connection, table: Table, unless_newer: str | None = None) -> Insert:
    """Return the statement that puts rows in the place of those with the same primary key.

    Of two rows the one with the greater value of ``unless_newer`` stays, where a column is given.
    """
    return _insert_or_replace(connection.dialect.name, table, unless_newer)


def insert_or_ignore(connection: Connection, table: Table) -> Insert:
    """Return the statement that leaves rows with the same primary key as they are."""
    return _insert(connection.dialect.name, table).on_conflict_do_nothing()


# To put such a statement together takes longer than to run it.
@lru_cache(maxsize=16)
def _insert_or_replace(dialect: str, table: Table, unless_newer: str | None) -> Insert:
    insert = _insert(dialect, table)
    keys = table.primary_key.columns.keys()
    return insert.on_conflict_do_update(
        index_elements=keys,
        set_={column.name: column for column in insert.excluded if column.name not in keys},
        where=None if unless_newer is None else table.c[unless_newer] <= insert.excluded[unless_newer],
    )


def _insert(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    return sqlite.insert(table) if dialect == SQLITE else postgresql.insert(table)
