"""Small values that outlive the program."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from .tables import marks


def get(connection: Connection, name: str) -> str | None:
    """Return a value, None where there is none."""
    return connection.scalar(select(marks.c.value).where(marks.c.name == name))


def put(connection: Connection, name: str, value: str) -> None:
    """Keep a value."""
    connection.execute(delete(marks).where(marks.c.name == name))
    connection.execute(marks.insert().values(name=name, value=value))
