"""Identities, role assignments and policy assignments."""

from __future__ import annotations

from tests.stand_ins.azure import AzureStandIn, Furniture
from tests.unit.stand_ins.azure.conftest import Client

ROLES = "2022-04-01"
POLICIES = "2023-04-01"
PUBLISHER = "/providers/Microsoft.Authorization/roleDefinitions/3913510d-42f4-4e42-8a64-420c390055eb"
FIRST = "11111111-1111-1111-1111-111111111111"
SECOND = "22222222-2222-2222-2222-222222222222"


def _body(principal: str, role: str = PUBLISHER) -> dict[str, dict[str, str]]:
    return {"properties": {"roleDefinitionId": role, "principalId": principal, "principalType": "ServicePrincipal"}}


def _identity(client: Client, furniture: Furniture) -> str:
    path = f"{furniture.group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/agent"
    answer = client.send("PUT", path, {"location": "eastus"}, "2023-01-31")
    principal: str = answer.document["properties"]["principalId"]
    return principal


def test_a_role_is_assigned_once(client: Client, furniture: Furniture) -> None:
    principal = _identity(client, furniture)
    path = f"{furniture.group}/providers/Microsoft.Authorization/roleAssignments"
    assert client.send("PUT", f"{path}/{FIRST}", _body(principal), ROLES).status == 201
    assert client.send("PUT", f"{path}/{FIRST}", _body(principal), ROLES).status == 200
    again = client.send("PUT", f"{path}/{SECOND}", _body(principal), ROLES)
    assert (again.status, again.codes) == (409, ["RoleAssignmentExists"])
    reader = "/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"
    change = client.send("PUT", f"{path}/{FIRST}", _body(principal, reader), ROLES)
    assert change.codes == ["RoleAssignmentUpdateNotPermitted"]
    assert client.send("GET", f"{path}/{SECOND}", version=ROLES).codes == ["RoleAssignmentNotFound"]


def test_assignments_that_are_refused(client: Client, furniture: Furniture) -> None:
    principal = _identity(client, furniture)
    path = f"{furniture.group}/providers/Microsoft.Authorization/roleAssignments"
    assert client.send("PUT", f"{path}/agent", _body(principal), ROLES).codes == ["InvalidRoleAssignmentId"]
    unknown = client.send("PUT", f"{path}/{FIRST}", _body(principal, f"/x/{SECOND}"), ROLES)
    assert unknown.codes == ["RoleDefinitionDoesNotExist"]
    assert client.send("PUT", f"{path}/{FIRST}", _body(SECOND), ROLES).codes == ["PrincipalNotFound"]


def test_a_new_identity_is_unknown_for_some_tries(client: Client, stand_in: AzureStandIn, furniture: Furniture) -> None:
    stand_in.estate.behaviour.principal_hidden_tries = 2
    principal = _identity(client, furniture)
    path = f"{furniture.group}/providers/Microsoft.Authorization/roleAssignments/{FIRST}"
    assert [client.send("PUT", path, _body(principal), ROLES).status for _try in range(3)] == [400, 400, 201]


def test_assignments_are_listed_by_principal_and_scope(client: Client, furniture: Furniture) -> None:
    principal = _identity(client, furniture)
    below = "/providers/Microsoft.Authorization/roleAssignments"
    machine = furniture.machine("scheduler")
    client.send("PUT", f"{furniture.group}{below}/{FIRST}", _body(principal), ROLES)
    client.send("PUT", f"{machine}{below}/{SECOND}", _body(principal), ROLES)

    def names(scope: str, text: str) -> list[str]:
        answer = client.send("GET", f"{scope}{below}?$filter={text.replace(' ', '%20')}", version=ROLES)
        return [one["name"] for one in answer.document["value"]]

    assert names(furniture.group, f"principalId eq '{principal}'") == [FIRST, SECOND]
    assert names(furniture.group, f"assignedTo('{principal}')") == [FIRST, SECOND]
    assert names(furniture.group, "principalId eq 'other'") == []
    assert names(furniture.group, "atScope()") == [FIRST]
    assert names(machine, "atScope()") == [FIRST, SECOND]


def test_a_policy_with_an_identity_has_a_location(client: Client, furniture: Furniture) -> None:
    path = f"{furniture.group}/providers/Microsoft.Authorization/policyAssignments/agent"
    body = {"properties": {"policyDefinitionId": "/providers/x"}, "identity": {"type": "SystemAssigned"}}
    assert client.send("PUT", path, body, POLICIES).codes == ["LocationRequired"]
    answer = client.send("PUT", path, {**body, "location": "eastus"}, POLICIES)
    assert answer.status == 201
    principal = answer.document["identity"]["principalId"]
    role = f"{furniture.group}/providers/Microsoft.Authorization/roleAssignments/{FIRST}"
    assert client.send("PUT", role, _body(principal), ROLES).status == 201
    assert client.send("GET", f"{path}x", version=POLICIES).codes == ["PolicyAssignmentNotFound"]
    assert client.send("DELETE", path, version=POLICIES).status == 200
    assert client.send("DELETE", path, version=POLICIES).status == 204
    assert client.send("PUT", role.replace(FIRST, SECOND), _body(principal), ROLES).codes == ["PrincipalNotFound"]


def test_an_identity_that_is_gone_is_unknown(client: Client, furniture: Furniture) -> None:
    principal = _identity(client, furniture)
    path = f"{furniture.group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/agent"
    assert client.send("DELETE", path, version="2023-01-31").status == 200
    role = f"{furniture.group}/providers/Microsoft.Authorization/roleAssignments/{FIRST}"
    assert client.send("PUT", role, _body(principal), ROLES).codes == ["PrincipalNotFound"]


def test_permissions_are_listed_for_what_is_there(client: Client, stand_in: AzureStandIn, furniture: Furniture) -> None:
    below = "/providers/Microsoft.Authorization/permissions"
    assert client.send("GET", f"{furniture.group}{below}", version=ROLES).document["value"][0]["actions"] == ["*"]
    stand_in.estate.behaviour.actions = ["*/read"]
    listed = client.send("GET", f"{furniture.machine('scheduler')}{below}", version=ROLES)
    assert listed.document["value"][0]["actions"] == ["*/read"]
    assert client.send("GET", f"{furniture.group}x{below}", version=ROLES).status == 404
