"""Tables: operations that end later, locks, and what the service refuses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stand_ins.azure import AzureStandIn
from tests.unit.stand_ins.azure.conftest import TABLES, Client, table_body

NAME = "slurmd_raw_CL"


def test_a_table_is_made_by_an_operation(client: Client, workspace: str) -> None:
    path = f"{workspace}/tables/{NAME}"
    answer = client.send("PUT", path, table_body(NAME), TABLES)
    assert (answer.status, answer.document) == (202, None)
    assert "Retry-After" not in answer.headers
    assert client.send("GET", answer.headers["Location"]).status == 202
    first = client.send("GET", answer.headers["Azure-AsyncOperation"]).document
    assert first["status"] == "Succeeded"  # the poll of Location was a look too
    document = client.send("GET", path, version=TABLES).document
    assert document["name"] == NAME
    properties = document["properties"]
    assert properties["provisioningState"] == "Succeeded"
    assert (properties["retentionInDays"], properties["retentionInDaysAsDefault"]) == (30, True)
    assert properties["schema"]["standardColumns"][0]["name"] == "TenantId"


def test_the_first_poll_finds_it_in_progress(client: Client, workspace: str) -> None:
    answer = client.send("PUT", f"{workspace}/tables/{NAME}", table_body(NAME), TABLES)
    states = [client.send("GET", answer.headers["Azure-AsyncOperation"]).document["status"] for _poll in range(2)]
    assert states == ["InProgress", "Succeeded"]


def test_without_time_generated_the_operation_fails_with_status_200(client: Client, workspace: str) -> None:
    body = table_body(NAME)
    del body["properties"]["schema"]["columns"][0]
    answer = client.send("PUT", f"{workspace}/tables/{NAME}", body, TABLES)
    assert answer.status == 202
    status = client.settle(answer)
    assert (status["status"], status["error"]["code"]) == ("Failed", "SchemaUpdateFatalError")
    assert client.send("GET", f"{workspace}/tables/{NAME}", version=TABLES).status == 404


def test_a_table_that_changes_is_locked(client: Client, workspace: str) -> None:
    path = f"{workspace}/tables/{NAME}"
    client.send("PUT", path, table_body(NAME), TABLES)
    answer = client.send("PUT", path, table_body(NAME), TABLES)
    assert (answer.status, answer.codes) == (409, ["Conflict"])


def test_who_never_polls_finds_the_end_by_looking_at_the_table(client: Client, workspace: str) -> None:
    path = f"{workspace}/tables/{NAME}"
    client.send("PUT", path, table_body(NAME), TABLES)
    states = [
        client.send("GET", path, version=TABLES).document["properties"]["provisioningState"] for _look in range(3)
    ]
    assert states == ["Updating", "Updating", "Succeeded"]


def test_put_drops_a_column_that_is_not_named_and_patch_puts_new_ones_first(client: Client, workspace: str) -> None:
    path = f"{workspace}/tables/{NAME}"
    client.settle(client.send("PUT", path, table_body(NAME), TABLES))
    new = {"properties": {"schema": {"columns": [{"name": "Level", "type": "string"}]}}}
    client.settle(client.send("PATCH", path, new, TABLES))
    assert _columns(client, path) == ["Level", "TimeGenerated", "RawData", "Computer", "FilePath"]
    fewer = table_body(NAME)
    fewer["properties"]["schema"]["columns"].pop()
    client.settle(client.send("PUT", path, fewer, TABLES))
    assert _columns(client, path) == ["TimeGenerated", "RawData", "Computer"]


def _columns(client: Client, path: str) -> list[str]:
    document = client.send("GET", path, version=TABLES).document
    return [column["name"] for column in document["properties"]["schema"]["columns"]]


def test_the_type_is_echoed_as_it_was_sent(client: Client, workspace: str) -> None:
    body = table_body(NAME)
    body["properties"]["schema"]["columns"][0]["type"] = "datetime"
    path = f"{workspace}/tables/{NAME}"
    client.settle(client.send("PUT", path, body, TABLES))
    document = client.send("GET", path, version=TABLES).document
    assert document["properties"]["schema"]["columns"][0]["type"] == "datetime"


def test_retention_of_minus_one_is_the_default_of_the_workspace(client: Client, workspace: str) -> None:
    path = f"{workspace}/tables/{NAME}"
    body = table_body(NAME, retentionInDays=45, totalRetentionInDays=90)
    client.settle(client.send("PUT", path, body, TABLES))
    properties = client.send("GET", path, version=TABLES).document["properties"]
    assert (properties["archiveRetentionInDays"], properties["totalRetentionInDaysAsDefault"]) == (45, False)
    default = {"properties": {"retentionInDays": -1, "totalRetentionInDays": -1}}
    client.settle(client.send("PATCH", path, default, TABLES))
    properties = client.send("GET", path, version=TABLES).document["properties"]
    assert (properties["retentionInDays"], properties["retentionInDaysAsDefault"]) == (30, True)
    assert (properties["totalRetentionInDays"], properties["totalRetentionInDaysAsDefault"]) == (30, True)


def _with_columns(*columns: dict[str, Any]) -> dict[str, Any]:
    body = table_body(NAME)
    body["properties"]["schema"]["columns"].extend(columns)
    return body


REFUSED = {
    "standard columns": table_body(NAME, schema={"name": NAME, "columns": [], "standardColumns": []}),
    "unknown type": _with_columns({"name": "Level", "type": "text"}),
    "reserved name": _with_columns({"name": "_ResourceId", "type": "string"}),
    "same name in other case": _with_columns({"name": "rawdata", "type": "string"}),
    "long name": _with_columns({"name": "x" * 46, "type": "string"}),
    "retention on Basic": table_body(NAME, plan="Basic", retentionInDays=30),
    "retention too short": table_body(NAME, retentionInDays=3),
    "total under retention": table_body(NAME, retentionInDays=90, totalRetentionInDays=45),
    "total between years": table_body(NAME, totalRetentionInDays=1000),
    "unknown key": table_body(NAME, retention=30),
    "name of the schema": table_body(NAME, schema={"name": "other_CL", "columns": []}),
}


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED.keys())
def test_refused_at_once(client: Client, workspace: str, body: dict[str, Any]) -> None:
    answer = client.send("PUT", f"{workspace}/tables/{NAME}", body, TABLES)
    assert answer.status == 400
    assert client.send("GET", f"{workspace}/tables/{NAME}", version=TABLES).status == 404


@pytest.mark.parametrize("name", ["_CL", "slurmd_raw", "slurmd raw_CL", "x" * 61 + "_CL"])
def test_names_that_are_refused(client: Client, workspace: str, name: str) -> None:
    answer = client.send("PUT", f"{workspace}/tables/{name.replace(' ', '%20')}", table_body(name), TABLES)
    assert answer.status == 400


def test_a_column_keeps_its_type(client: Client, workspace: str) -> None:
    path = f"{workspace}/tables/{NAME}"
    client.settle(client.send("PUT", path, table_body(NAME), TABLES))
    body = table_body(NAME)
    body["properties"]["schema"]["columns"][1]["type"] = "dynamic"
    assert client.send("PUT", path, body, TABLES).status == 400


def test_delete_is_an_operation_too_and_ids_match_in_any_case(client: Client, workspace: str) -> None:
    path = f"{workspace}/tables/{NAME}"
    client.settle(client.send("PUT", path, table_body(NAME), TABLES))
    answer = client.send("DELETE", path.upper().replace("HTTPS", "https"), version=TABLES)
    assert answer.status == 202
    assert client.settle(answer)["status"] == "Succeeded"
    assert client.send("DELETE", path, version=TABLES).status == 204


def test_a_failure_that_was_ordered_leaves_the_table_as_it_was(
    client: Client, stand_in: AzureStandIn, workspace: str
) -> None:
    path = f"{workspace}/tables/{NAME}"
    client.settle(client.send("PUT", path, table_body(NAME), TABLES))
    stand_in.estate.faults.fail_operation("tables/", "InternalServerError", "ordered")
    status = client.settle(client.send("PATCH", path, {"properties": {"plan": "Basic"}}, TABLES))
    assert status["error"] == {"code": "InternalServerError", "message": "ordered"}
    assert client.send("GET", path, version=TABLES).document["properties"]["plan"] == "Analytics"


def test_tables_of_azure_change_their_retention_and_stay(client: Client, workspace: str) -> None:
    path = f"{workspace}/tables/Syslog"
    client.settle(client.send("PATCH", path, {"properties": {"totalRetentionInDays": 90}}, TABLES))
    document = client.send("GET", path, version=TABLES).document
    assert document["properties"]["totalRetentionInDays"] == 90
    assert document["properties"]["schema"]["tableType"] == "Microsoft"
    assert client.send("DELETE", path, version=TABLES).status == 400
    listed = client.send("GET", f"{workspace}/tables", version=TABLES).document["value"]
    assert path in [one["id"] for one in listed]
