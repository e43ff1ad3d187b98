"""The modules against a real Grafana, where there is one. Nothing stays behind in it.

    GRAFANA_TEST_URL=https://grafana.example.org GRAFANA_TEST_TOKEN=glsa_... pytest tests/unit/grafana_modules -k real

The token is that of a service account with the role Admin. In the place of Grafana a stand-in can be asked, which
``python -m tests.stand_ins.grafana`` starts.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from uuid import uuid4

import pytest

from .conftest import Failed, Modules
from .documents import dashboard

URL, TOKEN = os.environ.get("GRAFANA_TEST_URL"), os.environ.get("GRAFANA_TEST_TOKEN")

pytestmark = pytest.mark.skipif(not (URL and TOKEN), reason="GRAFANA_TEST_URL and GRAFANA_TEST_TOKEN name no Grafana")


@pytest.fixture
def real(capsys: pytest.CaptureFixture[str]) -> Modules:
    """The modules, on that Grafana."""
    return Modules(lambda: capsys.readouterr().out, grafana_url=URL, token=TOKEN)


@pytest.fixture
def mark(real: Modules) -> Iterator[str]:
    """A word that nothing else there has, and is removed with what has it."""
    word = f"test-{uuid4().hex[:12]}"
    yield word
    for found in real.run("dashboard_info", tag=word)["dashboards"]:
        real.run("dashboard", uid=found["uid"], state="absent")
    real.run("folder", uid=word, state="absent", force=True)
    real.run("datasource", name=word, state="absent")


@pytest.mark.parametrize("api", ["auto", "legacy"])
@pytest.mark.parametrize("schema", [30, 42])
def test_a_dashboard_is_made_changed_and_removed(real, mark, api, schema):
    real.converge("folder", path=mark, uid=mark)
    document = dashboard(mark, mark, tags=[mark], schemaVersion=schema)
    made = real.converge("dashboard", dashboard=document, folder_uid=mark, api=api)
    assert made["dashboards"][0]["folder_uid"] == mark
    real.converge("dashboard", dashboard={**document, "refresh": "1m"}, api=api)
    with pytest.raises(Failed, match="take over what was changed in Grafana"):
        real.run("dashboard", dashboard={**document, "version": 1}, overwrite=False, api=api)
    with pytest.raises(Failed, match="is not empty"):
        real.run("folder", uid=mark, state="absent")
    real.converge("dashboard", uid=mark, state="absent", api=api)


def test_strays_are_pruned(real, mark):
    real.run("dashboard", dashboard=dashboard(f"{mark}-a", "A", tags=[mark]))
    real.run("dashboard", dashboard=dashboard(f"{mark}-b", "B", tags=[mark]))
    result = real.converge("dashboard", dashboard=dashboard(f"{mark}-a", "A", tags=[mark]), prune_tag=mark)
    assert [one["action"] for one in result["dashboards"]] == ["unchanged", "deleted"]


def test_a_data_source_is_made_changed_and_removed(real, mark):
    source = {"name": mark, "type": "prometheus", "url": "http://127.0.0.1:9090"}
    real.converge("datasource", **source, json_data={"httpMethod": "POST"})
    real.converge("datasource", **source, secure_json_data={"basicAuthPassword": mark[::-1]})
    real.converge("datasource", **{**source, "url": "http://127.0.0.1:9091"})
    real.converge("datasource", name=mark, state="absent")


def test_a_wrong_token_is_said(real):
    with pytest.raises(Failed, match="HTTP 401"):
        real.run("dashboard_info", uid="none", token="glsa_wrong")
