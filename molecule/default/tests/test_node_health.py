"""The compute nodes ask their health checkers, and node_exporter shows what these say."""

from __future__ import annotations

from testinfra.host import Host

testinfra_hosts = ["ansible://slurm_gpu"]


def test_the_checkers_are_asked_again_and_again(host: Host) -> None:
    timer = host.service("node-health.timer")
    assert timer.is_running
    assert timer.is_enabled


def test_node_exporter_may_read_what_they_say(host: Host) -> None:
    metrics = host.file("/var/lib/node_exporter/textfile_collector/node_health.prom")
    assert (metrics.user, metrics.mode) == ("root", 0o644)
    assert metrics.contains("TYPE node_health_check_status gauge")


def test_slurm_runs_no_hook_that_nobody_asked_for(host: Host) -> None:
    assert not host.file("/usr/local/lib/slurm-observability/node-health-hook").exists
