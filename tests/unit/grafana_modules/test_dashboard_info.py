"""grafana_dashboard_info."""

from __future__ import annotations

import pytest

from tests.stand_ins.grafana import Owner

from .conftest import Failed
from .documents import dashboard


def test_dashboards_are_shown_by_uid_tag_and_folder(grafana):
    folder = grafana.run("folder", path="Slurm")["uid"]
    grafana.run("dashboard", dashboard=dashboard(), folder="Slurm")
    grafana.run("dashboard", dashboard=dashboard("node-metrics", "Node", tags=["node"]))

    def uids(**options: str) -> list[str]:
        return [one["uid"] for one in grafana.run("dashboard_info", **options)["dashboards"]]

    assert uids(uid="gpu-monitoring") == uids(tag="slurm") == uids(folder="Slurm") == ["gpu-monitoring"]
    assert uids(folder_uid=folder) == ["gpu-monitoring"]
    assert uids(folder="/") == uids(tag="node") == ["node-metrics"]
    assert uids(uid="none") == uids(tag="none") == []


def test_what_was_shown_can_be_given_back(grafana):
    grafana.run("dashboard", dashboard=dashboard())
    [shown] = grafana.run("dashboard_info", uid="gpu-monitoring")["dashboards"]
    assert (shown["title"], shown["folder_uid"], shown["version"], shown["manager"]) == ("GPU", "", 1, "")
    assert not grafana.run("dashboard", dashboard=shown["dashboard"])["changed"]
    changed = {**shown["dashboard"], "refresh": "1m"}
    grafana.run("dashboard", dashboard=changed, overwrite=False)
    assert grafana.organisation.dashboards["gpu-monitoring"].content["refresh"] == "1m"


def test_who_looks_after_a_dashboard_is_shown(grafana):
    grafana.run("dashboard", dashboard=dashboard())
    grafana.organisation.dashboards["gpu-monitoring"].owner = Owner()
    assert "provisioning" in grafana.run("dashboard_info", uid="gpu-monitoring")["dashboards"][0]["manager"]


@pytest.mark.parametrize(("api", "path"), [("legacy", "/api/dashboards/"), ("apis", "/apis/dashboard.grafana.app/v1/")])
def test_the_api_can_be_chosen(start, api, path):
    grafana = start(13)
    grafana.run("dashboard_info", uid="none", api=api)
    assert grafana.stand_in.journal[-1].startswith(f"GET {path}")


def test_a_choice_is_needed(start):
    grafana = start()
    for options in ({}, {"uid": "x", "tag": "y"}):
        with pytest.raises(Failed):
            grafana.run("dashboard_info", **options)
    with pytest.raises(Failed, match="there is no folder 'Nowhere'"):
        grafana.run("dashboard_info", folder="Nowhere")
