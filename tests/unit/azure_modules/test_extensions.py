"""azure_vm_extension."""

from __future__ import annotations

import pytest

from .conftest import Azure, Failed

AGENT = "AzureMonitorLinuxAgent"


@pytest.fixture
def identity(azure):
    return azure.furniture.identity("agent")


def options(**more):
    return {"target_resource_group": "hpc", **more}


def there(azure: Azure, target: str, name: str = AGENT):
    return azure.document(f"{target}/extensions/{name}")["properties"]


def test_the_agent_is_installed_with_its_identity(azure, identity):
    machine = azure.furniture.machine("scheduler", identity={"type": "SystemAssigned"})
    result = azure.converge(
        "vm_extension", **options(virtual_machines=["scheduler"], user_assigned_identity=identity, settings={"a": 1})
    )

    found = there(azure, machine)
    assert (found["publisher"], found["type"]) == ("Microsoft.Azure.Monitor", AGENT)
    assert (found["typeHandlerVersion"], found["autoUpgradeMinorVersion"]) == ("1.36", True)
    assert found["enableAutomaticUpgrade"] is True
    assert found["settings"] == {
        "a": 1,
        "authentication": {"managedIdentity": {"identifier-name": "mi_res_id", "identifier-value": identity}},
    }
    assigned = azure.document(machine)["identity"]
    assert assigned["type"] == "SystemAssigned, UserAssigned"
    assert list(assigned["userAssignedIdentities"]) == [identity]
    assert result["targets"] == [machine]
    assert result["changes"] == [f"identity of {machine}", f"extension of {machine}"]


@pytest.mark.parametrize(
    ("option", "value", "key"),
    [
        ("type_handler_version", "1.38", "typeHandlerVersion"),
        ("auto_upgrade_minor_version", False, "autoUpgradeMinorVersion"),
        ("enable_automatic_upgrade", False, "enableAutomaticUpgrade"),
        ("settings", {"proxy": {"mode": "application"}}, "settings"),
        ("force_update_tag", "2", "forceUpdateTag"),
        ("provision_after_extensions", ["Other"], "provisionAfterExtensions"),
        ("suppress_failures", True, "suppressFailures"),
        ("publisher", "Contoso", "publisher"),
        ("type", "Contoso.Agent", "type"),
    ],
)
def test_an_option_is_set_later(azure, option, value, key):
    machine = azure.furniture.machine("scheduler")
    azure.run("vm_extension", **options(virtual_machines=["scheduler"]))
    azure.converge("vm_extension", **options(virtual_machines=["scheduler"], **{option: value}))
    assert there(azure, machine)[key] == value


def test_an_extension_has_a_name(azure):
    machine = azure.furniture.machine("scheduler")
    azure.converge("vm_extension", **options(virtual_machines=["scheduler"], name="Agent"))
    assert there(azure, machine, "Agent")["type"] == AGENT
    assert set(azure.run("vm_extension_info", **options(virtual_machines=["scheduler"]))["extensions"]) == {machine}


def test_protected_settings_go_in_and_are_never_told(azure, monkeypatch):
    azure.furniture.machine("scheduler")
    sent = []
    services = azure.stand_in.services
    answer = services.answer
    monkeypatch.setattr(services, "answer", lambda request: (sent.append(request.body), answer(request))[1])
    secret = {"protected_settings": {"key": "hunter2"}}
    result = azure.converge("vm_extension", **options(virtual_machines=["scheduler"], **secret))
    assert any(b"hunter2" in body for body in sent)
    assert "hunter2" not in str(result)


def test_a_later_version_of_azures_own_choice_will_do(azure):
    machine = azure.furniture.machine("scheduler")
    azure.run("vm_extension", **options(virtual_machines=["scheduler"], type_handler_version="1.40"))
    assert not azure.run("vm_extension", **options(virtual_machines=["scheduler"]))["changed"]
    fixed = {"auto_upgrade_minor_version": False, "enable_automatic_upgrade": False}
    azure.converge("vm_extension", **options(virtual_machines=["scheduler"], **fixed))
    assert there(azure, machine)["typeHandlerVersion"] == "1.36"


def test_a_uniform_scale_set_gets_it_as_a_whole(azure, identity):
    scale_set = azure.furniture.scale_set("nodes", 3, upgrades="Automatic")
    azure.converge("vm_extension", **options(scale_sets=["nodes"], user_assigned_identity=identity))
    assert there(azure, scale_set)["type"] == AGENT
    assert there(azure, f"{scale_set}/virtualMachines/2")["type"] == AGENT
    assert identity in azure.document(scale_set)["identity"]["userAssignedIdentities"]


def test_where_upgrades_are_made_by_hand_they_are_made_when_asked_for(azure):
    scale_set = azure.furniture.scale_set("nodes", 3, upgrades="Manual")
    result = azure.run("vm_extension", **options(scale_sets=["nodes"]))
    assert result["instances_behind"] == {scale_set: 3}
    assert "3 instances of" in azure.warnings[-1]
    assert f"{scale_set}/virtualMachines/2/extensions/{AGENT}" not in azure.estate.store

    # As after a run that broke off between the extension and the instances.
    result = azure.converge("vm_extension", **options(scale_sets=["nodes"], update_instances=True))
    assert result["changes"] == [f"3 instances of {scale_set}"]
    assert result["instances_behind"] == {}
    assert there(azure, f"{scale_set}/virtualMachines/2")["type"] == AGENT


def test_a_flexible_scale_set_gets_it_and_each_instance(azure, identity):
    scale_set = azure.furniture.scale_set("nodes", 3, mode="Flexible", tags={"ClusterName": "ndv5"})
    result = azure.converge(
        "vm_extension", **options(scale_set_tags={"ClusterName": "ndv5"}, user_assigned_identity=identity)
    )
    assert len(result["targets"]) == 4
    for target in result["targets"]:
        assert there(azure, target)["type"] == AGENT
        assert identity in azure.document(target)["identity"]["userAssignedIdentities"]
    assert scale_set in result["targets"]


def test_an_identity_that_is_not_to_be_assigned_must_be_there(azure, identity):
    machine = azure.furniture.machine("scheduler")
    wanted = options(virtual_machines=["scheduler"], user_assigned_identity=identity, assign_identity=False)
    with pytest.raises(Failed, match=r"is not assigned to .*scheduler"):
        azure.run("vm_extension", **wanted)
    assert azure.writes() == 0
    azure.furniture.machine("scheduler", identity={"type": "UserAssigned", "userAssignedIdentities": {identity: {}}})
    azure.converge("vm_extension", **wanted)
    assert there(azure, machine)["type"] == AGENT


def test_an_installation_that_fails_is_a_failure_and_is_tried_again(azure):
    azure.furniture.machine("scheduler")
    azure.faults.fail_operation("scheduler", "VMExtensionProvisioningError", "no network")
    with pytest.raises(Failed, match="VMExtensionProvisioningError: no network"):
        azure.run("vm_extension", **options(virtual_machines=["scheduler"]))
    azure.converge("vm_extension", **options(virtual_machines=["scheduler"]))


def test_an_extension_is_removed(azure):
    azure.furniture.machine("scheduler")
    azure.furniture.scale_set("nodes", 1)
    where = options(virtual_machines=["scheduler"], scale_sets=["nodes"], update_instances=True)
    azure.run("vm_extension", **where)
    result = azure.converge("vm_extension", **where, state="absent")
    assert not any(f"/extensions/{AGENT}".lower() in path.lower() for path in map(str, result["targets"]))
    assert azure.run("vm_extension_info", **options(virtual_machines=["scheduler"], scale_sets=["nodes"]))[
        "extensions"
    ] == {target: [] for target in result["targets"]}


def test_extensions_are_shown(azure):
    machine = azure.furniture.machine("scheduler")
    azure.run("vm_extension", **options(virtual_machines=["scheduler"]))

    def shown(**more):
        result = azure.run("vm_extension_info", **options(virtual_machines=["scheduler"], **more))
        return [extension["name"] for extension in result["extensions"][machine]]

    assert (shown(), shown(name=AGENT), shown(name="Other")) == ([AGENT], [AGENT], [])


def test_extensions_of_scale_sets_are_found_by_tag(azure):
    tagged = azure.furniture.scale_set("a", 1, tags={"ClusterName": "ndv5"})
    azure.furniture.scale_set("b", 1)
    shown = azure.run("vm_extension_info", **options(scale_set_tags={"ClusterName": "ndv5"}))
    assert shown["extensions"] == {tagged: []}


def test_a_busy_machine_is_waited_for(azure):
    azure.furniture.machine("scheduler")
    azure.faults.refuse(409, "Conflict", "busy", kind="extensions", methods="PUT", times=2)
    azure.converge("vm_extension", **options(virtual_machines=["scheduler"]))
