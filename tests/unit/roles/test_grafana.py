"""The role grafana: its grafana.ini, and what it refuses. test_grafana_on_host.py runs its tasks."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.slurm.observability.plugins.modules.systemd_unit import newest_change

from tests.stand_ins.grafana.host.settings import Settings

ROLE = Path(__file__).parents[3] / "roles/grafana"
PASSWORD = "s3cret $HOME #1; `x`"
POSTGRES = {"host": "db", "name": "hpc_jobs", "user": "grafana_reader"}
# What the host and the inventory say. Addresses and dashboards are given: plugins that find them are not loaded here.
HOST = {
    "role_path": str(ROLE),
    "ansible_facts": {"os_family": "Debian"},
    "grafana_admin_password": PASSWORD,
    "grafana_prometheus_url": "http://127.0.0.1:9090",
    "grafana_alertmanager_url": "http://127.0.0.1:9093",
    "__grafana_dashboards": ["/dashboards/slurm-overview.json"],
    "__grafana_found": {"results": [{"stat": {"exists": False}}] * 3},
    "__grafana_found_key": {},
    **{"inventory_hostname": "head", "groups": {}, "hostvars": {}},
}
# Prometheus and Alertmanager on a host of their own, as they listen by default.
ELSEWHERE = {"groups": {"prometheus": ["watch"], "alertmanager": ["watch"]}, "hostvars": {"watch": {}}}


def trusted(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: trusted(part) for name, part in value.items()}
    if isinstance(value, list):
        return list(map(trusted, value))
    return trust_as_template(value) if isinstance(value, str) else value


def value_of(template: str, **given: Any) -> Any:
    """Return what a template is with the variables of the role and others."""
    files = [ROLE / "defaults/main.yml", *sorted((ROLE / "vars/main").glob("*.yml"))]
    variables = {name: value for file in files for name, value in yaml.safe_load(file.read_text()).items()}
    templar = Templar(DataLoader(), variables=trusted({**variables, **HOST, **given}))
    return templar.template(trust_as_template(template))


def ini(tmp_path: Path, **given: Any) -> Settings:
    """Return grafana.ini as the stand-in reads it, which knows no other keys than Grafana does."""
    given = {"__grafana_secrets_directory": str(tmp_path), **given}
    for name in ("admin_password", "secret_key", "database_password"):
        (tmp_path / name).write_text(f"the {name}")
    path = tmp_path / "grafana.ini"
    path.write_text(value_of((ROLE / "templates/grafana.ini.j2").read_text(), **given))
    return Settings(path)


def test_nobody_gets_in_without_a_password_and_nothing_is_told_to_anybody(tmp_path: Path) -> None:
    settings = ini(tmp_path)
    assert not settings.is_on("auth.anonymous", "enabled", True)
    assert not settings.is_on("users", "allow_sign_up", True)
    for section, key in (
        *(("analytics", key) for key in ("reporting_enabled", "check_for_updates", "check_for_plugin_updates")),
        *(("news", "news_feed_enabled"), ("snapshots", "external_enabled")),
    ):
        assert not settings.is_on(section, key, True)
    assert settings.is_on("plugins", "preinstall_disabled")
    assert settings.text("security", "admin_password") == "the admin_password"
    assert settings.text("security", "secret_key") == "the secret_key"
    home = settings.text("dashboards", "default_home_dashboard_path")
    assert home == "/var/lib/grafana/slurm-observability/slurm-overview.json"
    assert PASSWORD not in (tmp_path / "grafana.ini").read_text()


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1:3000", ("127.0.0.1", "3000", "http://127.0.0.1:3000")),
        ("0.0.0.0:80", ("0.0.0.0", "80", "http://127.0.0.1:80")),
        ("[::1]:3000", ("::1", "3000", "http://[::1]:3000")),
    ],
)
def test_where_it_listens_and_where_it_is_asked(tmp_path: Path, address: str, expected: tuple[str, ...]) -> None:
    settings = ini(tmp_path, grafana_listen_address=address)
    own = value_of("{{ __grafana_own_url }}", grafana_listen_address=address)
    assert (settings.text("server", "http_addr"), settings.text("server", "http_port"), own) == expected


def test_tls_and_an_address_with_a_path(tmp_path: Path) -> None:
    given = {
        "grafana_tls_certificate": "/etc/tls.crt",
        "grafana_tls_key": "/etc/tls.key",
        "grafana_external_url": "https://hpc.example.org/grafana/",
    }
    settings = ini(tmp_path, **given)
    found = [settings.text("server", key) for key in ("protocol", "cert_file", "cert_key", "root_url", "domain")]
    assert found == ["https", "/etc/tls.crt", "/etc/tls.key", "https://hpc.example.org/grafana/", "hpc.example.org"]
    assert settings.is_on("server", "serve_from_sub_path") and settings.is_on("security", "cookie_secure")
    assert value_of("{{ __grafana_own_url }}", **given) == "https://127.0.0.1:3000/grafana"
    assert "/etc/tls.key" in value_of("{{ __grafana_read_at_start }}", **given)


def test_postgresql(tmp_path: Path) -> None:
    given = {"grafana_database": {"host": "db", "ca_cert_path": "/etc/ca.crt"}, "grafana_database_password": "x"}
    settings = ini(tmp_path, **given)
    found = [settings.text("database", key) for key in ("type", "host", "name", "user", "ssl_mode", "password")]
    assert found == ["postgres", "db:5432", "grafana", "grafana", "verify-full", "the database_password"]
    backup = value_of("{{ __grafana_backup_environment }}", **given)
    assert backup["PGHOST"] == "db" and backup["PGSSLROOTCERT"] == "/etc/ca.crt"
    assert not any(value == "x" for value in backup.values())


@pytest.mark.parametrize(
    ("family", "mode", "authorities"),
    [
        ("Debian", "verify-full", "/etc/ssl/certs/ca-certificates.crt"),
        ("RedHat", "verify-full", "/etc/pki/tls/certs/ca-bundle.crt"),
        ("Debian", "require", None),
    ],
)
def test_backups_trust_the_authorities_that_grafana_trusts(family: str, mode: str, authorities: str | None) -> None:
    given = {"ansible_facts": {"os_family": family}, "grafana_database": {"host": "db", "ssl_mode": mode}}
    assert value_of("{{ __grafana_backup_environment }}", **given).get("PGSSLROOTCERT") == authorities


def test_it_is_restarted_when_a_file_that_it_has_read_is_gone(tmp_path: Path) -> None:
    for kind in ("datasources", "dashboards"):
        file = tmp_path / f"provisioning/{kind}/slurm-observability.yml"
        file.parent.mkdir(parents=True)
        file.touch()
        for old in (file, file.parent):
            os.utime(old, (1, 1))
        read = value_of("{{ __grafana_read_at_start }}", __grafana_settings_directory=str(tmp_path))
        assert newest_change(read)[0] == 1
        file.unlink()
        assert newest_change(read) > (1, str(file.parent))
        os.utime(file.parent, (1, 1))


def test_a_port_of_the_system_can_be_listened_on() -> None:
    assert value_of("{{ __grafana_port_settings }}") == {}
    given = value_of("{{ __grafana_port_settings }}", grafana_listen_address="0.0.0.0:443")
    assert given["AmbientCapabilities"] == given["CapabilityBoundingSet"] == "CAP_NET_BIND_SERVICE"
    assert given["PrivateUsers"] == "no", "capabilities count among the users of the unit only"


def test_azure_monitor_is_asked_with_the_managed_identity(tmp_path: Path) -> None:
    given = {"grafana_azure_monitor": {"subscription_id": "0-1", "client_id": "0-2", "cloud": "AzureUSGovernment"}}
    settings = ini(tmp_path, **given)
    assert settings.is_on("azure", "managed_identity_enabled")
    assert settings.text("azure", "managed_identity_client_id") == "0-2"
    assert settings.text("azure", "cloud") == "AzureUSGovernment"
    [source] = value_of("{{ __grafana_datasources }}", **given, grafana_shipped_datasources=[])
    assert source["jsonData"] == {"azureAuthType": "msi", "cloudName": "govazuremonitor", "subscriptionId": "0-1"}


def test_the_site_adds_to_it_and_no_character_ends_a_value(tmp_path: Path) -> None:
    settings = ini(
        tmp_path,
        grafana_ini={"users": {"default_theme": "light", "login_hint": 'a; b # "c"'}, "explore": {"enabled": False}},
    )
    assert settings.text("users", "default_theme") == "light"
    assert not settings.is_on("users", "allow_sign_up", True)
    assert settings.text("users", "login_hint") == 'a; b # "c"'
    assert not settings.is_on("explore", "enabled", True)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"grafana_admin_password": ""}, "there is no password for admin; set grafana_admin_password"),
        ({"grafana_admin_password": "admin"}, "take one of 8 characters or more"),
        ({"grafana_admin_password": "a secret\n"}, "a line break in it"),
        ({"grafana_tls_certificate": "/etc/tls.crt"}, "come together"),
        ({"grafana_external_url": "grafana.example.org"}, "has to begin with https://"),
        ({"grafana_version": "v13"}, "it has to be a version"),
        ({"grafana_version": "9.5.21"}, "it has to be 10 or newer"),
        (
            {"grafana_install_method": "release", "grafana_version": "13.0.1"},
            "give grafana_version, and grafana_release_url",
        ),
        (
            {"grafana_database": {"name": "x"}, "grafana_database_password": "x", "grafana_secret_key": "x"},
            "needs host",
        ),
        ({"grafana_database": {"host": "db"}, "grafana_secret_key": "x"}, "grafana_database has no password"),
        ({"grafana_database": {"host": "db"}, "grafana_database_password": "x"}, "outlives this host"),
        ({"grafana_secrets": {"secret_key": "x"}}, "are taken by variables of their own"),
        ({"grafana_secrets": {"../x": "x"}}, "are names of files"),
        ({"grafana_ini": {"security": {"admin_password": "x"}}}, "use grafana_admin_user"),
        ({"grafana_ini": {"users": {"home_page": "a\nb"}}}, "put it on one line"),
        ({"grafana_ini": {"auth.basic": {"enabled": False}}}, "turns auth.basic off"),
        (
            {"grafana_secret_key": "new", "__grafana_found_key": {"content": base64.b64encode(b"old").decode()}},
            "is not the key that secrets in /var/lib/grafana/grafana.db are encrypted with",
        ),
        ({"grafana_backup_keep": 0}, "has to be at least 1"),
        ({"grafana_prometheus_url": "", "__grafana_prometheus_addresses": []}, "there is no Prometheus to show"),
        ({"grafana_alertmanager_url": "", "__grafana_alertmanager_addresses": []}, "there is no Alertmanager to show"),
        (
            {"grafana_prometheus_url": "", "__grafana_prometheus_addresses": ["x"], **ELSEWHERE},
            "Prometheus listens on loopback on watch",
        ),
        (
            {"grafana_alertmanager_url": "", "__grafana_alertmanager_addresses": ["x"], **ELSEWHERE},
            "Alertmanager listens on loopback on watch",
        ),
        ({"grafana_job_database": {"host": "db"}, "grafana_job_database_password": "x"}, "needs host, name and user"),
        ({"grafana_job_database": POSTGRES}, "grafana_job_database has no password"),
        ({"grafana_azure_monitor": {"client_id": "0-2"}}, "needs subscription_id"),
        ({"grafana_datasources": [{"name": "x"}]}, "needs name, uid and type"),
        (
            {"grafana_datasources": [{"name": "x", "uid": "prometheus", "type": "loki"}]},
            "are taken by the data sources",
        ),
        (
            {"grafana_datasources": [{"name": "Prometheus", "uid": "x", "type": "loki"}]},
            "two data sources have the same name",
        ),
        (
            {"grafana_datasources": [{"name": "x", "uid": "x", "type": "loki", "isDefault": True}]},
            "two data sources are the default",
        ),
        ({"grafana_folder": "", "grafana_provisioning_method": "api"}, "give the folder of the dashboards a title"),
        ({"grafana_datasource_settings": {"loki": {}}}, "put others into grafana_datasources"),
        (
            {"__grafana_found": {"results": [{"stat": {"exists": n == 0}} for n in range(3)]}},
            "is of a Grafana of before",
        ),
    ],
)
def test_what_cannot_work_is_refused(given: dict[str, Any], message: str) -> None:
    [broken] = [
        rule["message"]
        for rule in value_of("{{ __grafana_rules + __grafana_rules_here }}", **given)
        if not rule["that"]
    ]
    assert message in " ".join(broken.split())


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"grafana_api_url": "example.org", "grafana_api_token": "x"}, "grafana_api_url is example.org"),
        ({"grafana_api_url": "https://example.org", "grafana_admin_password": ""}, "nothing to sign in with"),
        ({"grafana_api_url": "https://example.org", "grafana_folder": ""}, "grafana_folder is empty"),
        (
            {"grafana_api_url": "https://example.org", "grafana_prometheus_url": ""},
            "the address at which https://example.org reaches Prometheus",
        ),
        (
            {"grafana_api_url": "https://example.org", "grafana_alertmanager_url": ""},
            "the address at which https://example.org reaches Alertmanager",
        ),
        (
            {
                "grafana_api_url": "https://example.org",
                "grafana_azure_monitor": {"subscription_id": "0", "client_id": "1"},
            },
            "take client_id out",
        ),
    ],
)
def test_what_cannot_work_elsewhere_is_refused(given: dict[str, Any], message: str) -> None:
    rules = value_of("{{ __grafana_rules + __grafana_rules_elsewhere }}", **given)
    [broken] = [rule["message"] for rule in rules if not rule["that"]]
    assert message in broken


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"grafana_folder": ""},
        ELSEWHERE,
        {"grafana_secret_key": "key", "__grafana_found_key": {"content": base64.b64encode(b"key").decode()}},
        {"grafana_ini": {"auth.basic": {"enabled": "true"}}},
    ],
)
def test_what_can_work_is_not_refused(given: dict[str, Any]) -> None:
    assert [r for r in value_of("{{ __grafana_rules + __grafana_rules_here }}", **given) if not r["that"]] == []


def test_packages_come_from_a_repository_that_one_key_signs() -> None:
    source = value_of((ROLE / "templates/grafana.sources.j2").read_text())
    assert "URIs: https://apt.grafana.com\nSuites: stable\nComponents: main\n" in source
    assert source.endswith("Signed-By: /etc/apt/keyrings/grafana.asc\n")
    mirrored = value_of("{{ __grafana_repository_url }}", grafana_repository_url="https://mirror.example.org/grafana/")
    assert mirrored == "https://mirror.example.org/grafana"


@pytest.mark.parametrize(
    ("family", "version", "package"),
    [("Debian", "", "grafana"), ("Debian", "13.0.1", "grafana=13.0.1"), ("RedHat", "13.0.1", "grafana-13.0.1")],
)
def test_a_version_is_pinned_as_the_family_does(family: str, version: str, package: str) -> None:
    given = {"ansible_facts": {"os_family": family}, "grafana_version": version}
    assert value_of("{{ __grafana_package_of_version }}", **given) == package
