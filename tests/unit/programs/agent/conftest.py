"""What the tests of the agent share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from slurm_observability.agent.settings import Settings
from slurm_observability.jobs.spool import Spool

from tests.unit.programs.agent.service import Service


@pytest.fixture
def make_service() -> Iterator[Callable[..., Service]]:
    """Start stand-ins of the service that end with the test."""
    started: list[Service] = []

    def make(*arguments: object, **more: object) -> Service:
        started.append(Service(*arguments, **more))  # type: ignore[arg-type]
        return started[-1]

    yield make
    for service in started:
        service.close()


@pytest.fixture
def service(make_service: Callable[..., Service]) -> Service:
    return make_service()


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    directory = tmp_path / "spool"
    directory.mkdir()
    return Spool(directory)


@pytest.fixture
def make_settings(service: Service, spool: Spool) -> Callable[..., Settings]:
    def make(**more: object) -> Settings:
        given = {"node": "n1", "url": service.url, "spool": spool.directory, "timeout": 30.0, **more}
        return Settings(**given)  # type: ignore[arg-type]

    return make
