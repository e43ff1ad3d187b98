"""Data collection rules: their echo, and what the service refuses."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.stand_ins.azure import AzureStandIn, Furniture
from tests.unit.stand_ins.azure.conftest import RULES, TABLES, Client, rule_body, table_body

TABLE = "slurmd_raw_CL"
Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def path(furniture: Furniture, workspace: str) -> str:
    """Where the rule is to be; its table exists."""
    furniture.table(workspace, TABLE)
    return f"{furniture.group}/providers/Microsoft.Insights/dataCollectionRules/slurmd_raw_dcr"


def test_the_echo_has_what_the_service_adds(client: Client, workspace: str, path: str) -> None:
    body = rule_body(workspace)
    body["properties"]["dataSources"]["syslog"] = []
    answer = client.send("PUT", path, body, RULES)
    assert answer.status == 200
    properties = answer.document["properties"]
    assert re.fullmatch(r"dcr-[0-9a-f]{32}", properties["immutableId"])
    assert properties["provisioningState"] == "Succeeded"
    assert "workspaceId" in properties["destinations"]["logAnalytics"][0]
    assert "syslog" not in properties["dataSources"]
    assert re.fullmatch(r'"[0-9a-f-]{36}"', answer.document["etag"])
    assert answer.document["systemData"]["createdByType"] == "Application"
    sent, echoed = (list(one["properties"]) for one in (body, answer.document))
    assert [name for name in echoed if name in sent] == sorted(sent)


def test_an_update_keeps_the_immutable_id_and_can_send_the_echo_back(client: Client, workspace: str, path: str) -> None:
    first = client.send("PUT", path, rule_body(workspace), RULES).document
    second = client.send("PUT", path, first, RULES)
    assert second.status == 200
    assert second.document["properties"]["immutableId"] == first["properties"]["immutableId"]
    assert second.document["etag"] != first["etag"]


def test_tags_are_patched(client: Client, workspace: str, path: str) -> None:
    client.send("PUT", path, rule_body(workspace), RULES)
    answer = client.send("PATCH", path, {"tags": {"team": "hpc"}}, RULES)
    assert answer.document["tags"] == {"team": "hpc"}
    assert answer.document["properties"]["dataFlows"]


def _flow(body: dict[str, Any]) -> dict[str, Any]:
    flow: dict[str, Any] = body["properties"]["dataFlows"][0]
    return flow


def _source(body: dict[str, Any]) -> dict[str, Any]:
    source: dict[str, Any] = body["properties"]["dataSources"]["logFiles"][0]
    return source


def _kql(query: str) -> Change:
    return lambda body: _flow(body).update(transformKql=query)


REFUSED: dict[str, tuple[Change, str]] = {
    "typo in a flow": (lambda body: _flow(body).update(transfromKql="source"), "InvalidRequestContent"),
    "text setting as text": (lambda body: _source(body).update(settings={"text": "ISO 8601"}), "InvalidRequestContent"),
    "unknown start of record": (
        lambda body: _source(body).update(settings={"text": {"recordStartTimestampFormat": "RFC 3339"}}),
        "InvalidRequestContent",
    ),
    "null": (lambda body: body.update(kind=None), "InvalidRequestContent"),
    "no location": (lambda body: body.pop("location"), "InvalidRequestContent"),
    "no such table": (lambda body: _flow(body).update(outputStream="Custom-other_CL"), "InvalidOutputTable"),
    "stream undeclared": (lambda body: _source(body).update(streams=["Custom-other"]), "InvalidStream"),
    "flow of another stream": (lambda body: _flow(body).update(streams=["Custom-other"]), "InvalidStream"),
    "stream without Custom-": (
        lambda body: body["properties"]["streamDeclarations"].update(other={"columns": []}),
        "InvalidStream",
    ),
    "long name of a source": (lambda body: _source(body).update(name="x" * 33), "InvalidDataSource"),
    "two sources of one name": (
        lambda body: body["properties"]["dataSources"].update(
            syslog=[{"name": "same", "streams": ["Microsoft-Syslog"]} for _source in range(2)]
        ),
        "InvalidDataSource",
    ),
    "twenty-one facilities": (
        lambda body: body["properties"]["dataSources"].update(
            syslog=[{"name": "s", "streams": ["Microsoft-Syslog"], "facilityNames": ["cron"] * 21}]
        ),
        "LimitExceeded",
    ),
    "a hundred and one counters": (
        lambda body: body["properties"]["dataSources"].update(
            performanceCounters=[{"name": "p", "streams": ["Microsoft-Perf"], "counterSpecifiers": ["x"] * 101}]
        ),
        "LimitExceeded",
    ),
    "text logs to two workspaces": (
        lambda body: body["properties"]["destinations"]["logAnalytics"].append(
            {**body["properties"]["destinations"]["logAnalytics"][0], "name": "second"}
        ),
        "InvalidDestination",
    ),
    "unknown destination": (lambda body: _flow(body).update(destinations=["other"]), "InvalidDataFlow"),
    "two streams and a transformation": (
        lambda body: _flow(body)["streams"].append(_flow(body)["streams"][0]),
        "InvalidDataFlow",
    ),
    "eleven sources": (
        lambda body: body["properties"]["dataSources"].update(
            syslog=[{"name": f"s{number}", "streams": ["Microsoft-Syslog"]} for number in range(10)]
        ),
        "LimitExceeded",
    ),
    "other region": (lambda body: body.update(location="westus"), "InvalidWorkspaceLocation"),
    "region as a person writes it": (lambda body: body.update(location="East US"), "InvalidWorkspaceLocation"),
    "no such workspace": (
        lambda body: body["properties"]["destinations"]["logAnalytics"][0].update(workspaceResourceId="/x"),
        "InvalidDestination",
    ),
    "no such endpoint": (
        lambda body: body["properties"].update(dataCollectionEndpointId="/x"),
        "InvalidDataCollectionEndpoint",
    ),
    "summarize": (_kql("source | summarize count()"), "InvalidTransformQuery"),
    "coalesce": (_kql('source | extend RawData = coalesce(RawData, "a")'), "InvalidTransformQuery"),
    "second operator on a new line": (_kql("source\n| where true\n| sort by RawData"), "InvalidTransformQuery"),
    "too long": (_kql("source | where RawData != '" + "x" * 15_360 + "'"), "InvalidTransformQuery"),
    "eleven columns by parse": (
        _kql("source | parse RawData with " + " ' ' ".join(f"Part{number}" for number in range(11))),
        "InvalidTransformQuery",
    ),
    "column that the table lacks": (_kql("source | extend Level = 'info'"), "InvalidTransformOutput"),
    "time of the row away": (_kql("source | project-away TimeGenerated"), "InvalidTransformOutput"),
}


@pytest.mark.parametrize(("change", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(client: Client, workspace: str, path: str, change: Change, code: str) -> None:
    body = rule_body(workspace)
    change(body)
    answer = client.send("PUT", path, body, RULES)
    assert answer.status == 400
    assert answer.codes[-1] == code
    assert client.send("GET", path, version=RULES).status == 404


TAKEN = {
    "the time of a line": r"""source
        | extend t = todatetime(extract(@"^\[([^\]]+)\]", 1, RawData))
        | extend TimeGenerated = iif(isnotnull(t), t, TimeGenerated)
        | project TimeGenerated, RawData, Computer, FilePath""",
    "pipes and comments in a text": 'source | where RawData !contains "a | sort by b // (c"',
    "parse, then away with it": 'source | parse RawData with "[" When "] " Rest | project-away When, Rest',
}


@pytest.mark.parametrize("query", TAKEN.values(), ids=TAKEN.keys())
def test_transformations_that_are_taken(client: Client, workspace: str, path: str, query: str) -> None:
    body = rule_body(workspace)
    _flow(body)["transformKql"] = query
    assert client.send("PUT", path, body, RULES).status == 200


def test_the_kind_is_for_life(client: Client, workspace: str, path: str) -> None:
    client.send("PUT", path, rule_body(workspace), RULES)
    answer = client.send("PUT", path, rule_body(workspace, kind="Windows"), RULES)
    assert (answer.status, answer.codes) == (400, ["InvalidKindChange"])


def test_a_direct_rule_has_an_address_for_the_ingestion(
    client: Client, stand_in: AzureStandIn, workspace: str, path: str
) -> None:
    body = rule_body(workspace, kind="Direct")
    del body["properties"]["dataSources"]
    document = client.send("PUT", path, body, RULES).document
    assert document["properties"]["endpoints"]["logsIngestion"] == stand_in.url


def test_a_new_table_is_hidden_from_rules_for_some_tries(
    client: Client, stand_in: AzureStandIn, furniture: Furniture, workspace: str
) -> None:
    stand_in.estate.behaviour.table_hidden_tries = 2
    client.settle(client.send("PUT", f"{workspace}/tables/{TABLE}", table_body(TABLE), TABLES))
    path = f"{furniture.group}/providers/Microsoft.Insights/dataCollectionRules/slurmd_raw_dcr"
    codes = [client.send("PUT", path, rule_body(workspace), RULES) for _try in range(3)]
    assert [answer.status for answer in codes] == [400, 400, 200]
    assert codes[0].codes == ["InvalidPayload", "InvalidOutputTable"]


def test_a_new_table_is_hidden_from_rules_for_some_seconds(
    client: Client, stand_in: AzureStandIn, furniture: Furniture, workspace: str
) -> None:
    stand_in.estate.behaviour.table_hidden_seconds = 0.5
    client.settle(client.send("PUT", f"{workspace}/tables/{TABLE}", table_body(TABLE), TABLES))
    path = f"{furniture.group}/providers/Microsoft.Insights/dataCollectionRules/slurmd_raw_dcr"
    began = time.monotonic()
    while client.send("PUT", path, rule_body(workspace), RULES).status != 200:
        assert time.monotonic() - began < 5
    assert time.monotonic() - began > 0.3


def test_a_rule_before_its_table_is_refused(client: Client, workspace: str, furniture: Furniture) -> None:
    client.send("PUT", f"{workspace}/tables/{TABLE}", table_body(TABLE), TABLES)  # and nobody waits for it
    path = f"{furniture.group}/providers/Microsoft.Insights/dataCollectionRules/slurmd_raw_dcr"
    assert client.send("PUT", path, rule_body(workspace), RULES).codes[-1] == "InvalidOutputTable"


def test_associations_hinder_the_removal(client: Client, furniture: Furniture, workspace: str, path: str) -> None:
    client.send("PUT", path, rule_body(workspace), RULES)
    below = f"{furniture.machine('scheduler')}/providers/Microsoft.Insights/dataCollectionRuleAssociations/one"
    client.send("PUT", below, {"properties": {"dataCollectionRuleId": path}}, RULES)
    answer = client.send("DELETE", path, version=RULES)
    assert answer.codes == ["ExistingAssociationsPreventDelete"]
    assert client.send("DELETE", f"{path}?deleteAssociations=true", version="2022-06-01").status == 400
    assert client.send("DELETE", f"{path}?deleteAssociations=true", version=RULES).status == 200
    assert client.send("GET", below, version=RULES).status == 404
    assert client.send("DELETE", path, version=RULES).status == 204
