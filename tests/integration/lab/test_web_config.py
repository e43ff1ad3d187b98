"""An exporter behind TLS and passwords, on another port and with metrics of the site: Prometheus follows.

Runs the roles again with other variables, and at the end with the lab's own.
"""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import bcrypt
import pytest
import yaml

from tests.integration.lab.support import ROOT, Lab, Prometheus, wait_until
from tests.unit.programs.exporter.certificates import Authority

PASSWORD = "open sesame"
CERTIFICATES = "/etc/lab-certificates"
ASK = (
    f"curl --silent --cacert {CERTIFICATES}/ca.crt --output /dev/null --write-out '%{{http_code}}' "
    "https://127.0.0.1:9600/-/healthy"
)
SITE = {
    **yaml.safe_load((ROOT / "molecule/default/vars/site.yml").read_text()),
    "slurm_exporter_phase": ["configure"],  # all is installed
    "prometheus_phase": ["configure"],
}
ROLES = [
    {
        "hosts": "slurm_controller",
        "gather_facts": False,
        "become": True,
        "roles": ["slurm.observability.slurm_exporter", "slurm.observability.prometheus"],
    }
]
GUARDED = {
    "slurm_exporter_listen_address": "[::]:9600",
    "slurm_exporter_web_config": {
        "tls_server_config": {
            "cert_file": f"{CERTIFICATES}/server.crt",
            "key_file": f"{CERTIFICATES}/server.key",
            "client_auth_type": "VerifyClientCertIfGiven",
            "client_ca_file": f"{CERTIFICATES}/ca.crt",
        },
        "basic_auth_users": {"prometheus": bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(10)).decode()},
    },
    "slurm_exporter_custom_metrics": [
        {
            "name": "site_partition_jobs",
            "description": 'Jobs of the partition, "by" state',
            "command": ["squeue"],
            "command_args": ["--noheader", "--partition={partition}", "--states={state}"],
            "parse_strategy": "COUNT_LINES",
            "states": ["RUNNING", "PENDING"],
        }
    ],
    "prometheus_scrape_settings": {
        "slurm": {
            "tls_config": {"ca_file": f"{CERTIFICATES}/ca.crt"},
            "basic_auth": {"username": "prometheus", "password": PASSWORD},
        }
    },
}

Run = Callable[[dict[str, object]], subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def run(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Run the roles with these variables beside those of the lab; at the end, with those of the lab alone."""
    directory = tmp_path_factory.mktemp("play")
    (directory / "inventory.yml").write_text(lab.lab("inventory"))
    (directory / "play.yml").write_text(yaml.safe_dump(ROLES))

    def play(variables: dict[str, object]) -> subprocess.CompletedProcess[str]:
        command = ["ansible-playbook", "-i", str(directory / "inventory.yml"), str(directory / "play.yml")]
        command += ["-e", json.dumps({**SITE, **variables})]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)

    yield play
    lab.run("head", f"rm -rf {CERTIFICATES}")
    done = play({})
    assert done.returncode == 0, done.stdout


def put_certificates(lab: Lab, directory: Path) -> None:
    """Give head a certificate of a new authority."""
    authority = Authority(directory, "ca")
    server = authority.sign("server")
    lines = [f"mkdir -p {CERTIFICATES}"]
    for path in (authority.certificate, server.certificate, server.key):
        content = base64.b64encode(path.read_bytes()).decode()
        lines.append(f"echo {content} | base64 -d > {CERTIFICATES}/{path.name}")
    lines.append(f"chgrp slurm {CERTIFICATES}/server.key; chmod 640 {CERTIFICATES}/server.key")
    lab.run("head", "; ".join(lines))


@pytest.fixture(scope="module")
def guarded(lab: Lab, run: Run, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The exporter behind TLS and passwords."""
    put_certificates(lab, tmp_path_factory.mktemp("certificates"))
    done = run(GUARDED)
    assert done.returncode == 0, done.stdout
    assert GUARDED["slurm_exporter_web_config"]["basic_auth_users"]["prometheus"] not in done.stdout


def main_process(lab: Lab) -> str:
    return lab.run("head", "systemctl show azslurm-exporter --property=MainPID,ActiveState,NRestarts")


@pytest.mark.usefixtures("guarded")
class TestGuarded:
    def test_who_has_no_password_gets_nothing(self, lab: Lab) -> None:
        assert lab.run("head", ASK) == "401"
        assert lab.run("head", f"{ASK} --user 'prometheus:{PASSWORD}'") == "200"
        assert lab.run("head", f"{ASK} --user 'prometheus:wrong'") == "401"
        assert lab.run("head", f"{ASK.replace('https', 'http')}") == "400"

    def test_prometheus_scrapes_it_and_discovers_through_it(self, prometheus: Prometheus) -> None:
        def health() -> dict[str, str]:
            targets = prometheus.get("targets")["activeTargets"]
            return {t["labels"]["instance"]: t["health"] for t in targets if t["labels"]["job"] == "slurm"}

        wait_until("Prometheus scrapes the exporter", lambda: health() == {"head": "up"}, 60)
        wait_until(
            "the site's metric is there",
            lambda: len(prometheus.get("query", query="site_partition_jobs")["result"]) == 4,
            90,
        )
        discovered = {
            target["labels"].get("node")
            for target in prometheus.get("targets")["activeTargets"]
            if target["scrapePool"] == "node_exporter"
        }
        assert {"node1", "node2"} <= discovered

    def test_a_second_run_changes_nothing(self, run: Run) -> None:
        done = run(GUARDED)
        assert (done.returncode, " changed=0 " in done.stdout) == (0, True), done.stdout

    def test_settings_that_are_no_good_stop_the_run_and_not_the_exporter(self, lab: Lab, run: Run) -> None:
        before = main_process(lab)
        broken = {**GUARDED["slurm_exporter_custom_metrics"][0], "name": "slurm_nodes"}
        done = run({**GUARDED, "slurm_exporter_custom_metrics": [broken]})
        assert done.returncode != 0
        words = " ".join(done.stdout.split())
        assert "custom-metrics.yml:2: slurm_nodes is the name of a metric of the exporter itself" in words
        assert main_process(lab) == before

    def test_the_passwords_are_not_for_everybody(self, lab: Lab) -> None:
        assert lab.run("head", "stat -c '%U %G %a' /etc/azslurm-exporter/web.yml").split() == ["root", "slurm", "640"]
