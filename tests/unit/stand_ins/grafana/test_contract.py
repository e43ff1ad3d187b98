"""The stand-in, and what the modules send, against the recorded contract of Grafana 13.0.0.

The contract is derived from Grafana's own description of its API and is not part of this repository:

    GRAFANA_CONTRACT=grafana13_contract.json pytest tests/unit/stand_ins/grafana
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.stand_ins.grafana import GrafanaStandIn, Owner
from tests.stand_ins.grafana.exchange import Response
from tests.stand_ins.grafana.sign_in import Who
from tests.stand_ins.grafana.stand_in import TOKEN
from tests.unit.grafana_modules.conftest import Failed, Modules
from tests.unit.grafana_modules.documents import dashboard

CONTRACT = os.environ.get("GRAFANA_CONTRACT")

pytestmark = pytest.mark.skipif(not CONTRACT, reason="GRAFANA_CONTRACT names no contract")

# What Grafana does, by its source, and does not describe.
UNDESCRIBED = {
    ("GET", "/frontend/settings", 200),
    ("DELETE", "/dashboards/uid/{uid}", 400),  # a provisioned dashboard
    ("POST", "/datasources", 400),  # an address that is none
    ("GET", "/datasources/name/{name}", 404),
    ("PUT", "/folders/{folder_uid}", 412),  # another version
}
# The model of what is answered, and where it is in the answer.
ANSWERS = {
    ("GET", "/dashboards/uid/{uid}"): ("DashboardMeta", "meta"),
    ("GET", "/folders/{folder_uid}"): ("Folder", ""),
    ("POST", "/folders"): ("Folder", ""),
    ("PUT", "/folders/{folder_uid}"): ("Folder", ""),
    ("POST", "/folders/{folder_uid}/move"): ("Folder", ""),
    ("GET", "/datasources/name/{name}"): ("DataSource", ""),
    ("GET", "/datasources/uid/{uid}"): ("DataSource", ""),
    ("POST", "/datasources"): ("DataSource", "datasource"),
    ("PUT", "/datasources/uid/{uid}"): ("DataSource", "datasource"),
    ("GET", "/health"): ("HealthResponse", ""),
}


class Recorded(GrafanaStandIn):
    """A stand-in that keeps what it was sent and what it answered."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, Mapping[str, list[str]], bytes, Response]] = []
        super().__init__(13)

    def answer(
        self, method: str, path: str, query: Mapping[str, list[str]], headers: Mapping[str, str], body: bytes
    ) -> Response:
        response = super().answer(method, path, query, headers, body)
        self.seen.append((method, path, query, body, response))
        return response


def everything(modules: Modules, stand_in: Recorded) -> None:
    """Whatever the modules ask, and are refused."""

    def refused(module: str, **options: Any) -> None:
        with pytest.raises(Failed):
            modules.run(module, **options)

    def provision() -> None:
        stand_in.organisation.dashboards["gpu-monitoring"].owner = Owner()

    source = {"name": "Slurm", "type": "prometheus", "url": "https://controller.example.org:9090"}
    for api in ("legacy", "apis"):
        modules.run("folder", path="Slurm/GPU", uid="gpu")
        modules.run("folder", path="GPUs", uid="gpu")
        modules.run("dashboard", dashboard=dashboard(), folder_uid="gpu", api=api)
        modules.run("dashboard", dashboard=dashboard(refresh="1m"), prune_tag="slurm", api=api)
        refused("folder", uid="gpu", state="absent")
        refused("folder", path="Other", uid="gpu-monitoring")
        stand_in.faults.before_write = provision
        refused("dashboard", uid="gpu-monitoring", state="absent", api=api)
        stand_in.organisation.dashboards["gpu-monitoring"].owner = None
        modules.run("folder", uid="gpu", state="absent", force=True)
        modules.run("datasource", **source, check_health=True)
        modules.run("datasource", **{**source, "is_default": True}, secure_json_data={"basicAuthPassword": "secret"})
        modules.run("datasource", name="Slurm", state="absent")
        refused("datasource", **{**source, "url": "none"})
    modules.run("dashboard", dashboard=dashboard(__requires=[{"type": "grafana", "version": "12.0.0"}]), api="legacy")
    for credential in ("wrong", "viewer"):
        refused("dashboard", dashboard=dashboard(title="Other"), api="legacy", token=credential)
        refused("folder", path="Other", token=credential)
        refused("datasource", **source, token=credential)


@pytest.fixture
def seen(capsys: pytest.CaptureFixture[str]) -> list[tuple[str, str, Mapping[str, list[str]], bytes, Response]]:
    """All that the modules and the stand-in said to each other under /api."""
    with Recorded() as stand_in:
        stand_in.accounts.tokens["viewer"] = Who("viewer", "Viewer", (1,))
        everything(Modules(lambda: capsys.readouterr().out, grafana_url=stand_in.url, token=TOKEN), stand_in)
        assert not stand_in.crashes
    return [(method, path[len("/api") :], *rest) for method, path, *rest in stand_in.seen if path.startswith("/api/")]


def test_what_is_said_is_in_the_contract(seen):
    contract = json.loads(Path(str(CONTRACT)).read_text())
    operations = [
        (one, re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(one["path"])))) for one in contract["operations"]
    ]

    def properties(model: str) -> set[str]:
        return set(contract["models"][model]["properties"])

    statuses, models = set(), set()
    for method, path, query, body, response in seen:
        operation = next((one for one, form in operations if one["method"] == method and form.fullmatch(path)), None)
        if operation is None:
            assert (method, path, response.status) in UNDESCRIBED, f"{method} {path} is not in the contract"
            continue
        what = (method, operation["path"])
        assert response.status in operation["codes"] or (*what, response.status) in UNDESCRIBED, (*what, response)
        assert set(query) <= set(operation["query"]), f"{what} has no query {set(query)}"
        if body and operation["body"]:
            model = operation["body"].rpartition(".")[2]
            assert set(json.loads(body)) <= properties(model), f"{what} takes a {model}"
        if response.status == 200 and what in ANSWERS:
            model, key = ANSWERS[what]
            answer = response.document[key] if key else response.document
            assert set(answer) <= properties(model), f"{what} answers with a {model}"
            models.add(what)
        if response.status >= 400:
            assert "message" in response.document
        statuses.add(response.status)
    assert statuses == {200, 400, 401, 403, 404, 409}
    assert models == set(ANSWERS) - {("GET", "/datasources/uid/{uid}")}
