"""A database with millions of runs for bin/bench jobs, filled by the database itself."""

from __future__ import annotations

from slurm_observability.service.store.engine import SQLITE, Database
from slurm_observability.service.store.migrate import migrate
from slurm_observability.service.store.tables import NEVER, run_nodes, runs
from sqlalchemy import Connection, text

# Primes, so that every value occurs.
USERS, ACCOUNTS, NODES, NAMES = 499, 61, 997, 1999
BEGIN, DAYS = 1_700_000_000, 400
JOBS_OF_ARRAY = 100

# One in ten runs is of one user. The newest thousand go on.
_COLUMNS = {
    "key": "i",
    "cluster": "'lab'",
    "job_id": "i",
    "restart": "0",
    "era": "0",
    "state": """CASE WHEN i > {count} - 1000 THEN 'running' WHEN i * 31 % 100 < 85 THEN 'completed'
        WHEN i * 31 % 100 < 93 THEN 'failed' WHEN i * 31 % 100 < 97 THEN 'cancelled'
        WHEN i * 31 % 100 < 99 THEN 'timeout' ELSE 'out_of_memory' END""",
    "state_source": "'slurm'",
    "array_job_id": f"CASE WHEN i / {JOBS_OF_ARRAY} % 2 = 0 THEN i / {JOBS_OF_ARRAY} * {JOBS_OF_ARRAY} END",
    "array_task_id": f"CASE WHEN i / {JOBS_OF_ARRAY} % 2 = 0 THEN i % {JOBS_OF_ARRAY} END",
    "name": f"'job' || (i * 7817 % {NAMES})",
    "user": f"CASE WHEN i % 10 = 0 THEN 'user0' ELSE 'user' || (i * 7919 % {USERS}) END",
    "uid": f"1000 + i * 7919 % {USERS}",
    "account": f"'account' || (i * 7907 % {ACCOUNTS})",
    "partition": "CASE WHEN i % 9 < 6 THEN 'cpu' WHEN i % 9 < 8 THEN 'gpu' ELSE 'debug' END",
    "qos": "'normal'",
    "nodes": f"'n' || (i * 7877 % {NODES})",
    "node_count": "1",
    "cpus": "1 + i % 64",
    "gpus": "CASE WHEN i % 9 BETWEEN 6 AND 7 THEN 1 + i % 8 END",
    "memory_bytes": "4294967296",
    "time_limit": "86400",
    "submitted_at": "{start} - i * 7883 % 3600",
    "started_at": "{start}",
    "ended_at": "CASE WHEN i > {count} - 1000 THEN {never} ELSE {start} + i * 7901 % 7200 END",
    "exit_code": "CASE WHEN i * 31 % 100 < 85 THEN 0 ELSE 1 END",
    "exit_signal": "0",
    "sources": "'44444444444444444444444444'",
    "slurm_state": "'completed'",
    "slurm_at": "{start}",
    "reported": "true",
    "restart_known": "true",
    "heard_start": "true",
    "nodes_ended": "1",
    "updated_at": "{start}",
    "unsettled": "i > {count} - 1000",
}
_START = f"({BEGIN} + i * {DAYS} * 86400 / {{count}} + i * 7907 % 600)"
_DEFAULTS = {"TEXT": "''", "BOOLEAN": "false", "INTEGER": "0"}


def fill(database: Database, count: int) -> None:
    """Fill a migrated, empty database with this many runs, each on one node."""
    series = (
        f"(WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < {count}) SELECT i FROM s)"
        if database.kind == SQLITE
        else f"generate_series(CAST(1 AS BIGINT), {count})"
    )
    columns = {}
    for column in runs.c:
        if column.name in _COLUMNS:
            expression = _COLUMNS[column.name]
            start = _START.format(count=count)
            columns[column.name] = expression.format(count=count, start=start, never=NEVER)
        elif not column.nullable:
            columns[column.name] = _DEFAULTS[str(column.type)]
    source = f"FROM {series} AS series(i)" if database.kind != SQLITE else f"FROM {series}"
    with database.engine.connect().execution_options(writes=True) as connection, connection.begin():
        if database.kind != SQLITE:
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SET LOCAL maintenance_work_mem = '512MB'"))
        _insert(connection, "runs", columns, source)
        on_nodes = {name: columns.get(name, "NULL") for name in ("started_at", "ended_at")}
        on_nodes |= {"run_key": "i", "node": columns["nodes"], "run_started_at": columns["started_at"]}
        _insert(connection, "run_nodes", {**on_nodes, "heard": "true", "gpus": "''"}, source)
        for index in sorted(runs.indexes | run_nodes.indexes, key=lambda index: str(index.name)):
            index.create(connection)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE" if database.kind == SQLITE else "VACUUM ANALYZE")


def without_indices(database: Database) -> None:
    """Make the tables without what would have to be kept up to date row by row."""
    migrate(database)
    with database.writing() as connection:
        for index in runs.indexes | run_nodes.indexes:
            index.drop(connection)


def _insert(connection: Connection, table: str, columns: dict[str, str], source: str) -> None:
    names = ", ".join(f'"{name}"' for name in columns)
    connection.execute(text(f"INSERT INTO {table} ({names}) SELECT {', '.join(columns.values())} {source}"))
