"""Every machine of the cluster runs node_exporter, laid out as the installation specification has it."""

from __future__ import annotations

from testinfra.host import Host

testinfra_hosts = ["ansible://slurm_cluster"]


def test_node_exporter_runs_unprivileged(host: Host) -> None:
    assert host.service("node_exporter").is_running
    assert host.service("node_exporter").is_enabled
    assert host.process.get(comm="node_exporter").user == "node_exporter"
    assert host.socket("tcp://0.0.0.0:9100").is_listening


def test_the_program_is_root_s_and_linked(host: Host) -> None:
    link = host.file("/usr/local/bin/node_exporter")
    assert link.linked_to.startswith("/opt/node_exporter-")
    assert host.file(link.linked_to).user == "root"
    assert host.file("/opt/node_exporter").is_symlink


def test_the_job_agent_runs_unprivileged(host: Host) -> None:
    assert host.service("job-agent").is_running
    assert host.service("job-agent").is_enabled
    main_process = host.service("job-agent").systemd_properties["MainPID"]
    assert host.check_output("ps -o user= -p %s", main_process) == "job_agent"
    assert host.run("curl --silent --fail http://localhost:9501/-/healthy").succeeded


def test_only_the_agent_reads_its_token(host: Host) -> None:
    file = host.file("/etc/job-agent/token")
    assert (file.user, file.group, file.mode) == ("root", "job_agent", 0o640)


def test_no_unit_has_failed(host: Host) -> None:
    assert host.check_output("systemctl list-units --failed --no-legend --plain") == ""
