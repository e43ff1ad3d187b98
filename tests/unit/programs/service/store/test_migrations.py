"""The tables are made, and brought up to date, by one process at a time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from slurm_observability.service.store import migrate
from slurm_observability.service.store.draft import new_run
from slurm_observability.service.store.engine import Database, read_url
from slurm_observability.service.store.errors import StoreError
from slurm_observability.service.store.store import RunFilter, Store
from slurm_observability.service.store.tables import metadata, runs
from sqlalchemy import inspect

from tests.unit.programs.service.store.told import epilog, prolog


def test_revisions_make_the_tables_of_the_program(url: str, make_store: Callable[[str], Store]) -> None:
    make_store(url).migrate()
    database = Database(url)
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    database.close()


def test_what_an_older_service_has_on_record_stays(url: str, make_store: Callable[[str], Store]) -> None:
    database = Database(url)
    row = new_run(1, "lab", 7, 0, 0, restart_known=True)
    with database.writing() as connection:
        config = migrate._config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        first = {column["name"] for column in inspect(connection).get_columns("runs")}
        connection.execute(runs.insert(), [{name: value for name, value in row.items() if name in first}])
    database.close()
    store = make_store(url)
    store.migrate()
    store.add_events([prolog(7, "n1", 100.0), epilog(7, "n1", 200.0, restart=1)], "agent", 300.0)
    assert [(run.key, run.id, run.state) for run in store.runs(RunFilter(), None, 9).runs] == [
        (1, "slurm-7", "requeued")
    ]


def test_services_that_start_together_wait_for_each_other(url: str, make_store: Callable[[str], Store]) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda store: store.migrate(), [make_store(url) for _ in range(4)]))
    make_store(url).check()


def test_a_database_that_was_not_migrated_is_not_used(url: str, make_store: Callable[[str], Store]) -> None:
    with pytest.raises(StoreError, match="it has to be migrated"):
        make_store(url).check()


def test_a_database_of_a_newer_service_is_left_alone(store: Store, url: str) -> None:
    database = Database(url)
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match=r"a newer version of this service \(revision 9999\)"):
        store.migrate()
    database.close()


@pytest.mark.parametrize(
    ("text", "driver"),
    [
        ("postgres://hpc:password@postgres:5432/hpc_jobs?sslmode=disable", "postgresql+psycopg"),
        ("postgresql://h/db", "postgresql+psycopg"),
        ("sqlite:////var/lib/jobs.db", "sqlite"),
    ],
)
def test_urls(text: str, driver: str) -> None:
    assert read_url(text).drivername == driver


@pytest.mark.parametrize("text", ["mysql://root:secret@h/db", "sqlite://", "sqlite:///:memory:", "secret"])
def test_other_urls_are_refused_in_a_sentence_without_their_password(text: str) -> None:
    with pytest.raises(StoreError, match="the URL of the database") as refused:
        read_url(text)
    assert "secret" not in str(refused.value)


def test_what_a_url_says_reaches_postgresql(postgresql_url: str) -> None:
    database = Database(f"{postgresql_url}&options=-c%20work_mem%3D7MB&connect_timeout=3")
    with database.reading() as connection:
        shown = [connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in ("work_mem", "lock_timeout")]
    assert shown == ["7MB", "10s"]
    database.close()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgres://u:secret@127.0.0.1:1/db", r"postgresql\+psycopg://u:\*\*\*@127"),
        ("postgres://127.0.0.1:1/db?user=u&password=secret", r"postgresql\+psycopg://127"),
    ],
)
def test_no_error_names_the_password(make_store: Callable[[str], Store], text: str, shown: str) -> None:
    with pytest.raises(StoreError, match=f"the database {shown}") as refused:
        make_store(text).check()
    assert "secret" not in str(refused.value)


def test_the_file_is_not_for_everyone(store: Store, url: str) -> None:
    if url.startswith("sqlite"):
        assert [path.stat().st_mode & 0o777 for path in Path(url[10:]).parent.glob(Path(url).name + "*")] == [0o640] * 3


def test_a_directory_that_is_not_there_is_named(make_store: Callable[[str], Store], tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="No such file or directory"):
        make_store(f"sqlite:///{tmp_path}/missing/jobs.db").migrate()
