"""Associations: what may be associated, and how lists tell it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stand_ins.azure import AzureStandIn, Furniture
from tests.unit.stand_ins.azure.conftest import COMPUTE, RULES, Client, rule_body

TABLE = "slurmd_raw_CL"
BELOW = "/providers/Microsoft.Insights/dataCollectionRuleAssociations"


@pytest.fixture
def rule(client: Client, furniture: Furniture, workspace: str) -> str:
    """A rule, under a name with capitals."""
    furniture.table(workspace, TABLE)
    path = f"{furniture.group}/providers/Microsoft.Insights/dataCollectionRules/Slurmd_DCR"
    assert client.send("PUT", path, rule_body(workspace), RULES).status == 200
    return path


@pytest.fixture
def endpoint(client: Client, furniture: Furniture) -> str:
    """An endpoint."""
    path = f"{furniture.group}/providers/Microsoft.Insights/dataCollectionEndpoints/logs"
    assert client.send("PUT", path, {"location": "eastus", "properties": {}}, RULES).status == 200
    return path


def _to(rule: str) -> dict[str, dict[str, str]]:
    return {"properties": {"dataCollectionRuleId": rule}}


def test_made_listed_and_removed(client: Client, furniture: Furniture, rule: str) -> None:
    machine = furniture.machine("Scheduler")
    made = client.send("PUT", f"{machine}{BELOW}/Slurmd", _to(rule), RULES)
    assert made.status == 200
    assert "provisioningState" not in made.document["properties"]
    by_target = client.send("GET", f"{machine}{BELOW}", version=RULES).document
    assert by_target == {"value": [made.document], "nextLink": None}
    by_rule = client.send("GET", f"{rule}/associations", version=RULES).document
    assert by_rule["nextLink"] is None
    (listed,) = by_rule["value"]
    assert set(listed) == {"id", "name", "type", "properties"}
    assert listed["name"] == "slurmd"
    assert "/resourcegroups/hpc/providers/microsoft.compute/" in listed["id"]
    assert listed["properties"]["dataCollectionRuleId"] == rule.lower()
    assert listed["type"] == "Microsoft.Insights/dataCollectionRuleAssociations"
    assert client.send("DELETE", listed["id"], version=RULES).status == 200
    assert client.send("DELETE", f"{machine}{BELOW}/Slurmd", version=RULES).status == 204


def test_machines_of_all_kinds_may_be_targets(client: Client, furniture: Furniture, rule: str) -> None:
    for target in (furniture.machine("vm"), furniture.arc_machine("rack"), furniture.scale_set("uniform", 1)):
        assert client.send("PUT", f"{target}{BELOW}/one", _to(rule), RULES).status == 200


def test_targets_that_are_refused(client: Client, furniture: Furniture, rule: str, workspace: str) -> None:
    uniform = furniture.scale_set("uniform", 1)
    flexible = furniture.scale_set("flexible", 1, mode="Flexible")
    for target in (workspace, f"{uniform}/virtualMachines/0", flexible, rule):
        answer = client.send("PUT", f"{target}{BELOW}/one", _to(rule), RULES)
        assert (answer.status, answer.codes) == (400, ["InvalidAssociationTarget"]), target
    nobody = f"{furniture.group}/providers/Microsoft.Compute/virtualMachines/nobody"
    assert client.send("PUT", f"{nobody}{BELOW}/one", _to(rule), RULES).codes == ["ResourceNotFound"]


def test_each_machine_of_a_flexible_scale_set_is_a_target(client: Client, furniture: Furniture, rule: str) -> None:
    scale_set = furniture.scale_set("flexible", 2, mode="Flexible")
    path = f"{furniture.group}/providers/Microsoft.Compute/virtualMachines"
    query = f"{path}?$filter='virtualMachineScaleSet/id'%20eq%20'{scale_set}'"
    furniture.machine("other")
    machines = client.send("GET", query, version=COMPUTE).document["value"]
    assert len(machines) == 2
    for machine in machines:
        assert client.send("PUT", f"{machine['id']}{BELOW}/one", _to(rule), RULES).status == 200


def test_the_names_that_azure_wants(client: Client, furniture: Furniture, rule: str, endpoint: str) -> None:
    machine = furniture.machine("scheduler")
    to_endpoint = {"properties": {"dataCollectionEndpointId": endpoint}}
    answer = client.send("PUT", f"{machine}{BELOW}/other", to_endpoint, RULES)
    assert answer.codes == ["InvalidEndpointAssociationName"]
    assert client.send("PUT", f"{machine}{BELOW}/configurationAccessEndpoint", to_endpoint, RULES).status == 200
    assert client.send("PUT", f"{machine}{BELOW}/agentSettings", _to(rule), RULES).status == 400
    assert client.send("DELETE", endpoint, version=RULES).codes == ["ExistingAssociationsPreventDelete"]


def test_an_endpoint_stays_where_it_is(client: Client, endpoint: str) -> None:
    answer = client.send("PUT", endpoint, {"location": "westus", "properties": {}}, RULES)
    assert (answer.status, answer.codes) == (409, ["InvalidResourceLocation"])


def test_one_of_rule_and_endpoint(client: Client, furniture: Furniture, rule: str, endpoint: str) -> None:
    machine = furniture.machine("scheduler")
    both = {"properties": {"dataCollectionRuleId": rule, "dataCollectionEndpointId": endpoint}}
    neither: dict[str, Any] = {"properties": {}}
    for body in (both, neither):
        assert client.send("PUT", f"{machine}{BELOW}/one", body, RULES).status == 400
    assert client.send("PUT", f"{machine}{BELOW}/one", _to(f"{rule}x"), RULES).status == 404


def test_pages_of_a_list(client: Client, stand_in: AzureStandIn, furniture: Furniture, rule: str) -> None:
    for number in range(3):
        client.send("PUT", f"{furniture.machine(f'node{number}')}{BELOW}/one", _to(rule), RULES)
    stand_in.estate.behaviour.page_size = 2
    first = client.send("GET", f"{rule}/associations", version=RULES).document
    second = client.send("GET", first["nextLink"]).document
    assert (len(first["value"]), len(second["value"]), second["nextLink"]) == (2, 1, None)


def test_associations_go_with_their_machine(client: Client, furniture: Furniture, rule: str) -> None:
    machine = furniture.machine("scheduler")
    client.send("PUT", f"{machine}{BELOW}/one", _to(rule), RULES)
    client.send("DELETE", machine, version=COMPUTE)
    assert client.send("GET", f"{rule}/associations", version=RULES).document["value"] == []
