"""Databases for the tests of the store: a file of SQLite, and where it is installed a real PostgreSQL."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from slurm_observability.service.store.store import Store

from tests.unit.programs.service.postgresql import PostgreSQL, programs

_numbers = itertools.count()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    if programs() is None:
        pytest.skip("no PostgreSQL server is installed here (Debian: apt-get install postgresql)")
    server = PostgreSQL()
    yield server
    server.close()


@pytest.fixture(scope="session")
def in_memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory in memory, where there is one: a test makes hundreds of commits, and each waits for the disk."""
    memory = Path("/dev/shm")
    directory = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else tmp_path_factory.getbasetemp()))
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def sqlite_url(in_memory: Path) -> str:
    return f"sqlite:///{in_memory}/jobs{next(_numbers)}.db"


@pytest.fixture
def postgresql_url(postgresql: PostgreSQL) -> str:
    """An empty database of the server."""
    name = f"test{next(_numbers)}"
    postgresql.sql(f"CREATE DATABASE {name}")
    return postgresql.url(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """An empty database, of each kind in turn."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def make_store() -> Iterator[Callable[[str], Store]]:
    """Open databases, which are closed after the test."""
    stores: list[Store] = []

    def make(url: str) -> Store:
        stores.append(Store(url, cluster="lab"))
        return stores[-1]

    yield make
    for store in stores:
        store.close()


@pytest.fixture
def store(url: str, make_store: Callable[[str], Store]) -> Store:
    """A store that can be used, in each kind of database in turn."""
    store = make_store(url)
    store.migrate()
    return store
