"""Two nodes with GPUs, as their exporters show them to Prometheus, in the notation of promtool's tests.

Job 7 runs on both nodes, job 8 holds a GPU and does nothing. All that can be wrong is wrong: n2 is drained and slow,
GPUs threw XID 79, links fail, and checks do not pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

# One each 30 s: a GPU counts as idle after half an hour.
SAMPLES = 90
END = "45m"

_SLURM = {"job": "slurm", "instance": "head"}
_GAUGES = {
    "GPU_UTIL": 90,
    "MEM_COPY_UTIL": 40,
    "FB_USED": 40000,
    "FB_FREE": 40000,
    "FB_RESERVED": 500,
    "SM_CLOCK": 1700,
    "MEM_CLOCK": 2600,
    "GPU_TEMP": 60,
    "MEMORY_TEMP": 70,
    "POWER_USAGE": 600,
    "ENFORCED_POWER_LIMIT": 700,
    "POWER_MGMT_LIMIT_DEF": 700,
    "CLOCKS_EVENT_REASONS": 64,
    "ECC_DBE_VOL_TOTAL": 1,
    "ECC_SBE_VOL_TOTAL": 5,
    "UNCORRECTABLE_REMAPPED_ROWS": 1,
    "CORRECTABLE_REMAPPED_ROWS": 1,
    "ROW_REMAP_PENDING": 1,
    "ROW_REMAP_FAILURE": 0,
    "PCIE_REPLAY_COUNTER": 0,
    "PCIE_LINK_WIDTH": 8,
    "PCIE_MAX_LINK_WIDTH": 16,
    "NVLINK_COUNT_EFFECTIVE_BER_FLOAT": 0.00001,
}
_PROFILING = (
    "GR_ENGINE_ACTIVE",
    "SM_ACTIVE",
    "PIPE_TENSOR_ACTIVE",
    "DRAM_ACTIVE",
    "NVLINK_TX_BYTES",
    "NVLINK_RX_BYTES",
)
_COUNTERS = (
    "TOTAL_ENERGY_CONSUMPTION",
    "THERMAL_VIOLATION",
    "POWER_VIOLATION",
    "NVLINK_CRC_FLIT_ERROR_COUNT_TOTAL",
    "NVLINK_RECOVERY_ERROR_COUNT_TOTAL",
)
_INFINIBAND = (
    "link_downed_total",
    "port_data_received_bytes_total",
    "port_data_transmitted_bytes_total",
    "port_transmit_wait_total",
    "port_errors_received_total",
    "port_discards_transmitted_total",
    "symbol_error_total",
)
_OF_JOBS = {
    "runtime_seconds": 100,
    "cpu_usage_percent": 150,
    "memory_working_set_bytes": 3,
    "memory_limit_bytes": 9,
}
_COUNTED_OF_JOBS = (
    "oom_kills",
    "io_read_bytes",
    "io_write_bytes",
    *(f"{of}_pressure_seconds" for of in ("cpu", "memory", "io")),
)


def series() -> Iterator[dict[str, str]]:
    """Yield the series."""
    for node in ("n1", "n2"):
        yield from _gpus(node)
        yield from _host(node)
        yield from _infiniband(node)
        yield from _checks(node)
        yield from _job_on_node(node)
        yield from _slurm_of_node(node)
    yield from _job_as_slurm_counts()
    yield from _slurm()


def _gpus(node: str) -> Iterator[dict[str, str]]:
    yield _gauge("up", _target("dcgm_exporter", node), 1)
    for gpu, job in enumerate({"n1": ("7", "8"), "n2": ("7", "")}[node]):
        place = {"gpu": str(gpu), "UUID": f"GPU-{node}-{gpu}", "pci_bus_id": f"0:{gpu}", "modelName": "H100"}
        labels = {**_target("dcgm_exporter", node), **place, "hpc_job": job}
        # Job 8 is idle, n2 at half the pace.
        pace = 0 if job != "7" else 1 if node == "n1" else 0.5
        for name, value in _GAUGES.items():
            yield _gauge(f"DCGM_FI_DEV_{name}", labels, value * (pace if name == "GPU_UTIL" else 1))
        for name in _PROFILING:
            yield _gauge(f"DCGM_FI_PROF_{name}", labels, pace * 0.8)
        for name in _COUNTERS:
            yield _counter(f"DCGM_FI_DEV_{name}", labels)
        yield _gauge("DCGM_FI_DEV_XID_ERRORS", {**labels, "err_code": "79"}, 79)
        yield _gauge("DCGM_EXP_XID_ERRORS_COUNT", {**labels, "xid": "79"}, 1)
        watch = {"health_watch": "ALL", "health_error_code": "DCGM_FR_XID_ERROR"}
        yield _gauge("DCGM_EXP_GPU_HEALTH_STATUS", {**labels, **watch}, 20)


def _host(node: str) -> Iterator[dict[str, str]]:
    host = _target("node_exporter", node)
    for name in ("up", "node_uname_info", "node_boot_time_seconds", "node_load1"):
        yield _gauge(name, host, 1)
    for name in ("MemAvailable", "MemTotal", "Cached"):
        yield _gauge(f"node_memory_{name}_bytes", host, 5e9)
    for mode in ("idle", "user"):
        yield _counter("node_cpu_seconds_total", {**host, "cpu": "0", "mode": mode})
    for of in ("cpu", "memory", "io"):
        yield _counter(f"node_pressure_{of}_waiting_seconds_total", host)
    for way in ("read", "written"):
        yield _counter(f"node_disk_{way}_bytes_total", {**host, "device": "sda"})
    for name in ("avail", "size"):
        yield _gauge(f"node_filesystem_{name}_bytes", {**host, "fstype": "ext4", "mountpoint": "/"}, 7)
    for way in ("receive", "transmit"):
        for what in ("bytes", "errs", "drop"):
            yield _counter(f"node_network_{way}_{what}_total", {**host, "device": "eth0"})
    yield _counter("node_nfs_requests_total", {**host, "method": "Read", "proto": "4"})
    yield _counter("node_nfs_rpc_retransmissions_total", host)


def _infiniband(node: str) -> Iterator[dict[str, str]]:
    port = {**_target("node_exporter", node), "device": "mlx5_0", "port": "1"}
    yield _gauge("node_infiniband_state_id", port, 4 if node == "n1" else 1)
    for name in _INFINIBAND:
        yield _counter(f"node_infiniband_{name}", port)


def _checks(node: str) -> Iterator[dict[str, str]]:
    host = _target("node_exporter", node)
    check = {"source": "dcgm", "module": "gpu", "check": "pcie"}
    yield _gauge("node_health_check_status", {**host, **check}, 0 if node == "n1" else 2)
    active = {**host, "check": "nccl_all_reduce"}
    for name, value in {"success": 0, "timestamp_seconds": 5}.items():
        yield _gauge(f"node_active_check_{name}", active, value)
    for name, value in {"value": 200, "minimum_value": 460}.items():
        yield _gauge(f"node_active_check_{name}", {**active, "unit": "GB/s"}, value)
    yield _counter("slurm_health_hook_actions_total", {**host, "action": "drain"})


def _job_on_node(node: str) -> Iterator[dict[str, str]]:
    job = {**_target("job_agent", node), "exported_node": node, "job_id": "7", "user": "ada"}
    for name, value in _OF_JOBS.items():
        yield _gauge(f"hpc_job_{name}", job, value)
    for name in _COUNTED_OF_JOBS:
        yield _counter(f"hpc_job_{name}_total", job)


def _job_as_slurm_counts() -> Iterator[dict[str, str]]:
    job = {**_target("job_observability", "head"), "job_id": "7", "user": "ada", "source": "sstat"}
    for name in ("cpu_seconds", "memory_bytes"):
        yield _gauge(f"hpc_job_slurm_{name}", job, 5)


def _slurm_of_node(node: str) -> Iterator[dict[str, str]]:
    of_node = {**_SLURM, "node": node}
    for name, value in {"down": 0, "drain": 1, "gpus": 3}.items():
        yield _gauge(f"slurm_node_{name}", of_node, value)
    yield _gauge("slurm_node_state", {**of_node, "state": "mixed"}, 1)
    yield _gauge("slurm_node_job", {**of_node, "job_id": "7"}, 1)
    yield _gauge("slurm_node_reason_info", {**of_node, "reason": "[observability] pcie", "user": "root"}, 1)
    yield _gauge("slurm_node_reason_set_timestamp_seconds", of_node, 5)


def _slurm() -> Iterator[dict[str, str]]:
    for job in ("7", "8"):
        of_job = {
            "job_id": job,
            "username": "ada",
            "account": "physics",
            "partition": "gpu",
            "qos": "normal",
            "name": "train",
        }
        yield _gauge("slurm_job_info", {**_SLURM, **of_job}, 1)
        # The other exporter asked Slurm before somebody changed the job.
        yield _gauge(
            "slurm_job_info", {**_SLURM, **of_job, "instance": "standby", "name": "test", "account": "chem"}, 1
        )
    in_partition = {**_SLURM, "partition": "gpu"}
    for name in ("nodes", "gpus_drain", "gpus_down"):
        yield _gauge(f"slurm_partition_{name}", in_partition, 1)
    for name in ("used", "allocated"):
        yield _counter(f"slurm_job_cpu_{name}_seconds_total", in_partition)
    # Made from prometheus_xid_policy where Prometheus runs.
    yield _gauge(
        "gpu:xid:policy", {"xid": "79", "severity": "critical", "action": "reboot", "meaning": "off the bus"}, 1
    )


def _target(job: str, node: str) -> dict[str, str]:
    return {"job": job, "instance": node, "node": node, "partition": "gpu"}


def _gauge(name: str, labels: Mapping[str, str], value: float) -> dict[str, str]:
    return _written(name, labels, f"{value}x{SAMPLES}")


def _counter(name: str, labels: Mapping[str, str]) -> dict[str, str]:
    return _written(name, labels, f"0+3x{SAMPLES}")


def _written(name: str, labels: Mapping[str, str], values: str) -> dict[str, str]:
    pairs = ",".join(f'{label}="{value}"' for label, value in labels.items() if value)
    return {"series": f"{name}{{{pairs}}}", "values": values}
