"""Runs KQL on DuckDB: a transformation on records, a query on tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import duckdb
import duckdb_kql

Row = tuple[datetime, str, str, str]

COLUMNS = "TimeGenerated TIMESTAMP, RawData VARCHAR, Computer VARCHAR, FilePath VARCHAR"


def transform(text: str, rows: Sequence[Row]) -> list[Row]:
    """What a transformation makes of rows, in their order.

    The engine writes out each column wherever it is used, which grows beyond measure over many steps; so each step is
    run by itself, on a table of what the one before gave.
    """
    connection = duckdb_kql.connect()
    connection.execute(f"CREATE TABLE step0 ({COLUMNS})")
    if rows:
        connection.executemany("INSERT INTO step0 VALUES (?, ?, ?, ?)", rows)
    head, *steps = text.split("\n| ")
    lets = head.removesuffix("source")
    for n, step in enumerate(steps):
        duckdb_kql.query(connection, f"{lets}step{n} | {step}").create(f"step{n + 1}")
    return connection.execute(f"SELECT * FROM step{len(steps)}").fetchall()


def database(tables: Mapping[str, Iterable[Row]]) -> duckdb.DuckDBPyConnection:
    """A workspace with tables of logs. _BilledSize is the length of the text, as far as a sample goes."""
    connection = duckdb_kql.connect()
    for name, rows in tables.items():
        connection.execute(f"CREATE TABLE {name} ({COLUMNS}, _BilledSize DOUBLE)")
        if rows := list(rows):
            connection.executemany(f"INSERT INTO {name} VALUES (?, ?, ?, ?, length(?2))", rows)
    return connection


def run(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    """The rows of a query, as dictionaries."""
    result = duckdb_kql.query(connection, query)
    return [dict(zip(result.columns, row, strict=True)) for row in result.fetchall()]
