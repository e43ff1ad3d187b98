"""playbooks/logs.yml as a whole: Azure and the agent are stand-ins, the cluster and its hosts are not."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.lab.azure_agent_stand_in import SERVICES, VERSION, package
from tests.integration.lab.support import ROOT, Lab
from tests.stand_ins.azure import AzureStandIn, Furniture

INSTALLED = "dpkg-query --show --showformat '${db:Status-Status} ${Version}' azuremonitoragent 2>/dev/null || true"


class Site:
    """A cluster, and a subscription with a workspace and the same machines."""

    def __init__(self, lab: Lab, azure: AzureStandIn, directory: Path) -> None:
        self._inventory = directory / "inventory.yml"
        self._inventory.write_text(lab.lab("inventory"))
        self._azure = azure
        self._furniture = set(azure.estate.store.ids())
        self._home = directory
        self._variables = {
            "azure_logs_connection": {"ca_file": str(azure.ca_file)},
            "azure_logs_verify_required": [],  # the agent sends nothing
            "__azure_logs_queries": [],  # each takes a second
            # The stand-in for Azure notes an extension, and puts nothing on a host.
            "azure_monitor_agent_install_method": "package",
            "azure_monitor_agent_package": str(package(directory)),
        }

    def run(self, *options: str, **variables: Any) -> int:
        """Run the playbook, which has to end well; return how many tasks changed something."""
        # The credential file of whoever runs this is none of ours.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AZURE_")}
        done = subprocess.run(
            [
                *("ansible-playbook", "-i", str(self._inventory), "playbooks/logs.yml", *options),
                *("-e", json.dumps(self._variables | variables)),
            ],
            cwd=ROOT,
            env=environment
            | self._azure.environment()
            | {
                "ANSIBLE_FORCE_COLOR": "false",
                "HOME": str(self._home),
                "SUBSCRIPTION_ID": self._azure.estate.tenancy.subscription,
                "RESOURCE_GROUP": "hpc",
                "WORKSPACE_NAME": "logs",
                "REGION": "East US",
                "VM_NAME": "head",
                "VMSS_RG": "hpc",
                "VMSS_NAME": "nodes",
            },
            capture_output=True,
            text=True,
            timeout=900,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return sum(map(int, re.findall(r"\bchanged=(\d+)", done.stdout)))

    def made(self, kind: str) -> int:
        """How many resources of a kind there are in the subscription that it did not have."""
        return sum(f"/{kind}/" in identifier for identifier in set(self._azure.estate.store.ids()) - self._furniture)


@pytest.fixture
def site(lab: Lab, tmp_path: Path) -> Iterator[Site]:
    with AzureStandIn(tmp_path / "azure") as azure:
        azure.estate.behaviour.retry_after = 0
        furniture = Furniture(azure.services)
        furniture.workspace()
        furniture.machine("head")
        furniture.scale_set("nodes", 2, upgrades="Automatic")
        yield Site(lab, azure, tmp_path)
    assert not azure.services.crashes


def test_logs_are_set_up_on_azure_and_on_every_host_and_taken_back(lab: Lab, site: Site) -> None:
    catalogue = yaml.safe_load((ROOT / "roles/_log_catalogue/vars/main.yml").read_text())["_log_catalogue"]["sources"]

    assert site.run("--check") > 0
    assert site.made("tables") == 0
    assert not lab.run("node1", INSTALLED)

    site.run()
    assert site.made("tables") == len(catalogue)
    assert site.made("dataCollectionRules") == len(catalogue)
    for machine in ("head", "node1"):
        assert lab.run(machine, INSTALLED) == f"installed {VERSION}"
        assert lab.run(machine, f"systemctl is-active {' '.join(SERVICES)}").split() == ["active"] * len(SERVICES)

    assert site.run() == 0

    site.run(azure_logs_state="absent")
    assert site.made("dataCollectionRules") == 0
    assert not lab.run("node1", INSTALLED)
