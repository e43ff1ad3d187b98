"""grafana_dashboard, on each version of Grafana: made, left alone, changed, moved, refused, removed."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.stand_ins.grafana import Owner
from tests.stand_ins.grafana.sign_in import Who

from .conftest import Failed, Grafana, warnings
from .documents import dashboard

Start = Callable[..., Grafana]


def kept(grafana: Grafana, uid: str = "gpu-monitoring"):
    return grafana.organisation.dashboards[uid]


def someone_changes_it(grafana: Grafana, uid: str = "gpu-monitoring") -> None:
    """What a person in a browser does."""
    changed = kept(grafana, uid)
    changed.content = {**changed.content, "refresh": "5s"}
    changed.version += 1
    changed.resource_version = grafana.organisation.next_id()


def test_a_dashboard_is_made_once(grafana):
    result = grafana.converge("dashboard", dashboard=dashboard(), commit_message="as of commit 1a2b3c")
    [told] = result["dashboards"]
    assert (told["uid"], told["action"], told["version"]) == ("gpu-monitoring", "created", 1)
    assert told["url"] == f"{grafana.stand_in.url}/d/gpu-monitoring"
    assert kept(grafana).message == "as of commit 1a2b3c"
    assert kept(grafana).content == {key: value for key, value in dashboard().items() if key != "uid"}


def test_the_new_api_is_used_where_it_is(grafana):
    used = grafana.run("dashboard", dashboard=dashboard())["api"]
    expected = {"12": "/apis/dashboard.grafana.app/v1beta1", "13": "/apis/dashboard.grafana.app/v1"}
    assert used == expected.get(grafana.stand_in.flavour.version[:2], "/api")


@pytest.mark.parametrize("api", ["legacy", "apis"])
def test_the_api_can_be_chosen(start: Start, api):
    grafana = start(13)
    grafana.converge("dashboard", dashboard=dashboard(), api=api)
    assert all(line.startswith("POST /apis/" if api == "apis" else "POST /api/") for line in grafana.stand_in.writes)
    with pytest.raises(Failed, match=r"has no API /apis/dashboard.grafana.app"):
        start(11).run("dashboard", dashboard=dashboard(), api="apis")


def test_a_dashboard_made_through_one_api_is_the_same_through_the_other(start: Start):
    grafana = start(13)
    grafana.run("dashboard", dashboard=dashboard(), api="legacy")
    assert not grafana.run("dashboard", dashboard=dashboard())["changed"]
    grafana.converge("dashboard", dashboard=dashboard(refresh="1m"), api="apis")
    assert not grafana.run("dashboard", dashboard=dashboard(refresh="1m"), api="legacy")["changed"]


def test_a_change_is_shown_and_made(grafana):
    grafana.run("dashboard", dashboard=dashboard())
    [diff] = grafana.converge("dashboard", dashboard=dashboard(refresh="1m"))["diff"]
    before, after = json.loads(diff["before"]), json.loads(diff["after"])
    assert "refresh" not in before and after == {**before, "refresh": "1m"}
    assert (kept(grafana).content["refresh"], kept(grafana).version) == ("1m", 2)


def test_what_the_server_adds_is_no_change(grafana):
    grafana.run("dashboard", dashboard=dashboard())
    asked = grafana.run("dashboard", dashboard={**dashboard(), "id": 77, "version": 12})
    assert not asked["changed"] and asked["diff"] == []


def test_a_dashboard_of_an_old_schema_settles(grafana):
    panel = {"id": 1, "type": "timeseries", "datasource": "Prometheus"}
    old = dashboard(schemaVersion=30, panels=[panel])
    grafana.converge("dashboard", dashboard=old)
    [diff] = grafana.converge("dashboard", dashboard={**old, "refresh": "1m"})["diff"]
    changed = [line for line in diff["after"].splitlines() if line not in diff["before"].splitlines()]
    assert changed == ['  "refresh": "1m",'], "the diff shows what Grafana makes of the schema"


def test_a_dashboard_that_is_too_old_for_the_new_schema_is_taken_as_it_is(grafana):
    grafana.converge("dashboard", dashboard=dashboard(schemaVersion=12))


def test_changes_by_hand_are_replaced(grafana):
    grafana.run("dashboard", dashboard=dashboard())
    someone_changes_it(grafana)
    grafana.converge("dashboard", dashboard=dashboard())
    assert "refresh" not in kept(grafana).content


@pytest.mark.parametrize(("version", "said"), [(None, "does not say its version"), (1, "is of version 1")])
def test_changes_by_hand_are_kept_without_overwrite(grafana, version, said):
    grafana.run("dashboard", dashboard=dashboard())
    someone_changes_it(grafana)
    document = dashboard() if version is None else dashboard(version=version)
    for check in (True, False):
        with pytest.raises(
            Failed, match=f"is at version 2 in Grafana, and dashboard {said}: take over .* or set overwr"
        ):
            grafana.run("dashboard", dashboard=document, overwrite=False, check=check)
    assert kept(grafana).content["refresh"] == "5s"
    grafana.run("dashboard", dashboard=dashboard(version=2, refresh="1m"), overwrite=False)
    assert kept(grafana).content["refresh"] == "1m"


def test_a_change_in_the_same_moment_is_a_conflict_without_overwrite(grafana):
    grafana.run("dashboard", dashboard=dashboard())
    grafana.faults.before_write = lambda: someone_changes_it(grafana)
    with pytest.raises(Failed, match=r"(modified|changed by someone else).*run this again") as failed:
        grafana.run("dashboard", dashboard=dashboard(version=1, refresh="1m"), overwrite=False)
    assert failed.value.result["status"] in (409, 412)
    assert kept(grafana).content["refresh"] == "5s"
    grafana.faults.before_write = lambda: someone_changes_it(grafana)
    grafana.converge("dashboard", dashboard=dashboard(refresh="1m"))
    assert kept(grafana).content["refresh"] == "1m"


def test_a_dashboard_of_the_same_title_is_never_replaced(start: Start):
    grafana = start(9)
    grafana.run("dashboard", dashboard=dashboard("another"))
    with pytest.raises(Failed, match=r"gpu-monitoring: .*same name in the folder already exists") as failed:
        grafana.run("dashboard", dashboard=dashboard())
    assert failed.value.result["code"] == "name-exists"
    assert list(grafana.organisation.dashboards) == ["another"]


def test_a_provisioned_dashboard_is_refused_with_the_way_out(grafana):
    grafana.run("dashboard", dashboard=dashboard())
    kept(grafana).owner = Owner()
    writes = len(grafana.stand_in.writes)
    for options in ({"dashboard": dashboard(refresh="1m")}, {"uid": "gpu-monitoring", "state": "absent"}):
        for check in (True, False):
            with pytest.raises(Failed, match=r"belongs to .*file.provisioning.*change it there, take it out of there"):
                grafana.run("dashboard", check=check, **options)
    assert not grafana.run("dashboard", dashboard=dashboard())["changed"], "one that is as wanted is no error"
    assert len(grafana.stand_in.writes) == writes


def test_a_provisioned_dashboard_that_is_shared_can_be_changed_and_not_removed(grafana):
    grafana.run("dashboard", dashboard=dashboard())
    kept(grafana).owner = Owner(shares=True)
    grafana.converge("dashboard", dashboard=dashboard(refresh="1m"))
    with pytest.raises(Failed, match="provisioned dashboard cannot be deleted"):
        grafana.run("dashboard", uid="gpu-monitoring", state="absent")


def test_a_dashboard_can_be_seen_by_whoever_could_make_it(grafana):
    grafana.stand_in.accounts.tokens["editor"] = Who("editor", "Editor", (1,))
    grafana.run("folder", path="Slurm")
    grafana.converge("dashboard", dashboard=dashboard(), token="editor")
    grafana.converge("dashboard", dashboard=dashboard("node", "Node"), folder="Slurm", token="editor")


def test_a_dashboard_goes_into_a_folder_and_stays_there(grafana):
    uid = grafana.run("folder", path="Slurm")["uid"]
    assert grafana.converge("dashboard", dashboard=dashboard(), folder="Slurm")["dashboards"][0]["folder_uid"] == uid
    grafana.converge("dashboard", dashboard=dashboard(refresh="1m"))
    assert kept(grafana).folder_uid == uid
    grafana.converge("dashboard", dashboard=dashboard(refresh="1m"), folder="/")
    assert kept(grafana).folder_uid == ""
    grafana.converge("dashboard", dashboard=dashboard(refresh="1m"), folder_uid=uid)
    assert kept(grafana).folder_uid == uid


def test_a_folder_in_a_folder_is_found_by_its_path(start: Start):
    grafana = start(11)
    uid = grafana.run("folder", path="Slurm/GPU")["uid"]
    grafana.converge("dashboard", dashboard=dashboard(), folder="Slurm/GPU")
    assert kept(grafana).folder_uid == uid


@pytest.mark.parametrize("where", [{"folder": "Slurm/GPU"}, {"folder_uid": "slurm"}])
def test_a_missing_folder_is_refused_with_the_way_out(grafana, where):
    with pytest.raises(Failed, match=r"there is no folder .*Slurm.*: make it with grafana_folder|uid 'slurm'"):
        grafana.run("dashboard", dashboard=dashboard(), **where)
    assert not grafana.stand_in.writes
    foretold = grafana.run("dashboard", check=True, dashboard=dashboard(), **where)
    assert foretold["changed"] and "check mode goes on" in warnings(foretold)


def test_a_dashboard_is_removed(grafana):
    grafana.run("dashboard", dashboard=dashboard())
    result = grafana.converge("dashboard", uid="gpu-monitoring", state="absent")
    assert result["dashboards"][0]["action"] == "deleted"
    assert result["diff"][0]["after"] == ""
    assert not grafana.organisation.dashboards


def test_what_grafana_refuses_is_said_before(grafana):
    for options, said in (
        ({"dashboard": dashboard(title=" ")}, "it has no title"),
        ({"dashboard": dashboard(title="x" * 5001)}, "its title has 5001 characters"),
        ({"dashboard": dashboard("x" * 41)}, "has 41 characters, and Grafana takes 40"),
        ({"dashboard": dashboard("gpu/monitoring")}, "has characters in it that Grafana refuses"),
        ({"dashboard": dashboard(), "commit_message": "x" * 501}, "commit_message has more than 500 characters"),
        ({"dashboard": {"uid": "v2", "title": "v2", "elements": {}, "layout": {}}}, "in the schema v2"),
    ):
        with pytest.raises(Failed, match=said):
            grafana.run("dashboard", **options)
    assert not grafana.stand_in.writes


def test_options_that_do_not_go_together_are_refused(start: Start, tmp_path):
    grafana = start()
    for options in (
        {},
        {"state": "absent"},
        {"dashboard": dashboard(), "path": str(tmp_path)},
        {"dashboard": dashboard(), "folder": "a", "folder_uid": "b"},
        {"dashboard": dashboard(), "checksum": "0" * 64},
    ):
        with pytest.raises(Failed):
            grafana.run("dashboard", **options)
    assert not grafana.stand_in.journal
