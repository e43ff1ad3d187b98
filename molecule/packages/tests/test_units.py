"""The distribution's packages keep the distribution's names and places."""

from __future__ import annotations

import pytest
from testinfra.host import Host

testinfra_hosts = ["ansible://slurm_controller"]


@pytest.mark.parametrize("package", ["prometheus", "prometheus-alertmanager", "prometheus-node-exporter"])
def test_the_package_s_own_unit_runs(host: Host, package: str) -> None:
    assert host.package(package).is_installed
    assert host.service(package).is_running
    assert host.service(package).is_enabled
    unit = host.service(package).systemd_properties["FragmentPath"]
    assert unit.endswith(f"lib/systemd/system/{package}.service")


def test_nothing_of_the_release_is_left_beside_it(host: Host) -> None:
    assert host.check_output("find /opt -maxdepth 1 -name '*prometheus*' -o -maxdepth 1 -name 'node_exporter*'") == ""
