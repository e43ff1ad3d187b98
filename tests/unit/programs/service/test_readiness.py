"""Whether the database can be used."""

from __future__ import annotations

import pytest
from slurm_observability.service import readiness
from slurm_observability.service.readiness import Readiness
from slurm_observability.service.store.errors import StoreError
from slurm_observability.service.store.store import Store


@pytest.fixture
def store(tmp_path):
    made = Store(f"sqlite:///{tmp_path}/jobs.db")
    yield made
    made.close()


def test_a_new_database_is_made_ready(store):
    asked = Readiness(store)
    assert asked.problem == "the database has not been asked yet"
    with pytest.raises(StoreError, match="has not been asked yet"):
        _ = asked.store
    asked.check()
    assert asked.problem == ""
    assert asked.store is store
    assert asked.migrated.is_set()


def test_a_database_that_comes_late(store, monkeypatch):
    asked = Readiness(store)
    migrate = store.migrate

    def refused() -> None:
        raise StoreError("connection refused")

    monkeypatch.setattr(store, "migrate", refused)
    with pytest.raises(StoreError):
        asked.check()
    assert asked.problem == "connection refused"
    monkeypatch.setattr(store, "migrate", migrate)
    asked.check()
    assert asked.problem == ""


def test_a_database_that_goes_away(store, monkeypatch):
    asked = Readiness(store)
    asked.check()

    def gone() -> None:
        raise StoreError("server closed the connection")

    monkeypatch.setattr(store, "check", gone)
    with pytest.raises(StoreError):
        asked.check()
    assert asked.problem == "server closed the connection"
    assert asked.store is store  # each request finds out for itself


def test_a_check_that_hangs(store, monkeypatch):
    asked = Readiness(store)
    asked.check()
    monkeypatch.setattr(readiness, "PATIENCE_SECONDS", 0.0)
    assert asked.problem == "the database has not answered for 0 seconds"
