"""Documents of Resource Manager: spelling, comparison, and what is sent back."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.slurm.observability.plugins.module_utils.azure import data_collection_rules as rules
from ansible_collections.slurm.observability.plugins.module_utils.azure import tables, tracked
from ansible_collections.slurm.observability.plugins.module_utils.azure.errors import DocumentError
from ansible_collections.slurm.observability.plugins.module_utils.azure.schema import (
    IDENTITY,
    comparable,
    to_arm,
    writable,
)

from .examples import example


def snake(key):
    """The spelling with underscores."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in key).lstrip("_")


@pytest.mark.parametrize("schema", [rules.PROPERTIES, tables.PROPERTIES])
def test_every_key_is_taken_in_both_spellings(schema):
    document = example(schema)
    assert to_arm(document, schema, "it") == document
    assert to_arm(example(schema, snake), schema, "it") == document


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (
            {"dataFlows": [{"transfromKql": "source"}]},
            r"it\.dataFlows\[0\] has no transfromKql; did you mean transformKql",
        ),
        ({"xyz": 1}, "it has no xyz; known are description, dataCollectionEndpointId, stream"),
        ({"dataFlows": {"streams": []}}, "it.dataFlows is to be a list"),
        ({"dataFlows": [["x"]]}, r"it\.dataFlows\[0\] is to have keys"),
        ({"dataFlows": [{"captureOverflow": "maybe"}]}, "captureOverflow is to be true or false, not 'maybe'"),
        ({"description": True}, "it.description is to be a text"),
        ({"dataSources": {"performanceCounters": [{"samplingFrequencyInSeconds": True}]}}, "a whole number, not True"),
        ({"data_flows": [], "dataFlows": []}, "it has dataFlows twice"),
    ],
)
def test_what_azure_does_not_know_is_refused(document, message):
    with pytest.raises(DocumentError, match=message):
        to_arm(document, rules.PROPERTIES, "it")


def test_all_faults_are_told_at_once():
    with pytest.raises(DocumentError, match=r"has no a; .*; .* has no b; "):
        to_arm({"a": 1, "b": 2}, rules.PROPERTIES, "it")


def test_numbers_of_templates_and_texts_of_yaml_are_what_azure_wants():
    counters = {"performanceCounters": [{"samplingFrequencyInSeconds": "60"}]}
    settings = {"logs": [{"name": "MaxDiskQuotaInMB", "value": 5000}]}
    document = to_arm({"dataSources": counters, "agentSettings": settings}, rules.PROPERTIES, "it")
    assert document["dataSources"]["performanceCounters"][0]["samplingFrequencyInSeconds"] == 60
    assert document["agentSettings"]["logs"][0]["value"] == "5000"


def test_what_only_azure_writes_is_left_out_and_nothing_else():
    answered = {
        "properties": {
            "immutableId": "dcr-1",
            "provisioningState": "Succeeded",
            "brandNew": {"x": 1},
            "destinations": {"logAnalytics": [{"name": "a", "workspaceId": "guid", "workspaceResourceId": "/x"}]},
        },
        "location": "eastus",
        "etag": "1",
        "systemData": {},
    }
    sent = {
        "properties": {
            "brandNew": {"x": 1},
            "destinations": {"logAnalytics": [{"name": "a", "workspaceResourceId": "/x"}]},
        },
        "location": "eastus",
    }
    assert writable(answered, rules.SCHEMA) == sent
    assert comparable(answered, rules.SCHEMA) == comparable(sent, rules.SCHEMA)


RULE = {
    "location": "uksouth",
    "kind": "Linux",
    "tags": {"Cluster": "a"},
    "properties": {
        "dataCollectionEndpointId": "/subscriptions/S/x",
        "dataSources": {
            "syslog": [{"name": "s", "streams": ["Microsoft-Syslog"], "facilityNames": ["auth", "cron"]}],
            "logFiles": [{"name": "f", "streams": ["Custom-A_CL"], "filePatterns": ["/A.log", "/B.log"]}],
        },
        "dataFlows": [
            {"streams": ["Microsoft-Syslog"], "destinations": ["a", "b"]},
            {"streams": ["Custom-A_CL"], "destinations": ["a"], "transformKql": "source | extend x=1"},
        ],
    },
}


def changed(*path_and_value):
    """The rule with another value at a path."""
    rule = copy.deepcopy(RULE)
    *path, last, value = path_and_value
    place = rule
    for key in path:
        place = place[key]
    place[last] = value
    return rule


SYSLOG = ("properties", "dataSources", "syslog", 0)
FILES = ("properties", "dataSources", "logFiles", 0)


@pytest.mark.parametrize(
    "other",
    [
        changed("location", "UK South"),
        changed("kind", "linux"),
        changed("tags", {"cluster": "a"}),
        changed("properties", "dataCollectionEndpointId", "/Subscriptions/s/X/"),
        changed("properties", "description", ""),
        changed("properties", "streamDeclarations", {}),
        changed("properties", "references", None),
        changed(*SYSLOG, "facilityNames", ["cron", "Auth"]),
        changed(*SYSLOG, "streams", ["MICROSOFT-SYSLOG"]),
        changed(*SYSLOG, "transformKql", "source"),
        changed(*FILES, "filePatterns", ["/B.log", "/A.log"]),
        changed("properties", "dataFlows", list(reversed(RULE["properties"]["dataFlows"]))),
        changed("properties", "dataFlows", 0, "destinations", ["b", "a"]),
        changed("properties", "dataFlows", 0, "captureOverflow", False),
    ],
)
def test_what_azure_normalises_is_no_difference(other):
    assert comparable(other, rules.SCHEMA) == comparable(RULE, rules.SCHEMA)


@pytest.mark.parametrize(
    "other",
    [
        changed("location", "ukwest"),
        changed("tags", {"Cluster": "A"}),
        changed("tags", {}),
        changed("properties", "description", "x"),
        changed("properties", "brandNew", 1),
        changed(*SYSLOG, "facilityNames", ["auth"]),
        changed(*FILES, "streams", ["Custom-a_CL"]),
        changed(*FILES, "filePatterns", ["/a.log", "/B.log"]),
        changed("properties", "dataFlows", 1, "transformKql", "source | extend x=2"),
        changed("properties", "dataFlows", 0, "captureOverflow", True),
        changed("properties", "dataFlows", 0, "destinations", ["a"]),
    ],
)
def test_everything_else_is_a_difference(other):
    assert comparable(other, rules.SCHEMA) != comparable(RULE, rules.SCHEMA)


def test_identities_are_compared_by_their_ids():
    one = {"type": "SystemAssigned, UserAssigned", "userAssignedIdentities": {"/A": {}, "/b": {}}}
    answered = {
        "type": "UserAssigned,SystemAssigned",
        "principalId": "p",
        "tenantId": "t",
        "userAssignedIdentities": {"/B": {"principalId": "p", "clientId": "c"}, "/a": {}},
    }
    assert comparable(one, IDENTITY) == comparable(answered, IDENTITY)
    less = {"type": "SystemAssigned, UserAssigned", "userAssignedIdentities": {"/A": {}}}
    assert comparable(less, IDENTITY) != comparable(one, IDENTITY)


def test_sections_that_are_not_given_stay():
    given = {"location": "uksouth", "properties": {"dataFlows": []}, "tags": {"cluster": "b", "new": "1"}}
    merged = tracked.merged(RULE, given, rules.SCHEMA, append_tags=True)
    assert merged["properties"]["dataSources"] == RULE["properties"]["dataSources"]
    assert merged["properties"]["dataFlows"] == []
    assert (merged["kind"], merged["tags"]) == ("Linux", {"cluster": "b", "new": "1"})
