"""Faults that a test can order, and what every request has to bring."""

from __future__ import annotations

import http.client
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.stand_ins.azure import AzureStandIn, Furniture
from tests.unit.stand_ins.azure.conftest import RULES, TABLES, Client, table_body

RESETS = (ConnectionError, http.client.HTTPException)


def test_who_does_not_sign_in(client: Client, furniture: Furniture) -> None:
    for how in ({"token": ""}, {"token": "made up"}, {"audience": "https://monitor.azure.com"}):
        answer = client.send("GET", furniture.group, version=TABLES, **how)
        assert (answer.status, answer.codes) == (401, ["InvalidAuthenticationToken"])


def test_api_versions(client: Client, workspace: str) -> None:
    path = f"{workspace}/tables"
    assert client.send("GET", path).codes == ["MissingApiVersionParameter"]
    assert client.send("GET", path, version="1999-01-01").codes == ["NoRegisteredProviderFound"]


def test_paths_that_nobody_answers(client: Client, furniture: Furniture) -> None:
    assert client.send("GET", f"{furniture.group}/providers/Microsoft.Foo/bars/x", version=RULES).status == 404
    assert client.send("POST", furniture.group, {}, RULES).status == 405
    nowhere = f"{furniture.group}x/providers/Microsoft.Insights/dataCollectionRules/x"
    assert client.send("GET", nowhere, version=RULES).codes == ["ResourceGroupNotFound"]


def test_a_server_that_says_what_it_is(client: Client, furniture: Furniture) -> None:
    assert "stand-in" in client.send("GET", furniture.group, version=RULES).headers["Server"]


def test_faults_meet_what_they_are_for(client: Client, stand_in: AzureStandIn, workspace: str) -> None:
    faults = stand_in.estate.faults
    faults.forbid(kind="tables", methods="PUT")
    faults.throttle(after=2, path="/tables/other")
    assert client.send("GET", f"{workspace}/tables", version=TABLES).status == 200
    answer = client.send("PUT", f"{workspace}/tables/x_raw_CL", table_body("x_raw_CL"), TABLES)
    assert (answer.status, answer.codes) == (403, ["AuthorizationFailed"])
    throttled = client.send("GET", f"{workspace}/tables/other_CL", version=TABLES)
    assert (throttled.status, throttled.headers["Retry-After"]) == (429, "2")
    faults.clear()
    assert client.send("PUT", f"{workspace}/tables/x_raw_CL", table_body("x_raw_CL"), TABLES).status == 202


def test_what_exists_is_forgotten(client: Client, stand_in: AzureStandIn, furniture: Furniture, workspace: str) -> None:
    path = furniture.table(workspace, "x_raw_CL")
    stand_in.estate.faults.forget("/tables/x_raw_CL", times=2)
    assert [client.send("GET", path, version=TABLES).status for _time in range(3)] == [404, 404, 200]


def test_operations_name_a_pause_when_they_are_told_to(client: Client, stand_in: AzureStandIn, workspace: str) -> None:
    stand_in.estate.behaviour.retry_after = 0
    answer = client.send("PUT", f"{workspace}/tables/x_raw_CL", table_body("x_raw_CL"), TABLES)
    poll = client.send("GET", answer.headers["Azure-AsyncOperation"])
    assert (answer.headers["Retry-After"], poll.headers["Retry-After"]) == ("0", "0")


def test_a_connection_is_reset_before_any_effect(client: Client, stand_in: AzureStandIn, workspace: str) -> None:
    path = f"{workspace}/tables/x_raw_CL"
    stand_in.estate.faults.reset(kind="tables")
    with pytest.raises(RESETS):
        client.send("PUT", path, table_body("x_raw_CL"), TABLES)
    assert client.send("GET", path, version=TABLES).status == 404


def test_a_reset_is_no_orderly_end(client: Client, stand_in: AzureStandIn) -> None:
    stand_in.estate.faults.reset(kind="token")
    # Without TLS: Python's own TLS shows a reset as an orderly end.
    with pytest.raises(ConnectionResetError) as reset:
        client.send("POST", f"{stand_in.metadata_url}/tenant/oauth2/v2.0/token", b"", token="")
    assert reset.type is ConnectionResetError


def test_after_the_second_write_nothing_is_heard(client: Client, stand_in: AzureStandIn, workspace: str) -> None:
    faults = stand_in.estate.faults
    faults.cut_after_writes = 2
    seen: list[int] = []
    faults.on_write = seen.append
    first, second = (f"{workspace}/tables/{name}_raw_CL" for name in ("one", "two"))
    assert client.send("PUT", first, table_body("one_raw_CL"), TABLES).status == 202
    with pytest.raises(RESETS):
        client.send("PUT", second, table_body("two_raw_CL"), TABLES)
    with pytest.raises(RESETS):
        client.send("GET", first, version=TABLES)
    assert seen == [1, 2]
    faults.clear()
    assert client.send("GET", second, version=TABLES).status == 200  # the write took effect


def test_an_answer_that_comes_late_holds_up_no_other(client: Client, stand_in: AzureStandIn, workspace: str) -> None:
    stand_in.estate.faults.delay(1, kind="tables")
    client.send("GET", workspace, version=TABLES)
    with ThreadPoolExecutor() as pool:
        late = pool.submit(client.send, "GET", f"{workspace}/tables", version=TABLES)
        time.sleep(0.2)
        client.send("GET", workspace, version=TABLES)
        assert not late.done()
        assert late.result().status == 200


def test_requests_are_counted_by_kind(client: Client, stand_in: AzureStandIn, workspace: str) -> None:
    for _time in range(3):
        client.send("GET", f"{workspace}/tables", version=TABLES)
    client.send("GET", f"{workspace}/tables", token="", version=TABLES)
    assert stand_in.services.counts() == {"GET tables": 4}
    assert [exchange.status for exchange in stand_in.services.journal] == [200, 200, 200, 401]


def test_orders_to_a_process(client: Client, stand_in: AzureStandIn, workspace: str) -> None:
    def order(path: str, body: object) -> int:
        return client.send("POST", f"/stand-in/{path}", body, token="").status

    assert order("faults", {"throttle": {"kind": "tables"}}) == 204
    assert client.send("GET", f"{workspace}/tables", version=TABLES).status == 429
    assert order("behaviour", {"operation_looks": 0}) == 204
    answer = client.send("PUT", f"{workspace}/tables/x_raw_CL", table_body("x_raw_CL"), TABLES)
    assert client.send("GET", answer.headers["Azure-AsyncOperation"]).document["status"] == "Succeeded"
    assert order("faults", {"explode": {}}) == order("behaviour", {"mood": 1}) == 400
    assert client.send("GET", "/stand-in/counts", token="").document["PUT tables"] == 1
    assert client.send("GET", "/stand-in/rows", token="").document == {}
    assert client.send("DELETE", "/stand-in/faults", token="").status == 204


def test_a_client_that_speaks_no_tls_hinders_nobody(client: Client, stand_in: AzureStandIn, workspace: str) -> None:
    host, port = stand_in.url.removeprefix("https://").split(":")
    silent = http.client.HTTPConnection(host, int(port), timeout=5)
    silent.connect()
    try:
        assert client.send("GET", f"{workspace}/tables", version=TABLES).status == 200
    finally:
        silent.close()


@pytest.mark.parametrize("body", [b"no JSON", b"[]"])
def test_bodies_that_are_no_objects(client: Client, workspace: str, body: bytes) -> None:
    answer = client.send("PUT", f"{workspace}/tables/x_raw_CL", body, TABLES)
    assert answer.codes == ["InvalidRequestContent"]
