"""The nodes with GPUs run dcgm-exporter, laid out as its role has it. In the lab it is a stand-in."""

from __future__ import annotations

from testinfra.host import Host

testinfra_hosts = ["ansible://slurm_gpu"]


def test_dcgm_exporter_runs_unprivileged_in_a_unit_of_ours(host: Host) -> None:
    service = host.service("nvidia-dcgm-exporter")
    assert service.is_running
    assert service.is_enabled
    assert service.systemd_properties["FragmentPath"] == "/etc/systemd/system/nvidia-dcgm-exporter.service"
    assert host.check_output("ps -o user= -p %s", service.systemd_properties["MainPID"]) == "dcgm_exporter"


def test_the_host_engine_runs(host: Host) -> None:
    assert host.service("nvidia-dcgm").is_running
    assert host.service("nvidia-dcgm").is_enabled


def test_it_asks_for_what_the_alerts_need(host: Host) -> None:
    metrics = host.check_output("curl --silent --show-error --fail http://localhost:9400/metrics")
    for field in ("DCGM_FI_DEV_XID_ERRORS", "DCGM_FI_DEV_ECC_DBE_VOL_TOTAL", "DCGM_FI_PROF_SM_ACTIVE"):
        assert f'{field}{{gpu="3",' in metrics
