"""Machines, scale sets of both modes, and extensions."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stand_ins.azure import AzureStandIn, Furniture
from tests.unit.stand_ins.azure.conftest import COMPUTE, Client

AGENT = "extensions/AzureMonitorLinuxAgent"


def _agent(**settings: Any) -> dict[str, Any]:
    return {
        "properties": {
            "publisher": "Microsoft.Azure.Monitor",
            "type": "AzureMonitorLinuxAgent",
            "typeHandlerVersion": "1.36",
            "enableAutomaticUpgrade": True,
            **settings,
        }
    }


def _instances_with_agent(stand_in: AzureStandIn) -> int:
    kinds = ("virtualMachines/extensions", "virtualMachineScaleSets/virtualMachines/extensions")
    return sum(len(list(stand_in.estate.store.of_type(f"Microsoft.Compute/{kind}"))) for kind in kinds)


def test_an_extension_is_creating_and_then_there(client: Client, furniture: Furniture) -> None:
    path = f"{furniture.machine('scheduler')}/{AGENT}"
    body = {"location": "eastus", **_agent(protectedSettings={"key": "secret"})}
    answer = client.send("PUT", path, body, COMPUTE)
    assert answer.status == 201
    assert answer.document["properties"]["provisioningState"] == "Creating"
    assert client.settle(answer)["status"] == "Succeeded"
    document = client.send("GET", f"{path}?$expand=instanceView", version=COMPUTE).document
    assert document["properties"]["provisioningState"] == "Succeeded"
    assert document["properties"]["instanceView"]["typeHandlerVersion"] == "1.36.1"
    assert "secret" not in str(document)
    assert client.send("PUT", path, body, COMPUTE).status == 200
    client.send("GET", path, version=COMPUTE)
    answer = client.send("DELETE", path, version=COMPUTE)
    assert answer.status == 202
    client.settle(answer)
    assert client.send("GET", path, version=COMPUTE).codes == ["ResourceNotFound"]


def test_extensions_that_are_refused(client: Client, furniture: Furniture) -> None:
    machine = furniture.machine("scheduler")
    client.settle(client.send("PUT", f"{machine}/{AGENT}", _agent(), COMPUTE))
    assert client.send("PUT", f"{machine}/extensions/second", _agent(), COMPUTE).codes == ["BadRequest"]
    other_region = {"location": "westus", **_agent()}
    assert client.send("PUT", f"{machine}/{AGENT}", other_region, COMPUTE).codes == ["InvalidParameter"]
    assert client.send("PUT", f"{machine}/{AGENT}", _agent(version="1"), COMPUTE).codes == ["InvalidRequestContent"]
    assert client.send("PUT", f"{machine}/{AGENT}", {"properties": {}}, COMPUTE).codes == ["InvalidParameter"]
    assert client.send("PUT", f"{machine}x/{AGENT}", _agent(), COMPUTE).codes == ["ParentResourceNotFound"]


@pytest.mark.parametrize(
    ("identity", "said"),
    [
        ({"identifier-name": "mi_res_id"}, "are both required"),
        ({"identifier-name": "name", "identifier-value": "x"}, "Invalid identifier-name"),
        ({"identifier-name": "mi_res_id", "identifier-value": ""}, "cannot be empty"),
    ],
)
def test_wrong_settings_fail_late(client: Client, furniture: Furniture, identity: dict[str, str], said: str) -> None:
    path = f"{furniture.machine('scheduler')}/{AGENT}"
    body = _agent(settings={"authentication": {"managedIdentity": identity}})
    status = client.settle(client.send("PUT", path, body, COMPUTE))
    assert status["status"] == "Failed"
    assert said in status["error"]["message"]
    state = client.send("GET", path, version=COMPUTE).document["properties"]["provisioningState"]
    assert state == "Failed"


def test_an_installation_that_is_ordered_to_fail(client: Client, stand_in: AzureStandIn, furniture: Furniture) -> None:
    path = f"{furniture.scale_set('compute', 1, upgrades='Automatic')}/{AGENT}"
    stand_in.estate.faults.fail_operation(AGENT, "VMExtensionProvisioningTimeout", "ordered")
    status = client.settle(client.send("PUT", path, _agent(), COMPUTE))
    assert status["error"] == {"code": "VMExtensionProvisioningTimeout", "message": "ordered"}
    assert _instances_with_agent(stand_in) == 0
    assert client.settle(client.send("PUT", path, _agent(), COMPUTE))["status"] == "Succeeded"
    assert _instances_with_agent(stand_in) == 1


@pytest.mark.parametrize("mode", ["Uniform", "Flexible"])
def test_manual_upgrades_leave_instances_as_they_were(
    client: Client, stand_in: AzureStandIn, furniture: Furniture, mode: str
) -> None:
    scale_set = furniture.scale_set("compute", 3, mode=mode)
    client.settle(client.send("PUT", f"{scale_set}/{AGENT}", _agent(), COMPUTE))
    assert _instances_with_agent(stand_in) == 0
    listed = client.send("GET", f"{scale_set}/virtualMachines", version=COMPUTE).document["value"]
    upgrade = {"instanceIds": [listed[0]["instanceId"]]}
    client.settle(client.send("POST", f"{scale_set}/manualupgrade", upgrade, COMPUTE))
    assert _instances_with_agent(stand_in) == 1
    client.settle(client.send("POST", f"{scale_set}/manualupgrade", {"instanceIds": ["*"]}, COMPUTE))
    assert _instances_with_agent(stand_in) == 3
    furniture.scale_set("compute", 5, mode=mode)
    assert _instances_with_agent(stand_in) == 5


def test_instances_tell_whether_they_have_the_latest_model(client: Client, furniture: Furniture) -> None:
    scale_set = furniture.scale_set("compute", 1)
    client.settle(client.send("PUT", f"{scale_set}/{AGENT}", _agent(), COMPUTE))
    path = f"{scale_set}/virtualMachines/0"
    assert client.send("GET", path, version=COMPUTE).document["properties"]["latestModelApplied"] is False


def test_automatic_upgrades_reach_instances_at_once(
    client: Client, stand_in: AzureStandIn, furniture: Furniture
) -> None:
    scale_set = furniture.scale_set("compute", 2, upgrades="Automatic")
    client.settle(client.send("PUT", f"{scale_set}/{AGENT}", _agent(), COMPUTE))
    assert _instances_with_agent(stand_in) == 2
    client.settle(client.send("DELETE", f"{scale_set}/{AGENT}", version=COMPUTE))
    assert _instances_with_agent(stand_in) == 0


def test_identities_are_assigned_by_patch_and_merged(client: Client, furniture: Furniture) -> None:
    machine = furniture.machine("scheduler")
    first, second = furniture.identity("first"), furniture.identity("second")
    for identity in (first, second):
        body = {"identity": {"type": "UserAssigned", "userAssignedIdentities": {identity: {}}}}
        answer = client.send("PATCH", machine, body, COMPUTE)
        assert answer.status == 200
    assert set(answer.document["identity"]["userAssignedIdentities"]) == {first, second}
    assert answer.document["identity"]["userAssignedIdentities"][first]["clientId"]
    taken = {"identity": {"type": "UserAssigned", "userAssignedIdentities": {first: None}}}
    answer = client.send("PATCH", machine, taken, COMPUTE)
    assert set(answer.document["identity"]["userAssignedIdentities"]) == {second}
    unknown = {"identity": {"type": "UserAssigned", "userAssignedIdentities": {f"{first}x": {}}}}
    assert client.send("PATCH", machine, unknown, COMPUTE).codes == ["FailedIdentityOperation"]


def test_scale_sets_are_found_by_tag(client: Client, furniture: Furniture) -> None:
    wanted = furniture.scale_set("compute-1", 1, tags={"nodearray": "compute"})
    furniture.scale_set("compute-2", 1, tags={"nodearray": "login"})
    query = "?$filter=tagName%20eq%20'nodearray'%20and%20tagValue%20eq%20'compute'"
    path = f"{furniture.group.rpartition('/resourceGroups/')[0]}/resources{query}"
    found = client.send("GET", path, version="2021-04-01").document["value"]
    assert [one["id"] for one in found] == [wanted]
    listed = f"{furniture.group}/providers/Microsoft.Compute/virtualMachineScaleSets"
    sets = client.send("GET", listed, version=COMPUTE).document["value"]
    assert [one["tags"]["nodearray"] for one in sets] == ["compute", "login"]
    assert client.send("GET", f"{path}x", version="2021-04-01").codes == ["InvalidFilterInQueryString"]


def test_a_machine_knows_itself(client: Client, stand_in: AzureStandIn, furniture: Furniture) -> None:
    scale_set = furniture.scale_set("compute", 1, mode="Flexible", tags={"nodearray": "compute"})
    (machine,) = stand_in.estate.store.of_type("Microsoft.Compute/virtualMachines")
    stand_in.estate.behaviour.machine = machine["id"]
    url = f"{stand_in.metadata_url}/metadata/instance?api-version=2021-02-01"
    compute = client.send("GET", url, token="", Metadata="true").document["compute"]
    assert (compute["resourceId"], compute["vmScaleSetName"]) == (machine["id"], "compute")
    assert compute["tagsList"] == [{"name": "nodearray", "value": "compute"}]
    assert scale_set.endswith(compute["vmScaleSetName"])
    assert client.send("GET", url, token="").status == 400
