"""azure_data_collection_rule and azure_data_collection_endpoint."""

from __future__ import annotations

import copy

import pytest

from .conftest import Azure, Failed

NAME = "slurmd_raw_dcr"
TYPE = "Microsoft.Insights/dataCollectionRules"
STREAM = "Custom-Text-slurmd_raw_CL"


@pytest.fixture
def rule(azure):
    """Options of a rule whose table is there."""
    azure.furniture.table(azure.workspace, "slurmd_raw_CL")
    return {
        "resource_group": "hpc",
        "name": NAME,
        "location": "eastus",
        "kind": "Linux",
        "stream_declarations": {
            STREAM: {
                "columns": [
                    {"name": "TimeGenerated", "type": "datetime"},
                    {"name": "RawData", "type": "string"},
                    {"name": "Computer", "type": "string"},
                    {"name": "FilePath", "type": "string"},
                ]
            }
        },
        "data_sources": {
            "log_files": [
                {
                    "name": "slurmd",
                    "streams": [STREAM],
                    "file_patterns": ["/var/log/slurmd/slurmd.log", "/var/log/slurmd.log"],
                    "format": "text",
                    "settings": {"text": {"record_start_timestamp_format": "ISO 8601"}},
                }
            ]
        },
        "destinations": {"log_analytics": [{"name": "logs", "workspace_resource_id": azure.workspace}]},
        "data_flows": [
            {
                "streams": [STREAM],
                "destinations": ["logs"],
                "transform_kql": "source",
                "output_stream": "Custom-slurmd_raw_CL",
            }
        ],
    }


def changed(rule, section, value):
    return {**copy.deepcopy(rule), section: value}


def there(azure: Azure):
    return azure.document(azure.id(TYPE, NAME))


def test_a_rule_is_made_once_and_told_by_its_ids(azure, rule):
    result = azure.converge("data_collection_rule", **rule)

    document = there(azure)
    assert result["immutable_id"] == document["properties"]["immutableId"]
    assert result["id"] == azure.id(TYPE, NAME)
    assert result["endpoints"] == {}
    assert document["kind"] == "Linux"
    assert document["properties"]["dataSources"]["logFiles"][0]["settings"]["text"] == {
        "recordStartTimestampFormat": "ISO 8601"
    }


def test_the_immutable_id_stays(azure, rule):
    before = azure.run("data_collection_rule", **rule)["immutable_id"]
    assert azure.converge("data_collection_rule", **rule, description="lines")["immutable_id"] == before


def test_a_rule_of_kind_direct_has_an_address(azure, rule):
    del rule["data_sources"]
    rule["stream_declarations"] = {"Custom-slurmd_raw_CL": rule["stream_declarations"][STREAM]}
    rule["data_flows"][0]["streams"] = ["Custom-slurmd_raw_CL"]
    result = azure.converge("data_collection_rule", **{**rule, "kind": "Direct", "lint": False})
    assert result["endpoints"]["logsIngestion"] == azure.stand_in.url


def test_what_means_nothing_to_azure_is_no_difference(azure, rule):
    azure.run("data_collection_rule", **rule)
    other = copy.deepcopy(rule)
    other["location"] = "East US"
    other["stream_declarations"][STREAM]["columns"].reverse()
    other["data_sources"]["log_files"][0]["file_patterns"].reverse()
    other["destinations"]["log_analytics"][0]["workspace_resource_id"] = azure.workspace.upper()
    del other["data_flows"][0]["transform_kql"]
    other["data_flows"][0]["captureOverflow"] = False
    other["data_sources"]["syslog"] = []
    other["tags"] = {}

    assert not azure.run("data_collection_rule", **other)["changed"]


@pytest.mark.parametrize(
    ("section", "value", "found"),
    [
        ("description", "lines of slurmd", lambda rule: rule["properties"]["description"]),
        ("tags", {"cluster": "ndv5"}, lambda rule: rule["tags"]),
        (
            "identity",
            {"type": "SystemAssigned", "user_assigned_identities": []},
            lambda rule: {"type": rule["identity"]["type"], "user_assigned_identities": []},
        ),
        (
            "references",
            {"enrichmentData": {"storageBlobs": [{"name": "nodes", "blobUrl": "https://b/c", "lookupType": "String"}]}},
            lambda rule: rule["properties"]["references"],
        ),
    ],
)
def test_an_option_is_set_later_and_stays(azure, rule, section, value, found):
    azure.run("data_collection_rule", **rule)
    azure.converge("data_collection_rule", **changed(rule, section, value))
    assert found(there(azure)) == value
    assert not azure.run("data_collection_rule", **rule)["changed"], "what is not given is to stay"


def test_no_identity_is_none(azure, rule):
    azure.run("data_collection_rule", **rule)
    none = {"type": "None"}
    assert not azure.run("data_collection_rule", **rule, identity=none)["changed"]
    azure.run("data_collection_rule", **rule, identity={"type": "SystemAssigned"})
    azure.converge("data_collection_rule", **rule, identity=none)


def test_a_section_that_is_given_takes_the_place_of_the_old_one(azure, rule):
    azure.run("data_collection_rule", **rule)
    sources = copy.deepcopy(rule["data_sources"])
    sources["log_files"][0]["file_patterns"] = ["/var/log/slurm/slurmd.log"]
    azure.converge("data_collection_rule", **changed(rule, "data_sources", sources))
    assert there(azure)["properties"]["dataSources"]["logFiles"][0]["filePatterns"] == ["/var/log/slurm/slurmd.log"]

    flows = [{**rule["data_flows"][0], "transform_kql": 'source | where RawData !has "debug"'}]
    azure.converge("data_collection_rule", **changed(rule, "data_flows", flows))
    assert "debug" in there(azure)["properties"]["dataFlows"][0]["transformKql"]

    streams = copy.deepcopy(rule["stream_declarations"])
    streams[STREAM]["columns"] = streams[STREAM]["columns"][:3]
    only = {"stream_declarations": streams, "resource_group": "hpc", "name": NAME}
    azure.converge("data_collection_rule", **only)
    assert len(there(azure)["properties"]["streamDeclarations"][STREAM]["columns"]) == 3


def test_destinations_are_changed_with_their_flows(azure, rule):
    azure.run("data_collection_rule", **rule)
    rule["destinations"]["log_analytics"][0]["name"] = "law"
    rule["data_flows"][0]["destinations"] = ["law"]
    azure.converge("data_collection_rule", **rule)
    assert there(azure)["properties"]["destinations"]["logAnalytics"][0]["name"] == "law"


def test_tags_are_added_or_replaced(azure, rule):
    azure.run("data_collection_rule", **rule, tags={"cluster": "ndv5", "owner": "hpc"})
    azure.converge("data_collection_rule", **rule, tags={"Owner": "ops"})
    assert there(azure)["tags"] == {"cluster": "ndv5", "Owner": "ops"}
    azure.converge("data_collection_rule", **rule, tags={"owner": "ops"}, append_tags=False)
    assert there(azure)["tags"] == {"owner": "ops"}


def test_an_endpoint_is_made_and_used(azure, rule):
    options = {"resource_group": "hpc", "name": "logs-in", "location": "eastus"}
    made = azure.converge("data_collection_endpoint", **options)
    assert made["logs_ingestion"] and made["configuration_access"]
    azure.converge("data_collection_rule", **rule, data_collection_endpoint_id=made["id"])
    assert there(azure)["properties"]["dataCollectionEndpointId"] == made["id"]


@pytest.mark.parametrize(
    ("option", "value", "found"),
    [
        ("description", "the way in", lambda endpoint: endpoint["properties"]["description"]),
        (
            "public_network_access",
            "Disabled",
            lambda endpoint: endpoint["properties"]["networkAcls"]["publicNetworkAccess"],
        ),
        ("tags", {"cluster": "ndv5"}, lambda endpoint: endpoint["tags"]),
    ],
)
def test_an_option_of_an_endpoint_is_set_later(azure, option, value, found):
    options = {"resource_group": "hpc", "name": "logs-in", "location": "eastus"}
    azure.run("data_collection_endpoint", **options)
    result = azure.converge("data_collection_endpoint", **{**options, option: value})
    assert found(azure.document(result["id"])) == value


def test_tags_of_an_endpoint_are_added_or_replaced(azure):
    options = {"resource_group": "hpc", "name": "logs-in", "location": "eastus"}
    azure.run("data_collection_endpoint", **options, tags={"cluster": "ndv5"})
    result = azure.converge("data_collection_endpoint", **options, tags={"owner": "ops"})
    assert azure.document(result["id"])["tags"] == {"cluster": "ndv5", "owner": "ops"}
    azure.converge("data_collection_endpoint", **options, tags={"owner": "ops"}, append_tags=False)
    assert azure.document(result["id"])["tags"] == {"owner": "ops"}


def test_an_endpoint_has_a_kind_and_a_place_for_ever(azure):
    options = {"resource_group": "hpc", "name": "logs-in"}
    with pytest.raises(Failed, match="needs location"):
        azure.run("data_collection_endpoint", **options)
    result = azure.converge("data_collection_endpoint", **options, location="East US", kind="Linux")
    assert (azure.document(result["id"])["kind"], azure.document(result["id"])["location"]) == ("Linux", "eastus")
    for change in ({"kind": "Windows"}, {"location": "westeurope"}):
        with pytest.raises(Failed, match="Azure does not change it"):
            azure.run("data_collection_endpoint", **{**options, "location": "eastus", "kind": "Linux", **change})
    azure.converge("data_collection_endpoint", **options, state="absent")
    assert result["id"] not in azure.estate.store


def test_the_region_of_a_new_rule_is_that_of_its_workspace(azure, rule):
    del rule["location"]
    azure.converge("data_collection_rule", **rule)
    assert there(azure)["location"] == "eastus"


def test_a_rule_for_the_agent_itself(azure):
    options = {
        "resource_group": "hpc",
        "name": NAME,
        "location": "eastus",
        "kind": "AgentSettings",
        "agent_settings": {"logs": [{"name": "MaxDiskQuotaInMB", "value": 5000}]},
    }
    azure.converge("data_collection_rule", **options)
    assert there(azure)["properties"]["agentSettings"] == {"logs": [{"name": "MaxDiskQuotaInMB", "value": "5000"}]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data_flows": [{"transfromKql": "source"}]}, "data_flows|dataFlows.*transfromKql; did you mean transformKql"),
        ({"data_sources": {"logfile": []}}, "logfile; did you mean logFiles"),
        ({"data_sources": {"log_files": "x"}}, "is to be a list"),
        ({"destinations": {"log_analytics": [{"name": "logs", "name_": "logs"}]}}, "has name twice"),
    ],
)
def test_what_is_misspelled_is_told_before_anybody_signs_in(azure, rule, change, message):
    with pytest.raises(Failed, match=message):
        azure.run("data_collection_rule", **{**rule, **change})
    assert not azure.counts()


def test_the_lint_speaks_before_azure_does(azure, rule):
    rule["data_flows"][0]["transform_kql"] = "source | summarize count()"
    with pytest.raises(Failed, match="summarize") as failure:
        azure.run("data_collection_rule", **rule)
    assert "code" not in failure.value.result and azure.writes() == 0

    with pytest.raises(Failed, match="InvalidTransformQuery"):
        azure.run("data_collection_rule", **rule, lint=False)


def test_a_transformation_is_held_against_the_table_that_is_there(azure, rule):
    rule["data_flows"][0]["transform_kql"] = "source | extend Level = RawData"
    with pytest.raises(Failed, match="Level") as failure:
        azure.run("data_collection_rule", **rule)
    assert "code" not in failure.value.result and azure.writes() == 0
    columns = [{"name": "TimeGenerated", "type": "dateTime"}, {"name": "Level", "type": "string"}]
    azure.run("loganalytics_table", resource_group="hpc", workspace="logs", name="slurmd_raw_CL", columns=columns)
    azure.converge("data_collection_rule", **rule)


def test_what_is_missing_is_told_before_anything_is_changed(azure, rule):
    nowhere = azure.workspace + "-nowhere"
    for change, message in (
        ({"destinations": {"log_analytics": [{"name": "logs", "workspace_resource_id": nowhere}]}}, "no workspace"),
        ({"destinations": {"log_analytics": [{"name": "logs", "workspace_resource_id": "logs"}]}}, "not 'logs'"),
        ({"location": "westeurope"}, "both must be in one region"),
        ({"data_flows": [{**rule["data_flows"][0], "output_stream": "Custom-nothing_CL"}]}, "has no table nothing_CL"),
    ):
        with pytest.raises(Failed, match=message):
            azure.run("data_collection_rule", **{**rule, **change})
    assert azure.writes() == 0


def test_check_mode_takes_a_table_for_there_that_the_task_before_would_have_made(azure, rule):
    rule["data_flows"][0]["output_stream"] = "Custom-new_CL"
    assert azure.run("data_collection_rule", check=True, **rule)["changed"]


def test_a_workspace_that_may_not_be_read_is_not_held_against_a_rule(azure, rule):
    azure.faults.forbid(kind="workspaces|tables", methods="GET")
    azure.converge("data_collection_rule", **rule)


def test_a_table_that_is_not_visible_yet_is_waited_for(azure, rule):
    azure.estate.behaviour.table_hidden_tries = 3
    azure.furniture.table(azure.workspace, "late_CL")
    rule["data_flows"][0]["output_stream"] = "Custom-late_CL"
    azure.converge("data_collection_rule", **rule)

    azure.estate.behaviour.table_hidden_tries = 1_000_000
    azure.furniture.table(azure.workspace, "later_CL")
    rule["data_flows"][0]["output_stream"] = "Custom-later_CL"
    with pytest.raises(Failed, match="InvalidOutputTable"):
        azure.run("data_collection_rule", **rule, timeout=1)


@pytest.mark.parametrize("change", [{"kind": "Windows"}, {"location": "westeurope"}])
def test_what_azure_does_not_change_is_refused_with_a_way_out(azure, rule, change):
    azure.run("data_collection_rule", **rule)
    with pytest.raises(Failed, match=r"Azure does not change it\. Remove the rule with state=absent"):
        azure.run("data_collection_rule", **{**rule, **change})


def test_no_permission_is_told_in_azures_words(azure, rule):
    azure.faults.forbid(kind="dataCollectionRules", methods="PUT")
    with pytest.raises(Failed, match=r"AuthorizationFailed: The client .* does not have authorization") as failure:
        azure.run("data_collection_rule", **rule)
    assert failure.value.result["status"] == 403


def test_throttling_is_waited_out(azure, rule):
    azure.faults.throttle(after=0, kind="dataCollectionRules", methods="PUT", times=2)
    azure.converge("data_collection_rule", **rule)


def test_a_rule_with_associations_is_removed_only_with_them(azure, rule):
    made = azure.run("data_collection_rule", **rule)
    machine = azure.furniture.machine("scheduler")
    association = f"{machine}/providers/Microsoft.Insights/dataCollectionRuleAssociations/slurmd"
    azure.stand_in.services.put(association, {"properties": {"dataCollectionRuleId": made["id"]}})
    gone = {"resource_group": "hpc", "name": NAME, "state": "absent"}

    with pytest.raises(Failed, match=r"has 1 associations, the first is .*scheduler"):
        azure.run("data_collection_rule", check=True, **gone)
    azure.converge("data_collection_rule", **gone, delete_associations=True)
    assert made["id"] not in azure.estate.store and association not in azure.estate.store


def test_a_rule_without_associations_is_removed(azure, rule):
    azure.run("data_collection_rule", **rule)
    assert azure.converge("data_collection_rule", resource_group="hpc", name=NAME, state="absent")["rule"] == {}


def test_rules_and_endpoints_are_shown(azure, rule):
    azure.run("data_collection_rule", **rule)
    azure.run("data_collection_endpoint", resource_group="hpc", name="logs-in", location="eastus")
    azure.estate.behaviour.page_size = 1
    azure.run("data_collection_rule", **{**rule, "name": "other_dcr"})

    def names(module, key, **where):
        return [entry["name"] for entry in azure.run(module, **where)[key]]

    assert names("data_collection_rule_info", "rules", resource_group="hpc", name=NAME) == [NAME]
    assert names("data_collection_rule_info", "rules", resource_group="hpc", name="nothing") == []
    assert sorted(names("data_collection_rule_info", "rules", resource_group="hpc")) == ["other_dcr", NAME]
    assert sorted(names("data_collection_rule_info", "rules")) == ["other_dcr", NAME]
    assert names("data_collection_endpoint_info", "endpoints", resource_group="hpc") == ["logs-in"]
    assert names("data_collection_endpoint_info", "endpoints", resource_group="hpc", name="none") == []
    with pytest.raises(Failed, match="resource_group"):
        azure.run("data_collection_rule_info", name=NAME)


def test_what_is_shown_can_be_given_back(azure, rule):
    azure.run("data_collection_rule", **rule)
    (shown,) = azure.run("data_collection_rule_info", resource_group="hpc", name=NAME)["rules"]
    properties = shown["properties"]
    same = {
        "stream_declarations": properties["streamDeclarations"],
        "data_sources": properties["dataSources"],
        "destinations": properties["destinations"],
        "data_flows": properties["dataFlows"],
    }
    assert not azure.run("data_collection_rule", **{**rule, **same})["changed"]
