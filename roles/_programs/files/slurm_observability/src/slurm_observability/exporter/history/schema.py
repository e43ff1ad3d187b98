"""The tables of the kept history."""

from __future__ import annotations

import re
import sqlite3

APPLICATION_ID = 0x41534548
# To be raised with every change of the tables, and of the bounds of the histograms.
FORMAT = 1

TABLES = """
CREATE TABLE origin (cluster TEXT, reset_text TEXT, reset_time INTEGER, labels TEXT, position TEXT);

CREATE TABLE outcomes (
    id INTEGER PRIMARY KEY, partition TEXT, state TEXT, submitted INTEGER, UNIQUE (partition, state, submitted)
);

-- The ended runs. Slurm's own table too has at most one row for a job and a time of submission.
CREATE TABLE runs (
    job_id INTEGER, submit INTEGER, outcome INTEGER, PRIMARY KEY (job_id, submit)
) WITHOUT ROWID;

-- Those of them that ended before they could have begun (--begin, then cancelled): submitted once they are eligible.
CREATE TABLE later (
    job_id INTEGER, submit INTEGER, eligible INTEGER, PRIMARY KEY (job_id, submit)
) WITHOUT ROWID;

-- The runs that wait, which have no begin, and those that go on.
CREATE TABLE active (
    job_id INTEGER, submit INTEGER, begin INTEGER, partition TEXT, PRIMARY KEY (job_id, submit)
) WITHOUT ROWID;

-- Totals of ended runs. An empty partition is the whole cluster here, and elsewhere a list of partitions.
CREATE TABLE job_totals (
    partition TEXT, state TEXT, n INTEGER, PRIMARY KEY (partition, state)
) WITHOUT ROWID;

CREATE TABLE run_totals (
    label TEXT, value TEXT, state TEXT, n INTEGER, PRIMARY KEY (label, value, state)
) WITHOUT ROWID;

CREATE TABLE buckets (
    what TEXT, partition TEXT, bucket INTEGER, n INTEGER, PRIMARY KEY (what, partition, bucket)
) WITHOUT ROWID;

CREATE TABLE sums (
    what TEXT, partition TEXT, n INTEGER, PRIMARY KEY (what, partition)
) WITHOUT ROWID;
"""

TABLE_NAMES = frozenset(re.findall(r"CREATE TABLE (\w+)", TABLES))

# Of a connection, not of the file: what was read last, to be compared with the tables.
SCRATCH = """
CREATE TEMP TABLE batch (
    job_id INTEGER, submit INTEGER, number INTEGER, PRIMARY KEY (job_id, submit)
) WITHOUT ROWID;

CREATE TEMP TABLE seen (
    job_id INTEGER, submit INTEGER, begin INTEGER, partition TEXT, PRIMARY KEY (job_id, submit)
) WITHOUT ROWID;
"""


def create(database: sqlite3.Connection, statements: str) -> None:
    """Run statements within the transaction that is open, where ``executescript`` would end it first."""
    for statement in statements.split(";"):
        database.execute(statement)


def table_names(database: sqlite3.Connection) -> set[str]:
    """Return the names of the file's tables."""
    return {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
