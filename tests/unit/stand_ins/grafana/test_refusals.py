"""What the stand-in refuses, with Grafana's statuses and words: each is a mistake that the modules do not make."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.stand_ins.grafana import GrafanaStandIn
from tests.stand_ins.grafana.exchange import Response
from tests.stand_ins.grafana.stand_in import TOKEN

V1 = "/apis/dashboard.grafana.app/v1/namespaces/default/dashboards"


@pytest.fixture
def grafana() -> Iterator[GrafanaStandIn]:
    with GrafanaStandIn(13) as stand_in:
        ask(stand_in, "POST", "/api/folders", {"title": "Slurm", "uid": "slurm"})
        ask(stand_in, "POST", "/api/dashboards/db", {"dashboard": {"title": "GPU", "uid": "gpu"}})
        ask(stand_in, "POST", "/api/datasources", {"name": "P", "uid": "p", "type": "prometheus", "access": "proxy"})
        yield stand_in


def ask(stand_in: GrafanaStandIn, method: str, path: str, body: Any = None, **more: Any) -> Response:
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json", **more.pop("headers", {})}
    return stand_in.answer(method, path, more, headers, b"" if body is None else json.dumps(body).encode())


def resource(uid: str = "gpu", **more: Any) -> dict[str, Any]:
    """A dashboard as /apis takes it."""
    spec = {"title": "GPU", "schemaVersion": 42, **more.pop("spec", {})}
    metadata = {"name": uid, **more.pop("metadata", {})}
    return {"apiVersion": "dashboard.grafana.app/v1", "kind": "Dashboard", "metadata": metadata, "spec": spec, **more}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("POST", "/api/dashboards/db", {}, 400, "bad request data"),
        ("POST", "/api/dashboards/db", {"dashboard": {"title": ""}}, 400, "title cannot be empty"),
        ("POST", "/api/dashboards/db", {"dashboard": {"title": "x" * 5001}}, 400, "more than 5 000 characters"),
        ("POST", "/api/dashboards/db", {"dashboard": {"title": "A", "uid": "a/b"}}, 400, "illegal characters"),
        ("POST", "/api/dashboards/db", {"dashboard": {"title": "A", "uid": "a" * 41}}, 400, "uid too long"),
        ("POST", "/api/dashboards/db", {"dashboard": {"title": "A"}, "message": "x" * 501}, 400, "message too long"),
        ("POST", "/api/dashboards/db", {"dashboard": {"title": "A"}, "folderUid": "x"}, 400, "folder not found"),
        ("POST", "/api/dashboards/db", {"dashboard": {"title": "A", "id": 99}}, 404, "Dashboard not found"),
        ("POST", "/api/dashboards/db", {"dashboard": {"title": "GPU", "uid": "gpu"}}, 412, "changed by someone else"),
        ("GET", "/api/dashboards/uid/none", None, 404, "Dashboard not found"),
        ("POST", "/api/folders", {"title": " "}, 400, "folder title cannot be empty"),
        ("POST", "/api/folders", {"title": "A", "uid": "a" * 41}, 400, "uid too long"),
        ("POST", "/api/folders", {"title": "A", "parentUid": "x"}, 404, "folder not found"),
        ("POST", "/api/folders", {"title": "A", "uid": "slurm"}, 409, "same uid already exists"),
        ("PUT", "/api/folders/slurm", {"title": "", "version": 1}, 400, "folder title cannot be empty"),
        ("PUT", "/api/folders/slurm", {"title": "A"}, 412, "changed by someone else"),
        ("POST", "/api/folders/slurm/move", {"parentUid": "x"}, 404, "folder not found"),
        ("POST", "/api/folders/slurm/move", {"parentUid": "slurm"}, 400, "Circular reference"),
        ("POST", "/api/datasources", {"name": "Q", "type": "prometheus"}, 400, "bad request data"),
        ("POST", "/api/datasources", {"name": "P", "type": "a", "access": "proxy"}, 409, "same name already exists"),
        ("POST", "/api/datasources", {"name": "Q", "uid": "p", "type": "a", "access": "proxy"}, 409, "same uid"),
        ("POST", "/api/datasources", {"name": "Q", "uid": "a b", "type": "a", "access": "proxy"}, 400, "format of UID"),
        ("GET", "/api/datasources/uid/none", None, 404, "Data source not found"),
        ("POST", V1, resource(), 409, 'dashboards.dashboard.grafana.app "gpu" already exists'),
        ("POST", V1, resource("new", spec={"title": ""}), 400, "title cannot be empty"),
        ("POST", V1, resource("new", spec={"schemaVersion": 7}), 422, "schema version 7 cannot be migrated"),
        ("POST", V1, resource("new", apiVersion="dashboard.grafana.app/v2"), 400, "API version in the data"),
        ("POST", V1, resource(""), 422, "name or generateName is required"),
        ("POST", V1, resource("new", metadata={"annotations": {"grafana.app/folder": "x"}}), 404, '"x" not found'),
        ("PUT", f"{V1}/none", resource("none"), 404, '"none" not found'),
        ("PUT", f"{V1}/gpu", resource("other"), 400, "does not match the name on the URL"),
        ("PUT", f"{V1}/gpu", resource(metadata={"resourceVersion": "0"}), 409, "the object has been modified"),
        ("GET", V1.replace("default", "org-2") + "/gpu", None, 403, "invalid namespace"),
        ("GET", V1.replace("v1", "v3") + "/gpu", None, 404, "could not find the requested resource"),
        ("POST", "/api/dashboards/import", {}, 404, "Not found"),
    ],
)
def test_a_mistake_is_refused(grafana, method, path, body, status, said):
    response = ask(grafana, method, path, body)
    assert (response.status, said in response.document["message"]) == (status, True), response.document


def test_a_folder_in_use_by_alert_rules_stays(grafana):
    grafana.organisation.folders["slurm"].alert_rules = 1
    assert ask(grafana, "DELETE", "/api/folders/slurm").status == 400
    assert ask(grafana, "DELETE", "/api/folders/slurm", forceDeleteRules=["true"]).status == 200


def test_permissions_are_granted_at_the_top_only(grafana):
    annotations = {"grafana.app/folder": "slurm", "grafana.app/grant-permissions": "default"}
    response = ask(grafana, "POST", V1, resource("new", metadata={"annotations": annotations}))
    assert "only works for root folder objects" in response.document["message"]


def test_a_dry_run_changes_nothing(grafana):
    old = resource("new", spec={"schemaVersion": 30, "panels": [{"datasource": "P"}]})
    answer = ask(grafana, "POST", V1, old, dryRun=["All"]).document
    assert answer["spec"]["panels"] == [{"datasource": {"type": "prometheus", "uid": "P"}}]
    changed = resource(spec={"refresh": "1m"})
    assert ask(grafana, "PUT", f"{V1}/gpu", changed, dryRun=["All"]).document["metadata"]["generation"] == 2
    assert list(grafana.organisation.dashboards) == ["gpu"]
    assert "refresh" not in grafana.organisation.dashboards["gpu"].content


@pytest.mark.parametrize(
    "header",
    ["", "Bearer glsa_wrong", "Basic !", "Basic " + base64.b64encode(b"admin:wrong").decode(), "Digest x"],
)
def test_nobody_gets_in_without_a_credential(grafana, header):
    response = ask(grafana, "GET", "/api/search", headers={"Authorization": header}, type=["dash-db"])
    assert response.status == 401 and response.document["messageId"]


def test_a_body_that_is_no_json_is_refused(grafana):
    for headers, body in (({"Content-Type": "text/plain"}, {"title": "A"}), ({}, [])):
        assert ask(grafana, "POST", "/api/folders", body, headers=headers).status == 400
    assert ask(grafana, "POST", "/api/folders").status == 400


def test_a_crash_is_told_and_kept(grafana, monkeypatch):
    monkeypatch.setattr(grafana.organisation, "folders", None)
    assert ask(grafana, "GET", "/api/folders").document == {"message": "the stand-in crashed"}
    assert len(grafana.crashes) == 1


def test_what_grafana_has_before_version_12(grafana):
    with GrafanaStandIn(9) as old:
        assert ask(old, "GET", "/apis/dashboard.grafana.app").headers == {"Location": "/login"}
        assert ask(old, "POST", "/api/folders/x/move", {}).status == 404
        assert ask(old, "GET", "/api/folders/x/counts").status == 404
