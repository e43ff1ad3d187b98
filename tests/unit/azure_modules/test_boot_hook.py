"""The boot hook, as a process on a machine that has just been born."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HOOK = Path(__file__).parents[3] / "roles" / "azure_monitor_agent" / "files" / "associate.py"
TYPE = "Microsoft.Insights/dataCollectionRuleAssociations"


@pytest.fixture
def born(azure, tmp_path):
    """A machine with two identities, and the hook to run on it."""
    rules = [azure.id("Microsoft.Insights/dataCollectionRules", name) for name in ("Slurmd_raw_dcr", "syslog_raw_dcr")]
    for rule in rules:
        azure.stand_in.services.put(rule, {"location": "eastus", "properties": {"description": rule}})
    identity, other = azure.furniture.identity("agent"), azure.furniture.identity("other")
    assigned = {"type": "UserAssigned", "userAssignedIdentities": {identity: {}, other: {}}}
    azure.estate.behaviour.machine = azure.furniture.machine("node1", identity=assigned)
    client_id = azure.document(identity)["properties"]["clientId"]

    def run(**changes):
        path = tmp_path / "associations.json"
        path.write_text(json.dumps({"rules": rules, "client_id": client_id, "seconds": 0, **changes}))
        environment = {**os.environ, **azure.stand_in.environment(), "http_proxy": "http://127.0.0.1:1"}
        return subprocess.run(
            [sys.executable, HOOK, path], env=environment, capture_output=True, text=True, check=False, timeout=60
        )

    return run


def followed(azure):
    machine = azure.estate.behaviour.machine
    return sorted(one["name"] for one in azure.estate.store.of_type(TYPE, f"{machine}/providers"))


def test_a_machine_associates_itself_once(azure, born):
    first = born()
    assert (first.returncode, first.stdout) == (0, "follows Slurmd_raw_dcr, syslog_raw_dcr\n"), first.stderr
    assert followed(azure) == ["Slurmd_raw_dcr-association", "syslog_raw_dcr-association"]
    writes = azure.writes()
    assert born().stdout == "nothing is missing\n"
    assert azure.writes() == writes


def test_what_the_module_made_is_not_made_again(azure, born):
    azure.run(
        "data_collection_rule_association",
        resource_group="hpc",
        rules=["slurmd_raw_dcr"],
        virtual_machines=["node1"],
        target_resource_group="hpc",
        name="byHand",
    )
    assert born().stdout == "follows syslog_raw_dcr\n"


def test_an_instance_of_a_uniform_scale_set_has_nothing_to_do(azure, born):
    scale_set = azure.furniture.scale_set("nodes", 1)
    azure.estate.behaviour.machine = f"{scale_set}/virtualMachines/0"
    assert born().stdout == "nothing is missing\n"
    assert azure.counts()["PUT dataCollectionRuleAssociations"] == 0


def test_azure_is_asked_again_when_it_says_so(azure, born):
    azure.faults.throttle(after=1, kind="dataCollectionRuleAssociations", times=2)
    assert born(seconds=60).stdout == "follows Slurmd_raw_dcr, syslog_raw_dcr\n"


def test_a_role_that_does_not_come_is_told(azure, born):
    azure.faults.forbid(kind="dataCollectionRuleAssociations", methods="PUT")
    end = born()
    assert end.returncode == 1
    assert "not done in time: PUT" in end.stderr and "AuthorizationFailed" in end.stderr


@pytest.mark.parametrize("changes", [{"client_id": "nobody"}, {"rules": ["/subscriptions/s/nothing"]}])
def test_what_is_wrong_is_told(azure, born, changes):
    end = born(**changes)
    assert end.returncode == 1
    assert "Identity not found" in end.stderr or "ResourceNotFound" in end.stderr
    assert "Traceback" not in end.stderr


def test_another_answer_is_no_reason_to_try_again(azure, born):
    azure.faults.refuse(401, "InvalidAuthenticationToken", "no", kind="dataCollectionRuleAssociations")
    end = born(seconds=60)
    assert (end.returncode, "401" in end.stderr) == (1, True)
