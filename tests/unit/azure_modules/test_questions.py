"""What only asks: azure_log_analytics_workspace_info, azure_log_analytics_query_info and azure_permission_info."""

from __future__ import annotations

import pytest
from ansible_collections.slurm.observability.plugins.module_utils.azure.permissions import allow

from tests.stand_ins.azure.estate import Row

from .conftest import Azure, Failed

RULE = "Microsoft.Insights/dataCollectionRules/write"


def test_workspaces_are_shown(azure):
    def names(**more):
        return [one["name"] for one in azure.run("log_analytics_workspace_info", **more)["workspaces"]]

    azure.furniture.workspace("other")
    assert names() == names(resource_group="hpc") == ["logs", "other"]
    assert names(resource_group="hpc", name="logs") == ["logs"]
    assert names(resource_group="hpc", name="gone") == []


@pytest.fixture
def question(azure: Azure):
    """The options that lead to the workspace."""
    azure.furniture.table(azure.workspace, "slurmd_raw_CL")
    customer = azure.document(azure.workspace)["properties"]["customerId"]
    return {"customer_id": customer, "query_endpoint": azure.stand_in.url}


def test_a_query_is_answered_by_rows(azure, question, monkeypatch):
    row = Row("rule", "stream", "slurmd_raw_CL", azure.workspace, 0.0, {"Computer": "node1"})
    azure.estate.rows += [row, row]
    query = "slurmd_raw_CL | summarize Rows = count() by Computer"
    counted = [{"Computer": "node1", "Rows": 2}]
    monkeypatch.delenv("AZURE_LOG_ANALYTICS_ENDPOINT")
    assert azure.run("log_analytics_query_info", query=query, **question)["rows"] == counted
    monkeypatch.setenv("AZURE_LOG_ANALYTICS_ENDPOINT", question.pop("query_endpoint"))
    assert azure.run("log_analytics_query_info", query=query, **question)["rows"] == counted


def test_a_query_that_is_wrong_is_told_with_its_reason(azure, question):
    with pytest.raises(Failed, match=r"BadArgumentError.*SEM0100: .*'gone_CL'"):
        azure.run("log_analytics_query_info", query="gone_CL | count", **question)


def missing(azure, scope):
    result = azure.run("permission_info", needed=[{"scope": scope, "actions": [RULE, "Microsoft.Insights/x/read"]}])
    return [one["action"] for one in result["missing"]], result["unknown"]


def test_what_is_not_allowed_is_told_before(azure):
    assert missing(azure, azure.furniture.group) == ([], [])
    azure.estate.behaviour.actions = ["*/read"]
    assert missing(azure, azure.workspace) == ([RULE], [])
    with pytest.raises(Failed, match="ResourceGroupNotFound"):
        missing(azure, azure.furniture.group + "x")


def test_permissions_that_may_not_be_listed_are_unknown(azure):
    azure.faults.forbid(kind="permissions")
    assert missing(azure, azure.workspace) == ([], [azure.workspace])


@pytest.mark.parametrize(
    ("roles", "allowed"),
    [
        ([], False),
        ([{"actions": ["*"]}], True),
        ([{"actions": ["microsoft.insights/DATACOLLECTIONRULES/*"]}], True),
        ([{"actions": ["Microsoft.Insights/dataCollectionRules"]}], False),
        ([{"actions": ["Microsoft.Insights/*/read"]}], False),
        ([{"actions": ["*"], "notActions": ["Microsoft.Insights/*"]}], False),
        ([{"actions": ["*"], "notActions": ["Microsoft.Insights/*"]}, {"actions": [RULE]}], True),
    ],
)
def test_what_roles_allow(roles, allowed):
    assert allow(roles, RULE) is allowed
