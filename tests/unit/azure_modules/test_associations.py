"""azure_data_collection_rule_association."""

from __future__ import annotations

import pytest

from .conftest import Azure, Failed

TYPE = "Microsoft.Insights/dataCollectionRuleAssociations"
RULES = "Microsoft.Insights/dataCollectionRules"


@pytest.fixture
def rules(azure):
    """Two rules, whose names have capital letters."""
    for name in ("Slurmd_raw_dcr", "Syslog_raw_dcr"):
        body = {"location": "eastus", "properties": {"description": name}}
        azure.stand_in.services.put(azure.id(RULES, name), body)
    return ["Slurmd_raw_dcr", "Syslog_raw_dcr"]


def followed(azure: Azure):
    """Who follows what, as (machine, rule, name of the association)."""
    return {
        (
            one["id"].partition("/providers/Microsoft.Insights")[0],
            one["properties"]["dataCollectionRuleId"].rpartition("/")[2],
            one["name"],
        )
        for one in azure.estate.store.of_type(TYPE)
    }


def options(**more):
    return {"resource_group": "hpc", "target_resource_group": "hpc", **more}


def test_machines_of_every_kind_follow_rules(azure, rules):
    machine = azure.furniture.machine("Scheduler")
    arc = azure.furniture.arc_machine("OnPremises")
    uniform = azure.furniture.scale_set("Uniform", 3)
    flexible = azure.furniture.scale_set("Flexible", 2, mode="Flexible")
    azure.furniture.machine("other")
    instances = {
        one["id"]
        for one in azure.estate.store.of_type("Microsoft.Compute/virtualMachines")
        if one["name"].startswith("Flexible")
    }

    result = azure.converge(
        "data_collection_rule_association",
        **options(
            rules=rules, virtual_machines=["scheduler"], arc_machines=[arc.upper()], scale_sets=["Uniform", flexible]
        ),
    )

    machines = {machine, arc, uniform, *instances}
    assert {(who, what) for who, what, _name in followed(azure)} == {(one, rule) for one in machines for rule in rules}
    assert {name for _who, _what, name in followed(azure)} == {f"{rule}-association" for rule in rules}
    assert set(result["targets"]) == machines
    assert len(result["changes"]) == 10


def test_scale_sets_are_found_by_tag(azure, rules):
    first = azure.furniture.scale_set("a", 1, tags={"ClusterName": "ndv5", "Role": "hpc"})
    second = azure.furniture.scale_set("b", 1, tags={"ClusterName": "ndv5", "Role": "hpc"})
    azure.furniture.scale_set("c", 1, tags={"ClusterName": "other", "Role": "hpc"})
    azure.furniture.scale_set("d", 1, tags={"ClusterName": "ndv5"})
    wanted = {"rules": rules[:1], "scale_set_tags": {"clustername": "ndv5", "Role": "hpc"}}

    azure.converge("data_collection_rule_association", **options(**wanted))
    assert {who for who, _what, _name in followed(azure)} == {first, second}
    # Without a group, the whole subscription.
    assert not azure.run("data_collection_rule_association", resource_group="hpc", **wanted)["changed"]


def test_no_machine_yet_is_no_error(azure, rules):
    result = azure.run("data_collection_rule_association", **options(rules=rules, scale_set_tags={"a": "b"}))
    assert not result["changed"]
    assert "no machine" in azure.warnings[-1]


def test_an_association_of_any_name_will_do(azure, rules):
    machine = azure.furniture.machine("scheduler")
    rule = azure.id(RULES, rules[0])
    azure.stand_in.services.put(f"{machine}/providers/{TYPE}/byHand", {"properties": {"dataCollectionRuleId": rule}})
    wanted = options(rules=[rule], virtual_machines=[machine])

    assert not azure.run("data_collection_rule_association", **wanted)["changed"]
    azure.converge("data_collection_rule_association", **wanted, description="lines of slurmd")
    assert [name.casefold() for _who, _what, name in followed(azure)] == ["byhand"]
    assert (
        azure.estate.store.get(f"{machine}/providers/{TYPE}/byHand")["properties"]["description"] == "lines of slurmd"
    )


def test_a_name_can_be_given(azure, rules):
    machine = azure.furniture.machine("scheduler")
    azure.converge(
        "data_collection_rule_association", **options(rules=rules[:1], virtual_machines=[machine], name="slurmd-1")
    )
    assert followed(azure) == {(machine, rules[0], "slurmd-1")}


def test_machines_get_their_rules_from_an_endpoint(azure):
    machine = azure.furniture.machine("scheduler")
    endpoint = azure.run("data_collection_endpoint", resource_group="hpc", name="in", location="eastus")["id"]
    azure.converge("data_collection_rule_association", **options(endpoint="in", virtual_machines=["scheduler"]))
    association = azure.document(f"{machine}/providers/{TYPE}/configurationAccessEndpoint")
    assert association["properties"] == {"dataCollectionEndpointId": endpoint}
    assert [
        one["name"]
        for one in azure.run("data_collection_rule_association_info", **options(endpoint="in"))["associations"]
    ] == ["configurationaccessendpoint"]


def test_machines_stop_to_follow(azure, rules):
    machine, other = (azure.furniture.machine(name) for name in ("scheduler", "login"))
    azure.run("data_collection_rule_association", **options(rules=rules, virtual_machines=[machine, other]))
    azure.converge(
        "data_collection_rule_association", **options(rules=rules[:1], virtual_machines=["Login"], state="absent")
    )
    assert {(who, what) for who, what, _name in followed(azure)} == {
        (machine, rules[0]),
        (machine, rules[1]),
        (other, rules[1]),
    }
    gone = options(rules=["nothing"], virtual_machines=["login"], state="absent")
    assert not azure.run("data_collection_rule_association", **gone)["changed"]


def test_requests_are_for_what_is_missing_and_not_for_each_machine(azure, rules):
    nodes = 120
    azure.furniture.scale_set("nodes", nodes, mode="Flexible")
    azure.estate.behaviour.page_size = 50
    wanted = options(rules=rules, scale_sets=["nodes"])

    first = azure.run("data_collection_rule_association", **wanted)
    # The list of scale sets, three pages of machines, a list for each rule, and what is missing.
    assert first["requests"] == 1 + 3 + len(rules) + nodes * len(rules)
    second = azure.run("data_collection_rule_association", **wanted)
    assert second["requests"] == 1 + 3 + 3 * len(rules)
    azure.furniture.scale_set("nodes", nodes + 1, mode="Flexible")
    assert len(azure.run("data_collection_rule_association", **wanted)["changes"]) == len(rules)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"virtual_machines": ["scheduler", "nobody", "nobody2"]}, "there is no .*/nobody, no .*/nobody2"),
        ({"scale_sets": ["nobody"]}, "there is no .*/virtualMachineScaleSets/nobody"),
        ({"arc_machines": ["nobody"]}, "there is no .*/machines/nobody"),
        ({"target_resource_group": None}, "virtual_machines: .* target_resource_group must be set"),
        ({"virtual_machines": ["/subscriptions/x"]}, "is to be the id of one of Microsoft.Compute/virtualMachines"),
        ({"rules": ["nothing"]}, "there is no .*/nothing: make it first"),
        ({"resource_group": None}, "needs resource_group"),
        ({"rules": []}, "rules, endpoint"),
    ],
)
def test_what_is_missing_is_told_before_anything_is_changed(azure, rules, change, message):
    azure.furniture.machine("scheduler")
    wanted = {**options(rules=rules, virtual_machines=["scheduler"]), **change}
    if change == {"rules": []}:
        del wanted["rules"]
    with pytest.raises(Failed, match=message):
        azure.run("data_collection_rule_association", **wanted)
    assert azure.writes() == 0


def test_check_mode_takes_a_rule_for_there_that_the_task_before_would_have_made(azure):
    azure.furniture.machine("scheduler")
    wanted = options(rules=["new_dcr"], virtual_machines=["scheduler"])
    assert azure.run("data_collection_rule_association", check=True, **wanted)["changed"]


def test_the_first_failure_ends_the_rest_and_says_how_far_it_came(azure, rules):
    azure.furniture.scale_set("nodes", 20, mode="Flexible")
    wanted = options(rules=rules[:1], scale_sets=["nodes"])
    azure.faults.forbid(kind="dataCollectionRuleAssociations", methods="PUT")
    with pytest.raises(Failed, match=r"AuthorizationFailed.*\(0 of 20 were done"):
        azure.run("data_collection_rule_association", **wanted, parallel=1)
    assert azure.counts()["PUT dataCollectionRuleAssociations"] == 1

    azure.faults.clear()
    azure.converge("data_collection_rule_association", **wanted)


def test_associations_are_shown_by_rule_and_by_machine(azure, rules):
    machine = azure.furniture.machine("scheduler")
    azure.run("data_collection_rule_association", **options(rules=rules, virtual_machines=[machine]))

    def shown(**where):
        result = azure.run("data_collection_rule_association_info", **options(**where))
        return sorted(one["name"] for one in result["associations"])

    names = [f"{rule}-association" for rule in rules]
    assert shown(rules=rules[:1]) == [names[0].lower()]
    assert shown(virtual_machines=["scheduler"]) == names


def test_associations_are_shown_by_machine_of_every_kind(azure, rules):
    arc = azure.furniture.arc_machine("OnPremises")
    nodes = azure.furniture.scale_set("nodes", 1, tags={"ClusterName": "ndv5"})
    azure.run("data_collection_rule_association", **options(rules=rules[:1], arc_machines=[arc]))
    azure.run("data_collection_rule_association", **options(rules=rules[1:], scale_sets=[nodes]))

    def shown(**where):
        result = azure.run("data_collection_rule_association_info", **options(**where))
        return [one["name"] for one in result["associations"]]

    assert shown(arc_machines=["OnPremises"]) == [f"{rules[0]}-association"]
    assert shown(scale_sets=["nodes"]) == shown(scale_set_tags={"ClusterName": "ndv5"}) == [f"{rules[1]}-association"]
