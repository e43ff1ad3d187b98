"""The controller runs the watching side of the stack."""

from __future__ import annotations

import pytest
from testinfra.host import Host

testinfra_hosts = ["ansible://slurm_controller"]


@pytest.mark.parametrize(
    ("unit", "user"),
    [
        ("prometheus", "prometheus"),
        ("alertmanager", "alertmanager"),
        ("grafana-server", "grafana"),
        ("azslurm-exporter", "slurm"),
        ("job-observability", "job_observability"),
        ("job-agent", "job_agent"),
    ],
)
def test_the_service_runs_as_its_user_and_starts_at_boot(host: Host, unit: str, user: str) -> None:
    service = host.service(unit)
    assert service.is_running
    assert service.is_enabled
    main_process = service.systemd_properties["MainPID"]
    assert host.check_output("ps -o user= -p %s", main_process) == user


@pytest.mark.parametrize("port", [9090, 9093, 9500, 9501])
def test_the_port_answers(host: Host, port: int) -> None:
    assert host.check_output("curl --silent --show-error --fail http://localhost:%s/-/healthy", str(port))


def test_the_job_service_answers_and_asks_for_a_token(host: Host) -> None:
    assert '"ok"' in host.check_output("curl --silent --show-error --fail http://localhost:8080/v1/health")
    status = "curl --silent --output /dev/null --write-out '%{http_code}' http://localhost:8080/v1/jobs"
    assert host.check_output(status) == "401"


@pytest.mark.parametrize("name", ["agent", "reader"])
def test_only_root_reads_the_tokens(host: Host, name: str) -> None:
    file = host.file(f"/etc/job-observability/{name}.token")
    assert (file.user, file.mode) == ("root", 0o600)
    assert file.content_string not in host.file("/etc/job-observability/tokens.yml").content_string


@pytest.mark.parametrize(
    "path", ["/etc/prometheus/prometheus.yml", "/etc/alertmanager/alertmanager.yml", "/etc/grafana/grafana.ini"]
)
def test_a_configuration_that_may_hold_secrets_is_not_for_everybody(host: Host, path: str) -> None:
    file = host.file(path)
    assert file.user == "root"
    assert file.mode == 0o640


@pytest.mark.parametrize("name", ["admin_password", "secret_key"])
def test_only_grafana_reads_its_secrets(host: Host, name: str) -> None:
    file = host.file(f"/etc/grafana/secrets/{name}")
    assert (file.user, file.group, file.mode) == ("root", "grafana", 0o640)
    assert file.content_string.strip() not in host.file("/etc/grafana/grafana.ini").content_string


def test_grafana_answers_and_asks_for_a_password(host: Host) -> None:
    assert '"ok"' in host.check_output("curl --silent --show-error --fail http://localhost:3000/api/health")
    status = "curl --silent --output /dev/null --write-out '%{http_code}' http://localhost:3000/api/user"
    assert host.check_output(status) == "401"


def test_prometheus_own_tool_accepts_the_configuration(host: Host) -> None:
    assert "SUCCESS" in host.check_output("promtool check config /etc/prometheus/prometheus.yml")


@pytest.mark.parametrize("program", ["prometheus", "promtool", "alertmanager", "amtool"])
def test_programs_are_linked_into_the_path(host: Host, program: str) -> None:
    assert host.file(f"/usr/local/bin/{program}").linked_to.startswith("/opt/")


def test_the_exporter_is_where_the_specification_has_it(host: Host) -> None:
    assert host.run("/opt/azurehpc/slurm/venv/bin/azslurm-exporter --version").succeeded
    assert host.file("/opt/azurehpc/slurm/cluster_deploy_time").content_string.strip()
