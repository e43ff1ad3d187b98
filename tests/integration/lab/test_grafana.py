"""Grafana as the role leaves it, over the stand-in of lab/grafana.py: what it shows, who gets in, what a backup has.

Runs the role again with other variables, and at the end with the lab's own.
"""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from tests.integration.lab.support import ROOT, Lab, Prometheus, wait_until

Run = Callable[[dict[str, Any]], subprocess.CompletedProcess[str]]
ROLES = [{"hosts": "slurm_controller", "gather_facts": False, "become": True, "roles": ["slurm.observability.grafana"]}]
SITE = {**yaml.safe_load((ROOT / "molecule/default/vars/site.yml").read_text()), "grafana_phase": ["configure"]}


@pytest.fixture(scope="module")
def inventory(lab: Lab) -> dict[str, Any]:
    return dict(yaml.safe_load(lab.lab("inventory")))


@pytest.fixture(scope="module")
def run(inventory: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Run the role with variables beyond the lab's; at the end with the lab's alone."""
    directory = tmp_path_factory.mktemp("grafana")
    (directory / "hosts.yml").write_text(yaml.safe_dump(inventory))
    (directory / "play.yml").write_text(yaml.safe_dump(ROLES))

    def play(variables: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        command = ["ansible-playbook", "-i", str(directory / "hosts.yml"), str(directory / "play.yml")]
        command += ["-e", json.dumps({**SITE, **variables})]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)

    yield play
    done = play({})
    assert done.returncode == 0, done.stdout


def ask(lab: Lab, path: str, password: str) -> Any:
    """Return what Grafana answers its administrator, who signs in as curl does from a file."""
    url = shlex.quote(f"http://localhost:3000{path}")
    line = f"curl --silent --config - {url} <<< 'user = \"admin:{password}\"'"
    return json.loads(lab.run("head", f"bash -c {shlex.quote(line)}"))


@pytest.fixture(scope="module")
def password(inventory: dict[str, Any]) -> str:
    return str(inventory["all"]["vars"]["grafana_admin_password"])


def test_prometheus_scrapes_it(prometheus: Prometheus) -> None:
    wait_until("Prometheus scrapes Grafana", lambda: prometheus.health("grafana") == {"head": "up"}, 60)


def test_it_has_the_stack_as_data_sources_and_every_dashboard(lab: Lab, password: str) -> None:
    assert ask(lab, "/api/datasources/uid/prometheus", password)["url"] == "http://127.0.0.1:9090"
    assert ask(lab, "/api/datasources/uid/alertmanager", password)["url"] == "http://127.0.0.1:9093"
    files = (ROOT / "roles/grafana/files/dashboards").glob("*.json")
    without_data = {"slurm-jobs", "dstack"}
    shipped = {json.loads(path.read_text())["uid"] for path in files} - without_data
    found = ask(lab, "/api/search?type=dash-db&tag=slurm-observability", password)
    assert {hit["uid"] for hit in found} == shipped
    assert {hit["folderTitle"] for hit in found} <= {"Slurm"}


def test_a_changed_password_reaches_the_database_and_is_in_no_output(lab: Lab, run: Run, password: str) -> None:
    started = lab.run("head", "systemctl show grafana-server --property=ExecMainStartTimestampMonotonic")
    changed = run({"grafana_admin_password": "another $HOME one"})
    assert changed.returncode == 0, changed.stdout
    assert "another $HOME one" not in changed.stdout
    assert ask(lab, "/api/user", "another $HOME one")["login"] == "admin"
    assert "login" not in ask(lab, "/api/user", password)
    back = run({})
    assert back.returncode == 0, back.stdout
    assert ask(lab, "/api/user", password)["login"] == "admin"
    assert " changed=0 " in run({}).stdout
    after = lab.run("head", "systemctl show grafana-server --property=ExecMainStartTimestampMonotonic")
    assert after == started, "nobody is cut off for it"


def test_a_backup_is_for_its_owner_alone(lab: Lab) -> None:
    lab.run("head", "systemctl start grafana-backup")
    newest = lab.run("head", "ls /var/backups/grafana/grafana-*.tar.gz | tail -1").strip()
    assert lab.run("head", f"stat -c '%U %a' {newest}").split() == ["grafana", "600"]
    names = lab.run("head", f"tar -tzf {newest}").split()
    assert {"grafana.db", "grafana/grafana.ini", "grafana/secrets/secret_key"} <= set(names)
    assert lab.run("head", "systemctl is-enabled grafana-backup.timer").strip() == "enabled"


def test_its_unit_is_closed(lab: Lab) -> None:
    shown = lab.run("head", "systemctl show grafana-server --property=FragmentPath,ProtectSystem,NoNewPrivileges")
    assert set(shown.split()) == {
        "FragmentPath=/etc/systemd/system/grafana-server.service",
        "ProtectSystem=strict",
        "NoNewPrivileges=yes",
    }
