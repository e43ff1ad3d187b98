"""Fixtures for tests of a lab that site.yml was run on: LAB_NAME names it. See docs/testing.md."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml

from tests.integration.lab.exporter_here import commands_of
from tests.integration.lab.support import (
    ROOT,
    Alertmanager,
    Exporter,
    Jobs,
    JobService,
    Lab,
    Prometheus,
    Receiver,
    lab_name,
)


@pytest.fixture(scope="session")
def lab() -> Lab:
    lab = Lab(lab_name())
    lab.lab("status")
    return lab


@pytest.fixture(scope="session")
def addresses(lab: Lab) -> dict[str, str]:
    """The address of each machine that the inventory names."""
    hosts = yaml.safe_load(lab.lab("inventory"))["all"]["hosts"]
    return {name: host["ansible_host"] for name, host in hosts.items()}


@pytest.fixture(scope="session")
def commands_on_head(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Slurm's commands in PATH are those of head."""
    with commands_of(lab, tmp_path_factory.mktemp("commands")):
        yield


@pytest.fixture(scope="session")
def exporter(lab: Lab) -> Exporter:
    return Exporter(lab)


@pytest.fixture(scope="session")
def job_service(lab: Lab) -> JobService:
    return JobService(lab)


@pytest.fixture(scope="session")
def prometheus(addresses: dict[str, str]) -> Prometheus:
    return Prometheus(f"http://{addresses['head']}:9090")


@pytest.fixture(scope="session")
def alertmanager(addresses: dict[str, str]) -> Alertmanager:
    return Alertmanager(f"http://{addresses['head']}:9093")


@pytest.fixture(scope="module")
def jobs(lab: Lab) -> Iterator[Jobs]:
    """Submits jobs into a queue that is empty before and after."""
    jobs = Jobs(lab)
    jobs.clear()
    yield jobs
    jobs.clear()


@pytest.fixture(scope="module")
def receiver(lab: Lab) -> Iterator[Receiver]:
    """The receiver that molecule/default/vars/site.yml names: it listens on the host's address on the lab's bridge."""
    port = yaml.safe_load((ROOT / "molecule/default/vars/site.yml").read_text())["lab_receiver_port"]
    gateway = lab.run("head", "ip -4 -o route show default").split()[2]
    receiver = Receiver(gateway, port)
    yield receiver
    receiver.close()


@pytest.fixture(scope="session")
def baked(lab: Lab) -> None:
    """CLOUD nodes boot from node1 as site.yml left it."""
    lab.lab("bake", "node1")
