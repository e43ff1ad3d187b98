"""grafana_datasource: settings, secrets that nobody tells again, provisioned ones, health."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Failed, Grafana

SECRET = "prometheus-secret"


def options(**more: Any) -> dict[str, Any]:
    """A data source for Prometheus."""
    url = "https://controller.example.org:9090"
    return {"name": "Slurm", "uid": "prometheus", "type": "prometheus", "url": url, **more}


def kept(grafana: Grafana):
    return grafana.organisation.datasources["prometheus"]


def test_a_data_source_is_made_once(grafana):
    result = grafana.converge("datasource", **options(json_data={"httpMethod": "POST"}, is_default=True))
    assert result["uid"] == result["datasource"]["uid"] == "prometheus"
    assert kept(grafana).settings["access"] == "proxy"
    assert kept(grafana).settings["jsonData"] == {"httpMethod": "POST"}


def test_a_uid_is_derived_from_the_name(grafana):
    assert grafana.converge("datasource", name="slurm", type="prometheus")["uid"] == "slurm"
    assert grafana.converge("datasource", name="Slurm jobs/1", type="prometheus")["uid"].startswith("slurm-jobs-1-")


@pytest.mark.parametrize(
    ("option", "value", "key"),
    [
        ("url", "https://other.example.org:9090", "url"),
        ("type", "loki", "type"),
        ("access", "direct", "access"),
        ("database", "jobs", "database"),
        ("user", "grafana", "user"),
        ("basic_auth", True, "basicAuth"),
        ("basic_auth_user", "grafana", "basicAuthUser"),
        ("with_credentials", True, "withCredentials"),
        ("is_default", True, "isDefault"),
        ("json_data", {"timeInterval": "15s"}, "jsonData"),
        ("name", "Slurm 2", "name"),
    ],
)
def test_an_option_is_changed_later_and_stays(start, option, value, key):
    grafana = start()
    grafana.run("datasource", **options())
    diff = grafana.converge("datasource", **options(**{option: value}))["diff"]
    assert diff["after"][key] == value != diff["before"].get(key)
    assert kept(grafana).settings[key] == value
    if option not in options():
        assert not grafana.run("datasource", **options())["changed"]


def test_a_change_by_hand_is_undone(grafana):
    grafana.run("datasource", **options())
    kept(grafana).settings["url"] = "https://elsewhere.example.org"
    grafana.converge("datasource", **options())
    assert kept(grafana).settings["url"] == options()["url"]


def test_secrets_are_sent_once(grafana):
    first = options(secure_json_data={"basicAuthPassword": SECRET})
    result = grafana.converge("datasource", **first)
    assert result["diff"]["after"]["secrets"] == {"basicAuthPassword": "sent"}
    assert kept(grafana).secrets == {"basicAuthPassword": SECRET}
    assert not grafana.run("datasource", **options(secure_json_data={"basicAuthPassword": "another-secret"}))["changed"]
    both = {"basicAuthPassword": SECRET, "httpHeaderValue1": "header-secret"}
    diff = grafana.converge("datasource", **options(secure_json_data=both))["diff"]
    assert diff["before"]["secrets"] == {"basicAuthPassword": "kept"}
    assert diff["after"]["secrets"] == {"basicAuthPassword": "kept", "httpHeaderValue1": "sent"}
    assert kept(grafana).secrets == both
    grafana.converge("datasource", **options(url="https://other.example.org"))
    assert kept(grafana).secrets == both, "a change of something else takes the secrets away"


def test_secrets_can_be_sent_each_time(grafana):
    grafana.run("datasource", **options(secure_json_data={"basicAuthPassword": SECRET}))
    new = options(secure_json_data={"basicAuthPassword": "another-secret"}, update_secrets="always")
    assert all(grafana.run("datasource", check=check, **new)["changed"] for check in (True, False, False))
    assert kept(grafana).secrets == {"basicAuthPassword": "another-secret"}


def test_no_secret_is_printed(grafana):
    given = options(secure_json_data={"basicAuthPassword": SECRET})
    grafana.run("datasource", check=True, **given)
    grafana.run("datasource", **given)
    grafana.faults.order(400, f"bad password {SECRET}", method="PUT")
    with pytest.raises(Failed, match="bad password"):
        grafana.run("datasource", **{**given, "update_secrets": "always"})
    grafana.run("datasource", name="Slurm", state="absent")
    assert SECRET not in grafana.output and "basicAuthPassword" in grafana.output


def test_a_provisioned_data_source_is_refused_with_the_way_out(grafana):
    grafana.run("datasource", **options())
    kept(grafana).read_only = True
    for asked in (options(url="https://other.example.org"), {"name": "Slurm", "state": "absent"}):
        for check in (True, False):
            with pytest.raises(Failed, match=r"'Slurm' \(prometheus\) comes from file provisioning: change it there"):
                grafana.run("datasource", check=check, **asked)
    assert not grafana.run("datasource", **options())["changed"], "one that is as wanted is no error"


def test_a_name_is_taken_once(grafana):
    grafana.run("datasource", **options())
    with pytest.raises(Failed, match="'Slurm' has the uid 'prometheus', which dashboards know it by: set uid to that"):
        grafana.run("datasource", **options(uid="another"))
    assert not grafana.run("datasource", **{**options(), "uid": None})["changed"], "without a uid it is found by name"


def test_a_uid_that_is_taken_by_another_name_renames_it(grafana):
    grafana.run("datasource", **options())
    grafana.converge("datasource", **options(name="Slurm metrics"))
    assert [one.settings["name"] for one in grafana.organisation.datasources.values()] == ["Slurm metrics"]


def test_a_change_in_the_same_moment_is_a_conflict(grafana):
    grafana.run("datasource", **options())

    def someone_changes_it() -> None:
        kept(grafana).version += 1

    grafana.faults.before_write = someone_changes_it
    with pytest.raises(Failed, match=r"already been updated by someone else.*\(HTTP 409\).*run this again"):
        grafana.run("datasource", **options(url="https://other.example.org"))


def test_a_data_source_that_does_not_work_can_be_an_error(grafana):
    grafana.run("datasource", check_health=True, **options())
    kept(grafana).complaint = "Post http://controller:9090: connection refused"
    with pytest.raises(Failed, match=r"has the data source 'Slurm', and cannot use it: Post .* connection refused"):
        grafana.run("datasource", check_health=True, **options())
    assert not grafana.run("datasource", check_health=True, check=True, **options())["changed"]


def test_a_data_source_is_removed(grafana):
    grafana.run("datasource", **options())
    result = grafana.converge("datasource", name="Slurm", state="absent")
    assert (result["datasource"], result["diff"]["after"]) == ({}, {})
    grafana.run("datasource", **options())
    grafana.converge("datasource", name="Slurm", uid="prometheus", state="absent")


def test_a_name_with_anything_in_it_is_found(grafana):
    grafana.converge("datasource", name="Slurm / GPU? 100 %", type="prometheus")


def test_what_grafana_refuses_is_said(start):
    grafana = start()
    with pytest.raises(Failed, match="has characters in it that Grafana refuses"):
        grafana.run("datasource", **options(uid="a b"))
    with pytest.raises(Failed, match="Validation error, invalid URL"):
        grafana.run("datasource", **options(url="controller:9090"))
    with pytest.raises(Failed, match="type"):
        grafana.run("datasource", name="Slurm")
