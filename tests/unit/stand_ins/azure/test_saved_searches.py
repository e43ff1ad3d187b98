"""Saved searches: etags guard what exists."""

from __future__ import annotations

from typing import Any

from tests.unit.stand_ins.azure.conftest import Client

VERSION = "2020-08-01"


def _body(**more: Any) -> dict[str, Any]:
    return {"properties": {"category": "Slurm", "displayName": "Flaps", "query": "syslog_raw_CL", "version": 2}, **more}


def test_who_replaces_a_search_has_its_etag(client: Client, workspace: str) -> None:
    path = f"{workspace}/savedSearches/flaps"
    made = client.send("PUT", path, _body(), VERSION)
    assert made.status == 200
    assert client.send("PUT", path, _body(), VERSION).status == 409
    assert client.send("PUT", path, _body(etag="old"), VERSION).status == 409
    changed = client.send("PUT", path, _body(etag=made.document["etag"]), VERSION)
    assert changed.status == 200
    assert client.send("PUT", path, _body(etag=made.document["etag"]), VERSION).status == 409
    assert client.send("PUT", path, _body(etag="*"), VERSION).status == 200
    listed = client.send("GET", f"{workspace}/savedSearches", version=VERSION).document["value"]
    assert [one["name"] for one in listed] == ["flaps"]
    assert client.send("DELETE", path, version=VERSION).status == 200


def test_searches_that_are_refused(client: Client, workspace: str) -> None:
    path = f"{workspace}/savedSearches"
    assert client.send("PUT", f"{path}/flaps", {"properties": {"query": "x"}}, VERSION).status == 400
    alias = _body()
    alias["properties"]["functionAlias"] = "Flaps"
    assert client.send("PUT", f"{path}/one", alias, VERSION).status == 200
    assert client.send("PUT", f"{path}/two", alias, VERSION).codes == ["Conflict"]
    nowhere = client.send("PUT", f"{workspace}x/savedSearches/one", _body(), VERSION)
    assert nowhere.codes == ["ResourceNotFound"]
