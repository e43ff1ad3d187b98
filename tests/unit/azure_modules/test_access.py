"""azure_managed_identity, azure_role_assignment and azure_policy_assignment."""

from __future__ import annotations

import pytest

from .conftest import Azure, Failed

PUBLISHER = "Monitoring Metrics Publisher"
IDENTITY = {"resource_group": "hpc", "name": "agent", "location": "East US"}


def test_an_identity_is_made_once(azure):
    result = azure.converge("managed_identity", **IDENTITY)
    document = azure.document(result["id"])
    assert document["location"] == "eastus"
    assert result["principal_id"] == document["properties"]["principalId"]
    assert result["client_id"] == document["properties"]["clientId"]

    again = azure.converge("managed_identity", **IDENTITY, tags={"cluster": "ndv5"})
    assert again["principal_id"] == result["principal_id"]
    azure.converge("managed_identity", **IDENTITY, tags={"a": "b"}, append_tags=False)
    assert azure.document(result["id"])["tags"] == {"a": "b"}

    azure.converge("managed_identity", resource_group="hpc", name="agent", state="absent")
    assert result["id"] not in azure.estate.store


def test_an_identity_has_a_place_for_ever(azure):
    with pytest.raises(Failed, match="needs location"):
        azure.run("managed_identity", resource_group="hpc", name="agent")
    azure.run("managed_identity", **IDENTITY)
    with pytest.raises(Failed, match="Azure does not change it"):
        azure.run("managed_identity", **{**IDENTITY, "location": "westeurope"})


def test_identities_are_shown(azure):
    azure.run("managed_identity", **IDENTITY)

    def names(**more):
        result = azure.run("managed_identity_info", resource_group="hpc", **more)
        return [identity["name"] for identity in result["identities"]]

    assert (names(), names(name="agent"), names(name="other")) == (["agent"], ["agent"], [])


@pytest.fixture
def agent(azure: Azure) -> str:
    """The principal of an identity."""
    return azure.run("managed_identity", **IDENTITY)["principal_id"]


def granted(azure: Azure):
    return {
        (one["properties"]["scope"], one["properties"]["roleDefinitionId"].rpartition("/")[2])
        for one in azure.estate.store.of_type("Microsoft.Authorization/roleAssignments")
    }


def test_roles_are_given_and_taken(azure, agent):
    roles = [PUBLISHER.lower(), "749f88d5-cbae-40b8-bcfc-e573ddc772fa"]
    scopes = [azure.workspace, azure.furniture.machine("scheduler")]
    azure.converge("role_assignment", principal_id=agent, roles=roles, scopes=scopes, description="the agent")
    assert granted(azure) == {
        (scope, role)
        for scope in scopes
        for role in ("3913510d-42f4-4e42-8a64-420c390055eb", "749f88d5-cbae-40b8-bcfc-e573ddc772fa")
    }
    properties = next(iter(azure.estate.store.of_type("Microsoft.Authorization/roleAssignments")))["properties"]
    assert (properties["principalType"], properties["description"]) == ("ServicePrincipal", "the agent")

    azure.converge("role_assignment", principal_id=agent, roles=roles, scopes=scopes[:1], state="absent")
    assert {scope for scope, _role in granted(azure)} == {scopes[1]}


def test_the_type_of_a_principal_can_be_said(azure):
    person = azure.estate.tenancy.operator.object_id
    azure.converge(
        "role_assignment", principal_id=person, roles=[PUBLISHER], scopes=[azure.workspace], principal_type="User"
    )
    (assignment,) = azure.estate.store.of_type("Microsoft.Authorization/roleAssignments")
    assert assignment["properties"]["principalType"] == "User"


def test_a_role_above_is_a_role_below(azure, agent):
    azure.run("role_assignment", principal_id=agent, roles=[PUBLISHER], scopes=[azure.furniture.group.upper() + "/"])
    below = {"principal_id": agent, "roles": [PUBLISHER], "scopes": [azure.workspace]}
    assert not azure.run("role_assignment", **below)["changed"]
    assert not azure.run("role_assignment", **below, state="absent")["changed"]
    assert azure.run("role_assignment", principal_id=agent, roles=["Monitoring Contributor"], scopes=below["scopes"])[
        "changed"
    ]
    # A group whose name begins alike is another.
    other = azure.furniture.group + "2"
    assert azure.run("role_assignment", check=True, **{**below, "scopes": [other]})["changed"]


def test_a_principal_that_is_new_is_waited_for(azure):
    azure.estate.behaviour.principal_hidden_tries = 3
    principal = azure.run("managed_identity", **IDENTITY)["principal_id"]
    azure.converge("role_assignment", principal_id=principal, roles=[PUBLISHER], scopes=[azure.workspace])
    with pytest.raises(Failed, match="PrincipalNotFound"):
        azure.run("role_assignment", principal_id="x", roles=[PUBLISHER], scopes=[azure.workspace], timeout=1)


def test_check_mode_takes_an_identity_for_there_that_the_task_before_would_have_made(azure):
    new = {"principal_id": "", "roles": [PUBLISHER], "scopes": [azure.workspace]}
    assert azure.run("role_assignment", check=True, **new)["changed"]
    with pytest.raises(Failed, match="principal_id is empty"):
        azure.run("role_assignment", **new)
    azure.faults.refuse(404, "ResourceNotFound", "no such scope", kind="roleAssignments", methods="GET", times=2)
    new["principal_id"] = azure.estate.tenancy.operator.object_id
    assert azure.run("role_assignment", check=True, **new)["changed"]
    with pytest.raises(Failed, match="no such scope"):
        azure.run("role_assignment", **new)


def test_a_role_that_nobody_knows_is_told_before_anybody_signs_in(azure):
    with pytest.raises(
        Failed, match="no role Monitoring Publisher is known here; did you mean Monitoring Metrics Publ"
    ):
        azure.run("role_assignment", principal_id="x", roles=["Monitoring Publisher"], scopes=[azure.workspace])
    assert not azure.counts()


def test_roles_are_shown(azure, agent):
    azure.run("role_assignment", principal_id=agent, roles=[PUBLISHER], scopes=[azure.workspace])

    def scopes(**more):
        result = azure.run("role_assignment_info", principal_id=agent, **more)
        return [one["properties"]["scope"] for one in result["role_assignments"]]

    assert scopes() == scopes(scope=azure.workspace) == [azure.workspace]
    assert scopes(scope=azure.furniture.machine("scheduler")) == []


@pytest.fixture
def policy(azure):
    return {
        "name": "slurmd",
        "scope": azure.furniture.group,
        "location": "East US",
        "parameters": {"dcrResourceId": "/r"},
    }


def test_a_policy_stays_in_its_region(azure, policy):
    azure.run("policy_assignment", **policy)
    with pytest.raises(Failed, match="Azure does not change it"):
        azure.run("policy_assignment", check=True, **{**policy, "location": "westeurope"})


def test_a_policy_is_assigned_once_and_taken_away(azure, policy):
    result = azure.converge("policy_assignment", **policy)
    document = azure.document(result["id"])
    assert document["properties"]["policyDefinitionId"].endswith("/2ea82cdd-f2e8-4500-af75-67a2e084ca74")
    assert document["properties"]["parameters"] == {"dcrResourceId": {"value": "/r"}}
    assert document["location"] == "eastus"
    assert result["principal_id"] == document["identity"]["principalId"]
    azure.converge("role_assignment", principal_id=result["principal_id"], roles=[PUBLISHER], scopes=[policy["scope"]])

    where = {"name": "slurmd", "scope": policy["scope"]}
    assert azure.run("policy_assignment_info", **where)["assignments"][0]["name"] == "slurmd"
    azure.converge("policy_assignment", **where, state="absent")
    assert azure.run("policy_assignment_info", **where)["assignments"] == []


@pytest.mark.parametrize(
    ("option", "value", "key", "found"),
    [
        ("parameters", {"dcrResourceId": "/other"}, "parameters", {"dcrResourceId": {"value": "/other"}}),
        ("display_name", "Logs", "displayName", "Logs"),
        ("description", "of slurmd", "description", "of slurmd"),
        ("enforce", False, "enforcementMode", "DoNotEnforce"),
        ("not_scopes", ["/x"], "notScopes", ["/x"]),
        ("policy_definition", "/own/policy", "policyDefinitionId", "/own/policy"),
    ],
)
def test_an_option_of_a_policy_is_set_later(azure, policy, option, value, key, found):
    principal = azure.run("policy_assignment", **policy)["principal_id"]
    result = azure.converge("policy_assignment", **{**policy, option: value})
    assert azure.document(result["id"])["properties"][key] == found
    assert result["principal_id"] == principal
