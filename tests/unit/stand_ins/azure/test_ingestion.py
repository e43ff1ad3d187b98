"""The Logs Ingestion API and the query API: rows come in, and can be counted."""

from __future__ import annotations

import dataclasses
import gzip
import json
import os
from typing import Any

import pytest

from tests.stand_ins.azure import AzureStandIn, Furniture
from tests.unit.stand_ins.azure.conftest import RULES, Answer, Client, rule_body

TABLE = "slurmd_raw_CL"
STREAM = f"Custom-Text-{TABLE}"
VERSION = "2023-01-01"
INGEST = "https://monitor.azure.com"
QUERY = "https://api.loganalytics.io"


class Receiver:
    """A rule that takes rows, and the operator who may send them."""

    def __init__(self, client: Client, furniture: Furniture, workspace: str) -> None:
        self.client = client
        self.workspace = workspace
        furniture.table(workspace, TABLE)
        path = f"{furniture.group}/providers/Microsoft.Insights/dataCollectionRules/slurmd_raw_dcr"
        rule = client.send("PUT", path, rule_body(workspace), RULES).document
        self.rule_id: str = rule["id"]
        self.immutable_id: str = rule["properties"]["immutableId"]
        furniture.publisher(client.stand_in.estate.tenancy.operator.object_id, self.rule_id)

    def post(self, body: Any, stream: str = STREAM, **headers: str) -> Answer:
        path = f"/dataCollectionRules/{self.immutable_id}/streams/{stream}"
        return self.client.send("POST", path, body, VERSION, audience=INGEST, **headers)

    def query(self, text: str) -> Answer:
        workspace = self.client.stand_in.estate.store.get(self.workspace)
        assert workspace
        path = f"/v1/workspaces/{workspace['properties']['customerId']}/query"
        return self.client.send("POST", path, {"query": text}, audience=QUERY)


@pytest.fixture
def receiver(client: Client, furniture: Furniture, workspace: str) -> Receiver:
    """A rule that takes rows."""
    return Receiver(client, furniture, workspace)


def _rows(count: int, computer: str = "node001") -> list[dict[str, str]]:
    return [{"RawData": f"line {number}", "Computer": computer} for number in range(count)]


def test_rows_are_kept_as_they_came(stand_in: AzureStandIn, receiver: Receiver) -> None:
    assert receiver.post(_rows(2)).status == 204
    packed = gzip.compress(json.dumps(_rows(3)).encode())
    assert receiver.post(packed, Content_Encoding="gzip").status == 204
    assert [row.content["RawData"] for row in stand_in.estate.rows] == [
        "line 0",
        "line 1",
        *(r["RawData"] for r in _rows(3)),
    ]
    assert {(row.table, row.stream, row.rule) for row in stand_in.estate.rows} == {(TABLE, STREAM, receiver.rule_id)}


def test_what_is_refused_leaves_no_row(stand_in: AzureStandIn, receiver: Receiver) -> None:
    assert receiver.post(_rows(1), stream="Custom-other").codes == ["InvalidStream"]
    assert receiver.post({"RawData": "no array"}).status == 400
    assert receiver.post(b"no gzip", Content_Encoding="gzip").status == 400
    wrong = receiver.client.send("POST", f"/dataCollectionRules/dcr-0/streams/{STREAM}", [], VERSION, audience=INGEST)
    assert wrong.status == 404
    assert stand_in.estate.rows == []


def test_the_token_is_for_this_service_and_its_owner_may_publish(
    client: Client, stand_in: AzureStandIn, furniture: Furniture, receiver: Receiver
) -> None:
    path = f"/dataCollectionRules/{receiver.immutable_id}/streams/{STREAM}"
    for how in ({"token": ""}, {"token": "made up"}, {"audience": "https://management.azure.com"}):
        assert client.send("POST", path, _rows(1), VERSION, **how).status == 401
    other = stand_in.estate.tenancy.of_resource(furniture.identity("other"))
    assert other
    token = stand_in.estate.tenancy.token(other, INGEST)["access_token"]
    assert client.send("POST", path, _rows(1), VERSION, token=token).codes == ["OperationFailed"]
    furniture.publisher(other.object_id, furniture.machine("elsewhere"))
    assert client.send("POST", path, _rows(1), VERSION, token=token).codes == ["OperationFailed"]
    furniture.publisher(other.object_id, furniture.group)
    assert client.send("POST", path, _rows(1), VERSION, token=token).status == 204


def test_the_limit_holds_for_both_sizes(stand_in: AzureStandIn, receiver: Receiver) -> None:
    exact = json.dumps([{"RawData": "x" * (1_048_576 - len('[{"RawData": ""}]'))}]).encode()
    assert receiver.post(exact).status == 204
    answer = receiver.post(exact + b" ")
    assert (answer.status, answer.codes) == (413, ["ContentLengthLimitExceeded"])
    assert "1048577 bytes" in answer.document["error"]["message"]
    packed = gzip.compress(exact + b" ")
    assert receiver.post(packed, Content_Encoding="gzip").status == 413
    stand_in.estate.behaviour.count_uncompressed = False
    assert receiver.post(packed, Content_Encoding="gzip").status == 204
    noise = gzip.compress(json.dumps([{"RawData": os.urandom(1_100_000).hex()}]).encode())
    assert receiver.post(noise, Content_Encoding="gzip").status == 413


def test_rows_go_where_their_flow_leads(
    client: Client, stand_in: AzureStandIn, furniture: Furniture, receiver: Receiver
) -> None:
    second = furniture.workspace("second")
    furniture.table(second, TABLE)
    body = rule_body(receiver.workspace)
    del body["properties"]["dataSources"]
    destinations = body["properties"]["destinations"]["logAnalytics"]
    destinations.append({"name": "second", "workspaceResourceId": second})
    body["properties"]["dataFlows"][0]["destinations"] = ["second"]
    assert client.send("PUT", receiver.rule_id, body, RULES).status == 200
    receiver.post(_rows(1))
    assert [row.workspace for row in stand_in.estate.rows] == [second]


def test_an_outage_and_throttling(stand_in: AzureStandIn, receiver: Receiver) -> None:
    stand_in.estate.faults.refuse(503, "ServiceUnavailable", "ordered", kind="ingestion", times=2)
    stand_in.estate.faults.throttle(after=3, kind="ingestion")
    answers = [receiver.post(_rows(1)) for _try in range(4)]
    assert [answer.status for answer in answers] == [503, 503, 429, 204]
    assert answers[2].headers["Retry-After"] == "3"
    assert len(stand_in.estate.rows) == 1


def test_rows_are_counted_by_query(furniture: Furniture, receiver: Receiver) -> None:
    other = "syslog_raw_CL"
    furniture.table(receiver.workspace, other)
    receiver.post(_rows(2))
    receiver.post(_rows(1, "node002"))

    def rows(text: str) -> list[list[Any]]:
        result: list[list[Any]] = receiver.query(text).document["tables"][0]["rows"]
        return result

    assert rows(f"{TABLE} | count") == [[3]]
    assert rows(f"{TABLE} | where TimeGenerated > ago(15m) | count") == [[3]]
    assert rows(f'{TABLE} | where Computer == "node002" | project RawData') == [["line 0"]]
    assert rows(f"{TABLE} | summarize Rows = count() by Computer") == [["node001", 2], ["node002", 1]]
    assert rows(f"{TABLE} | summarize Last = max(RawData), count()") == [["line 1", 3]]
    assert rows(f"union withsource=Table {TABLE}, {other} | summarize count() by Table") == [[TABLE, 3]]
    assert rows(f"{TABLE} | take 1 | project Computer") == [["node001"]]


def test_rows_of_long_ago(stand_in: AzureStandIn, receiver: Receiver) -> None:
    receiver.post(_rows(2))
    rows = stand_in.estate.rows
    rows[0] = dataclasses.replace(rows[0], received=rows[0].received - 3600)
    for since, count in (("30m", 1), ("2h", 2)):
        answer = receiver.query(f"{TABLE} | where TimeGenerated > ago({since}) | count")
        assert answer.document["tables"][0]["rows"] == [[count]]


def test_queries_that_are_refused(receiver: Receiver) -> None:
    unknown = receiver.query("other_CL | count").document["error"]
    assert unknown["innererror"]["innererror"]["code"] == "SEM0100"
    fuzzy = receiver.query(f"union isfuzzy=true {TABLE}, other_CL | count")
    assert fuzzy.document["tables"][0]["rows"] == [[0]]
    assert receiver.query(f"{TABLE} | sort by RawData").codes == ["BadArgumentError"]
