"""The role grafana on this machine, in a directory: a stand-in runs with what it wrote, and takes nothing that Grafana
does not know. The stand-in is tests/stand_ins/grafana/host.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.stand_ins.grafana import GrafanaStandIn
from tests.stand_ins.grafana.host.settings import Settings, SettingsError
from tests.stand_ins.grafana.organisation import Dashboard
from tests.stand_ins.grafana.stand_in import TOKEN

ROOT = Path(__file__).parents[3]
PASSWORD = "s3cret $HOME #1; `x`"
DATABASE_PASSWORD = "pa$$word"
AZURE = {"subscription_id": "0-1", "cloud": "AzureUSGovernment"}
POSTGRES = {"host": "db", "name": "hpc_jobs", "user": "grafana_reader", "ca_cert_path": "/etc/ca.crt"}
DASHBOARD = {"uid": "slurm-overview", "title": "Overview", "tags": ["slurm-observability"], "panels": []}
FACTS = {
    **{"os_family": "Debian", "service_mgr": "systemd", "architecture": "x86_64", "distribution": "Debian"},
    **{"distribution_version": "12", "distribution_major_version": "12"},
}
OPEN = {"prometheus_web_config": {"tls_server_config": {}}, "prometheus_listen_address": "0.0.0.0:9090"}
INVENTORY = {
    "all": {
        "hosts": {"localhost": {"ansible_connection": "local"}, "watch": {"ansible_host": "10.0.0.9"}},
        "children": {
            "slurm_controller": {"hosts": {"localhost": {}}},
            "prometheus": {"hosts": {"watch": OPEN}},
        },
    }
}


# Where a Grafana elsewhere reaches the stack.
REACHED = {"grafana_prometheus_url": "https://p.example.org", "grafana_alertmanager_url": "https://a.example.org"}


class Play:
    """Runs steps of the role on this machine, with all that it writes in a directory."""

    def __init__(self, directory: Path, port: int) -> None:
        self.directory = directory
        self.port = port
        self.settings = directory / "etc"
        self.data = directory / "data"
        self.dashboards = directory / "source"
        self.dashboards.mkdir()
        (self.dashboards / "slurm-overview.json").write_text(json.dumps(DASHBOARD))
        self.program = directory / "home/bin/grafana"
        self.program.parent.mkdir(parents=True)
        self.program.write_text(f'#!/bin/sh\ncd {ROOT} && exec {sys.executable} -m tests.stand_ins.grafana.host "$@"\n')
        self.program.chmod(0o755)

    def run(
        self, *steps: str, flags: tuple[str, ...] = (), on: str = "localhost", **given: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run files of tasks."""
        variables = {
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            "grafana_admin_password": PASSWORD,
            "grafana_listen_address": f"127.0.0.1:{self.port}",
            "grafana_backup_schedule": "",
            "__grafana_user": "root",
            "__grafana_home": str(self.program.parents[1]),
            "__grafana_unit_path": str(self.directory / "unit"),
            "__grafana_settings_directory": str(self.settings),
            "__grafana_data_directory": str(self.data),
            "__grafana_dashboards_source": str(self.dashboards),
            **given,
        }
        tasks = [{"ansible.builtin.set_fact": {**FACTS, "cacheable": True}}]
        tasks += [
            {"ansible.builtin.include_role": {"name": "slurm.observability.grafana", "tasks_from": step}}
            for step in steps
        ]
        book, extra, hosts = (self.directory / name for name in ("play.yml", "extra.json", "hosts.yml"))
        book.write_text(yaml.safe_dump([{"hosts": on, "gather_facts": False, "tasks": tasks}]))
        extra.write_text(json.dumps(variables))
        hosts.write_text(yaml.safe_dump(INVENTORY))
        return subprocess.run(
            ["ansible-playbook", "-i", str(hosts), "-e", f"@{extra}", *flags, str(book)],
            cwd=ROOT,
            env={**os.environ, "ANSIBLE_PIPELINING": "true"},
            capture_output=True,
            text=True,
            check=False,
        )

    def write(self, **given: Any) -> subprocess.CompletedProcess[str]:
        """Write all that Grafana reads."""
        done = self.run("settings", flags=("--diff", "-vv"), **given)
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def start(self) -> subprocess.Popen[str]:
        """Start the stand-in with what was written, as the unit does."""
        arguments = [f"--config={self.settings}/grafana.ini", f"--homepath={self.program.parents[1]}"]
        return subprocess.Popen([self.program, "server", *arguments], text=True, stderr=subprocess.PIPE)

    def get(self, path: str, password: str = PASSWORD) -> Any:
        """Ask Grafana as its administrator."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}")
        pair = base64.b64encode(f"admin:{password}".encode()).decode()
        request.add_header("Authorization", f"Basic {pair}")
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """A directory for the role."""
    if os.geteuid() != 0:
        pytest.skip("the role gives files to users, so it needs root")
    return Play(tmp_path, free_port())


SITE = {
    "grafana_secrets": {"oidc": "0idc"},
    "grafana_job_database": POSTGRES,
    "grafana_job_database_password": DATABASE_PASSWORD,
    "grafana_datasource_settings": {"prometheus": {"jsonData": {"timeInterval": "30s"}}},
    "grafana_datasources": [{"name": "Logs", "uid": "logs", "type": "loki", "access": "proxy", "url": "http://$host"}],
}


@dataclass
class Site:
    """A Grafana of a site, and what Ansible said when it was written."""

    play: Play
    said: str


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The stand-in with what the role writes for a site."""
    if os.geteuid() != 0:
        pytest.skip("the role gives files to users, so it needs root")
    play = Play(tmp_path_factory.mktemp("grafana"), free_port())
    said = play.write(**SITE).stdout
    process = play.start()
    for _attempt in range(300):
        if process.poll() is not None:
            raise AssertionError(process.communicate()[1])
        with contextlib.suppress(OSError):
            play.get("/api/health")
            break
        time.sleep(0.1)
    yield Site(play, said)
    process.terminate()
    process.communicate()


def mode(path: Path) -> int:
    """Return who may do what with a file."""
    return stat.S_IMODE(path.stat().st_mode)


def test_it_shows_the_data_sources_and_the_dashboards(site: Site) -> None:
    play = site.play
    prometheus = play.get("/api/datasources/uid/prometheus")
    assert (prometheus["url"], prometheus["isDefault"], prometheus["readOnly"]) == ("https://10.0.0.9:9090", True, True)
    assert prometheus["jsonData"] == {"httpMethod": "POST", "timeInterval": "30s"}
    assert play.get("/api/datasources/uid/alertmanager")["url"] == "http://127.0.0.1:9093"
    assert play.get("/api/datasources/uid/logs")["url"] == "http://$host"
    jobs = play.get("/api/datasources/uid/job-database")
    assert (jobs["url"], jobs["user"], jobs["jsonData"]["database"]) == ("db:5432", "grafana_reader", "hpc_jobs")
    assert (jobs["jsonData"]["sslmode"], jobs["secureJsonFields"]) == ("verify-full", {"password": True})
    assert play.get("/api/dashboards/uid/slurm-overview")["meta"]["folderTitle"] == "Slurm"


def test_secrets_are_in_files_that_the_service_alone_can_read(site: Site) -> None:
    settings = site.play.settings
    key = (settings / "secrets/secret_key").read_text()
    assert len(key) == 43
    for secret in (PASSWORD, "0idc", DATABASE_PASSWORD, key):
        assert secret not in site.said
    found = {path.name: mode(path) for path in (settings / "secrets").iterdir()}
    assert found == {"admin_password": 0o640, "secret_key": 0o640, "oidc": 0o640}
    assert mode(settings / "secrets") == mode(settings / "provisioning/datasources") == 0o750
    assert (
        mode(settings / "provisioning/datasources/slurm-observability.yml") == mode(settings / "grafana.ini") == 0o640
    )


def test_a_second_run_changes_nothing(site: Site) -> None:
    assert "changed=0" in site.play.write(**SITE).stdout


def test_a_changed_password_reaches_the_database(site: Site) -> None:
    play = site.play
    assert "changed=0" in play.run("password").stdout
    changed = play.run("password", flags=("-vvv",), grafana_admin_password="another one")
    assert changed.returncode == 0 and "changed=1" in changed.stdout, changed.stdout
    assert "another one" not in changed.stdout
    with pytest.raises(urllib.error.HTTPError, match="401"):
        play.get("/api/user")
    assert play.get("/api/user", "another one")["login"] == "admin"

    refused = play.run("password", grafana_admin_user="root")
    assert "rename the administrator in Grafana" in " ".join(refused.stdout.split())
    assert play.get("/api/user")["login"] == "admin"


def test_what_is_no_longer_wanted_goes(play: Play) -> None:
    (play.dashboards / "node-metrics.json").write_text(json.dumps({**DASHBOARD, "uid": "node-metrics"}))
    shown = play.data / "slurm-observability"
    play.write(**SITE)
    assert {path.name for path in shown.iterdir()} == {"slurm-overview.json", "node-metrics.json"}
    key = (play.settings / "secrets/secret_key").read_text()
    play.write(grafana_dashboards_excluded=["node-metrics", "slurm-overview"])
    assert not list(shown.iterdir())
    assert not (play.settings / "secrets/oidc").exists()
    assert (play.settings / "secrets/secret_key").read_text() == key, "it is made once"
    play.write(grafana_provisioning_method="api")
    assert not list(play.settings.glob("provisioning/*/slurm-observability.yml"))


def test_a_missing_password_is_refused_before_anything_is_changed(play: Play) -> None:
    refused = play.run("main", grafana_admin_password="")
    assert refused.returncode != 0 and "changed=0" in refused.stdout
    assert "there is no password for admin; set grafana_admin_password" in " ".join(refused.stdout.split())
    assert not play.settings.exists()
    checked = play.run("main", grafana_phase=[])
    assert checked.returncode == 0 and "changed=0" in checked.stdout, checked.stdout


def test_a_grafana_elsewhere_is_filled_over_its_api_and_emptied(play: Play) -> None:
    with GrafanaStandIn() as elsewhere:
        there = {
            **{"grafana_api_url": elsewhere.url, "grafana_api_token": TOKEN, "grafana_azure_monitor": AZURE},
            **{"grafana_job_database": POSTGRES, "grafana_job_database_password": DATABASE_PASSWORD, **REACHED},
        }
        checked = play.run("main", flags=("--check",), **there)
        assert checked.returncode == 0 and not elsewhere.writes, checked.stdout
        first = play.run("main", flags=("-vvv", "--diff"), **there)
        assert first.returncode == 0, first.stdout
        assert not [secret for secret in (TOKEN, DATABASE_PASSWORD) if secret in first.stdout]
        organisation = elsewhere.organisation
        assert set(organisation.datasources) == {"prometheus", "alertmanager", "azure-monitor", "job-database"}
        assert organisation.datasources["job-database"].secrets == {"password": DATABASE_PASSWORD}
        assert not any(one.settings["isDefault"] for one in organisation.datasources.values())
        azure = organisation.datasources["azure-monitor"].settings["jsonData"]
        assert azure == {"azureAuthType": "msi", "cloudName": "govazuremonitor", "subscriptionId": "0-1"}
        assert organisation.dashboards["slurm-overview"].folder_uid == "slurm-observability"
        organisation.datasources["prometheus"].settings["isDefault"] = True
        assert "changed=0" in play.run("main", **there).stdout
        assert organisation.datasources["prometheus"].settings["isDefault"], "people chose it"
        assert not play.settings.exists(), "nothing is written here"

        (play.dashboards / "slurm-overview.json").write_text(json.dumps({**DASHBOARD, "uid": "another"}))
        assert play.run("main", **there).returncode == 0
        assert set(organisation.dashboards) == {"another"}, "what is no longer shipped goes"

        there["grafana_job_database_password"] = "a new one"
        assert play.run("main", grafana_update_datasource_secrets=True, **there).returncode == 0
        assert organisation.datasources["job-database"].secrets == {"password": "a new one"}

        for flags in (("--check",), ()):
            removed = play.run("main", flags=flags, grafana_state="absent", **there)
            assert removed.returncode == 0, removed.stdout
        assert not (organisation.datasources or organisation.dashboards or organisation.folders)


def test_what_people_made_elsewhere_stays(play: Play) -> None:
    with GrafanaStandIn() as elsewhere:
        there = {"grafana_api_url": elsewhere.url, "grafana_api_token": TOKEN, **REACHED}
        assert play.run("main", **there).returncode == 0
        dashboards = elsewhere.organisation.dashboards
        dashboards["copy"] = Dashboard(1, "copy", DASHBOARD, "")
        dashboards["theirs"] = Dashboard(2, "theirs", {**DASHBOARD, "tags": []}, "slurm-observability")
        dashboards["left-out"] = Dashboard(3, "left-out", DASHBOARD, "slurm-observability")
        assert "changed=1" in play.run("main", **there).stdout
        assert set(dashboards) == {"slurm-overview", "copy", "theirs"}

        dashboards["left-out"] = Dashboard(3, "left-out", DASHBOARD, "slurm-observability")
        for changed in (True, False):
            removed = play.run("main", grafana_state="absent", **there)
            assert removed.returncode == 0 and ("changed=0" not in removed.stdout) == changed, removed.stdout
        assert set(dashboards) == {"copy", "theirs"}
        assert set(elsewhere.organisation.folders) == {"slurm-observability"}, "there is something in it"
        assert not elsewhere.organisation.datasources


def test_hosts_that_have_one_database_do_not_get_in_each_others_way(play: Play) -> None:
    with GrafanaStandIn() as elsewhere:
        there = {"grafana_api_url": elsewhere.url, "grafana_api_token": TOKEN, **REACHED}
        elsewhere.faults.before_write = lambda: time.sleep(
            5
        )  # long enough for the other host to come to the same place
        done = play.run("main", on="localhost:watch", **there)
        assert done.returncode == 0, done.stdout
        assert len(elsewhere.writes) == 4, "two data sources, a folder and a dashboard, each made once"


def test_the_stand_in_ends_with_a_key_that_grafana_does_not_know(tmp_path: Path) -> None:
    ini = tmp_path / "grafana.ini"
    ini.write_text("[users]\nalow_sign_up = true\n")
    with pytest.raises(SettingsError, match=r"\[users\] alow_sign_up is not known"):
        Settings(ini)
