"""What a container has none of: InfiniBand ports, of which one is down, NFS, and control groups of Slurm's jobs.

Names, labels and words are those of node_exporter 1.11, of job-agent and of the job service, in a file for the textfile
collector.
"""

from __future__ import annotations

_PORTS = (("mlx5_0", 4), ("mlx5_1", 1))  # state 4 is active, 1 down
_COUNTERS = (
    ("node_infiniband_port_data_received_bytes_total", "Number of data octets received on all links", 2 * 10**9),
    (
        "node_infiniband_port_data_transmitted_bytes_total",
        "Number of data octets transmitted on all links",
        1_000_000_000,
    ),
    ("node_infiniband_port_transmit_wait_total", "Number of ticks the port had data to send and could not", 500),
    ("node_infiniband_link_downed_total", "Number of times the link failed to recover from an error and went down", 1),
    ("node_infiniband_symbol_error_total", "Number of minor link errors detected on one or more physical lanes.", 1),
)
_JOB_GAUGES = (
    ("hpc_job_cpu_usage_percent", 180),
    ("hpc_job_memory_working_set_bytes", 3 * 2**30),
    ("hpc_job_memory_limit_bytes", 8 * 2**30),
)
_JOB_AS_SLURM_COUNTS = (
    ("hpc_job_slurm_cpu_seconds", 4000),
    ("hpc_job_slurm_memory_bytes", 2 * 2**30),
)
_JOB_COUNTERS = (
    ("hpc_job_cpu_pressure_seconds_total", 1),
    ("hpc_job_memory_pressure_seconds_total", 0.1),
    ("hpc_job_io_pressure_seconds_total", 0.5),
    ("hpc_job_io_read_bytes_total", 10**7),
    ("hpc_job_io_write_bytes_total", 10**8),
    ("hpc_job_oom_kills_total", 0),
)


def textfile(turn: int, job: str) -> str:
    """The file, with a job on the node; all counters have grown with each turn."""
    lines = ["# HELP node_infiniband_state_id State of the InfiniBand port (0: no change, 1: down, ...)"]
    lines.append("# TYPE node_infiniband_state_id gauge")
    lines += [f'node_infiniband_state_id{{device="{device}",port="1"}} {state}' for device, state in _PORTS]
    for name, meaning, step in _COUNTERS:
        lines += [f"# HELP {name} {meaning}", f"# TYPE {name} counter"]
        lines += [f'{name}{{device="{device}",port="1"}} {step * turn}' for device, _state in _PORTS]
    lines += [
        "# HELP node_nfs_requests_total Number of NFS procedures invoked.",
        "# TYPE node_nfs_requests_total counter",
        f'node_nfs_requests_total{{method="Read",proto="4"}} {1000 * turn}',
        "# HELP node_nfs_rpc_retransmissions_total Number of RPC transmissions performed.",
        "# TYPE node_nfs_rpc_retransmissions_total counter",
        f"node_nfs_rpc_retransmissions_total {turn}",
    ]
    for name, value in _JOB_GAUGES:
        lines += [f"# TYPE {name} gauge", f'{name}{{job_id="{job}"}} {value}']
    for name, value in _JOB_AS_SLURM_COUNTS:
        lines += [f"# TYPE {name} gauge", f'{name}{{job_id="{job}",source="sstat"}} {value}']
    for name, step in _JOB_COUNTERS:
        lines += [f"# TYPE {name} counter", f'{name}{{job_id="{job}"}} {step * turn}']
    return "\n".join(lines) + "\n"
