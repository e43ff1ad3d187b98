"""One node: what Slurm says of it, who uses it, what it does, and what is wrong with it.

It has the uid of the installation specification's page of nodes.
"""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.builders.stat import Panel as Stat
from grafana_foundation_sdk.builders.statetimeline import Panel as StateTimeline
from grafana_foundation_sdk.builders.table import Panel as Table
from grafana_foundation_sdk.builders.timeseries import Panel as TimeSeries
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.common import BigValueTextMode

from .house import links, panels, problems, style, uids, variables
from .house.alerts import alert_table
from .house.board import Row, board
from .house.queries import Query, of_jobs
from .house.tables import Column, table

NODE = '{node="$node"}'
HARDWARE = 'device!~"lo|veth.*|docker.*|br-.*|virbr.*|tap.*"'
ON_DISK = 'fstype!~"tmpfs|ramfs|overlay|squashfs"'


def dashboard() -> Dashboard:
    """All that is known of one node, or of a controller or login node."""
    return board(
        "Node Metrics",
        uids.NODE,
        "One node: Slurm's state, its jobs and GPUs, CPU, memory, disks and network, and what is wrong with it.",
        variables=[variables.datasource(), variables.node()],
        rows=[
            Row("", _numbers()),
            Row("Slurm and health", [_jobs(), _reason(), _alerts(), _timeline(), _checks()]),
            Row("CPU and memory", [_cpu(), _memory(), _pressure(), _load()]),
            Row("GPUs", [_gpus(), _gpu_jobs(), _gpu_problems(), *_gpu_lines()]),
            Row("Disks and file systems", [_disks(), _file_systems(), _nfs()]),
            Row("Network", [_network(), _network_errors(), _infiniband()]),
        ],
    )


def _numbers() -> list[Stat]:
    return [
        panels.stat(
            "State",
            "Slurm's base state of the node. A host that is no node of Slurm's has none, and one without power.",
            units.Short,
            Query(f"max by (state) (slurm_node_state{NODE}) == 1", "{{state}}"),
        )
        .text_mode(BigValueTextMode.NAME)
        .no_value("none"),
        panels.stat(
            "Takes jobs",
            "Whether Slurm starts new jobs on it.",
            units.Short,
            Query(f"max(slurm_node_drain{NODE}) + max(slurm_node_down{NODE})", "kept from jobs"),
        )
        .mappings([style.names({"0": ("yes", style.GOOD), "1": ("no", style.BAD), "2": ("no", style.BAD)})])
        .no_value("not a node"),
        panels.stat(
            "Jobs here",
            "Jobs that run on the node.",
            units.Short,
            Query(f"count(max by (job_id) (slurm_node_job{NODE})) or vector(0)", "jobs"),
        ),
        panels.stat(
            "CPU busy",
            "CPU time that was not idle, in five minutes.",
            units.Percent,
            Query(f"max(job:node_cpu_usage:avg_rate5m{NODE})", "busy"),
        ),
        panels.stat(
            "Memory in use",
            "Memory that is not available to a new process.",
            units.PercentUnit,
            Query(
                f"1 - max(node_memory_MemAvailable_bytes{NODE}) / max(node_memory_MemTotal_bytes{NODE})",
                "used",
            ),
        ),
        panels.stat(
            "Uptime",
            "Time since the node booted.",
            units.Seconds,
            Query(f"time() - max(node_boot_time_seconds{NODE})", "uptime"),
        ),
    ]


def _jobs() -> Table:
    return table(
        "Jobs on the node",
        "Jobs that run there now.",
        [
            Query(
                f"max by (job_id) (slurm_node_job{NODE}) " + of_jobs("username", "account", "partition", "name"),
                "Runs",
            )
        ],
        [
            Column("job_id", "Job", link=links.JOB, width=110),
            Column("username", "User"),
            Column("account", "Account"),
            Column("partition", "Partition", link=links.QUEUE),
            Column("name", "Name"),
        ],
        width=12,
        height=6,
        no_value="no jobs",
    )


def _reason() -> Table:
    return table(
        "Why it is down or drained",
        "The reason, who gave it, and since when.",
        [
            Query(
                f"1000 * max by (node, reason, user) (slurm_node_reason_set_timestamp_seconds{NODE}"
                f" * on (instance, node) group_left (reason, user) slurm_node_reason_info{NODE})",
                "Since",
            )
        ],
        [
            Column("reason", "Reason"),
            Column("user", "Set by"),
            Column("Since", unit=units.DateTimeFromNow),
        ],
        width=6,
        height=6,
        no_value="nothing",
    )


def _alerts() -> Table:
    return alert_table(
        "Alerts about the node",
        "Alerts that fire now. docs/alerts says what to do about them.",
        lambda firing: f'ALERTS{{{firing},node="$node"}}',
        [Column("gpu", "GPU", width=60)],
        width=6,
        height=6,
    )


def _timeline() -> StateTimeline:
    return panels.statetimeline(
        "Health over time",
        "When Slurm called the node down or drained, when its exporter was silent, and which alerts fired.",
        units.Short,
        Query(f"max(slurm_node_down{NODE})", "down"),
        Query(f"max(slurm_node_drain{NODE})", "drained"),
        Query('1 - min(up{job="node_exporter",node="$node"})', "node_exporter silent"),
        Query(
            'max by (alertname) (ALERTS{alertstate="firing",node="$node"})'
            ' or on () label_replace(vector(0), "alertname", "no alert", "", "")',
            "{{alertname}}",
        ),
    ).mappings([style.YES_IS_BAD])


def _checks() -> StateTimeline:
    return panels.statetimeline(
        "Health checks",
        "What the health checkers of the node said: healthagent, NHC, DCGM or a script of the site.",
        units.Short,
        Query(
            f"max by (source, module, check) (node_health_check_status{NODE})"
            ' or on () label_replace(vector(-1), "source", "no checker", "", "")',
            "{{source}} {{module}} {{check}}",
        ),
        link=links.Link("Health checks", uids.HEALTH_CHECKS),
    ).mappings([problems.CHECKED])


def _cpu() -> TimeSeries:
    return panels.timeseries(
        "CPU Usage",
        "CPU time by what it was spent on, of all CPUs of the node.",
        units.PercentUnit,
        Query(
            'avg by (mode) (rate(node_cpu_seconds_total{node="$node",mode!="idle"}[$__rate_interval]))',
            "{{mode}}",
        ),
        stacked=True,
    )


def _memory() -> TimeSeries:
    return panels.timeseries(
        "Memory Usage",
        "Memory that is not available to a new process, the page cache, and all there is.",
        units.BytesIEC,
        Query(f"max(node_memory_MemTotal_bytes{NODE}) - max(node_memory_MemAvailable_bytes{NODE})", "used"),
        Query(f"max(node_memory_Cached_bytes{NODE})", "page cache"),
        Query(f"max(node_memory_MemTotal_bytes{NODE})", "total"),
    )


def _pressure() -> TimeSeries:
    return panels.timeseries(
        "Pressure",
        "Part of the time in which some process waited for a CPU, for memory, or for a block device.",
        units.PercentUnit,
        *(
            Query(f"max(rate(node_pressure_{of}_waiting_seconds_total{NODE}[$__rate_interval]))", f"waits for {of}")
            for of in ("cpu", "memory", "io")
        ),
    )


def _load() -> TimeSeries:
    return panels.timeseries(
        "Load and CPUs",
        "Processes that run or wait, and the CPUs of the node.",
        units.Short,
        Query(f"max(node_load1{NODE})", "load, one minute"),
        Query('count(rate(node_cpu_seconds_total{node="$node",mode="idle"}[$__rate_interval]))', "CPUs"),
    )


def _gpus() -> Table:
    shown = {
        "Utilization": ("gpu:utilization:ratio", units.PercentUnit, None),
        "Memory": ("gpu:memory_used:ratio", units.PercentUnit, None),
        "Temperature": ("gpu:temperature:celsius", units.Celsius, style.steps(style.GOOD, (85, style.NOTICE))),
        "Power": ("gpu:power:watts", units.Watt, None),
        "Last XID": ("gpu:xid:last", units.Short, style.ANY_IS_BAD),
    }
    return table(
        "GPUs of the node",
        "Each GPU now. The last XID stays until the driver is loaded again.",
        [Query(f"max by (gpu, modelName) ({series}{NODE})", title) for title, (series, _, _) in shown.items()],
        [
            Column("gpu", "GPU", width=60),
            Column("modelName", "Model"),
            *(Column(title, unit=unit, steps=steps) for title, (_, unit, steps) in shown.items()),
        ],
        width=16,
        no_value="no GPUs",
    )


def _gpu_jobs() -> Table:
    return table(
        "Who has the GPUs",
        "The jobs that hold GPUs of the node, and how much they use them. A GPU that two jobs share is in two rows.",
        [Query(f"max by (gpu, GPU_I_ID, job_id) (job_gpu:utilization:ratio{NODE})", "Utilization")],
        [
            Column("gpu", "GPU", width=60),
            Column("GPU_I_ID", "MIG"),
            Column("job_id", "Job", link=links.JOB),
            Column("Utilization", unit=units.PercentUnit),
        ],
        width=8,
        no_value="no job holds a GPU",
    )


def _gpu_problems() -> StateTimeline:
    return problems.of_gpus("Problems of its GPUs", "XIDs, throttling, memory and link errors.", NODE)


def _gpu_lines() -> list[TimeSeries]:
    lines = {
        "GPU utilization": ("gpu:utilization:ratio", units.PercentUnit, "Time in which something ran on the GPU."),
        "GPU memory used": ("gpu:memory_used:ratio", units.PercentUnit, "Memory of the GPU that is used."),
        "GPU temperature": ("gpu:temperature:celsius", units.Celsius, "Temperature of the GPU."),
        "GPU power": ("gpu:power:watts", units.Watt, "Power that the GPU takes."),
        "SM clock": ("gpu:sm_clock:hertz", units.Hertz, "Clock of the GPU's processors."),
        "SM activity": ("gpu:sm_active:ratio", units.PercentUnit, "SMs that worked: profiling only."),
    }
    return [
        panels.timeseries(
            title, description, unit, Query(f"max by (gpu) ({series}{NODE})", "GPU {{gpu}}"), width=8
        ).min(0)
        for title, (series, unit, description) in lines.items()
    ]


def _disks() -> TimeSeries:
    return panels.timeseries(
        "Disks",
        "Bytes read and written, by block device.",
        units.BytesPerSecondSI,
        Query(f"max by (device) (rate(node_disk_read_bytes_total{NODE}[$__rate_interval]))", "{{device}} read"),
        Query(f"max by (device) (rate(node_disk_written_bytes_total{NODE}[$__rate_interval]))", "{{device}} written"),
    )


def _file_systems() -> TimeSeries:
    here = f'{{node="$node",{ON_DISK}}}'
    return panels.timeseries(
        "File systems",
        "How full they are.",
        units.PercentUnit,
        Query(
            f"1 - max by (mountpoint) (node_filesystem_avail_bytes{here})"
            f" / max by (mountpoint) (node_filesystem_size_bytes{here})",
            "{{mountpoint}}",
        ),
    ).max(1)


def _nfs() -> TimeSeries:
    return panels.timeseries(
        "NFS operations",
        "Operations that the node asks of NFS servers, by kind, and RPCs that had to be sent again.",
        units.OpsPerSecond,
        Query(f"sum by (method) (rate(node_nfs_requests_total{NODE}[$__rate_interval])) > 0", "{{method}}"),
        Query(f"sum(rate(node_nfs_rpc_retransmissions_total{NODE}[$__rate_interval]))", "sent again"),
        width=24,
    ).no_value("no NFS")


def _network() -> TimeSeries:
    here = f'{{node="$node",{HARDWARE}}}'
    return panels.timeseries(
        "Network",
        "Bytes by interface.",
        units.BytesPerSecondSI,
        Query(
            f"max by (device) (rate(node_network_receive_bytes_total{here}[$__rate_interval]))", "{{device}} received"
        ),
        Query(f"max by (device) (rate(node_network_transmit_bytes_total{here}[$__rate_interval]))", "{{device}} sent"),
    )


def _network_errors() -> TimeSeries:
    here = f'{{node="$node",{HARDWARE}}}'
    return panels.timeseries(
        "Network errors",
        "Packets with errors and packets that were dropped, by interface.",
        units.PacketsPerSecond,
        Query(
            f"max by (device) (rate(node_network_receive_errs_total{here}[$__rate_interval])"
            f" + rate(node_network_transmit_errs_total{here}[$__rate_interval]))",
            "{{device}} errors",
        ),
        Query(
            f"max by (device) (rate(node_network_receive_drop_total{here}[$__rate_interval])"
            f" + rate(node_network_transmit_drop_total{here}[$__rate_interval]))",
            "{{device}} dropped",
        ),
    )


def _infiniband() -> TimeSeries:
    return panels.timeseries(
        "InfiniBand",
        "Bytes over all ports of the node.",
        units.BytesPerSecondSI,
        Query(f"max(node:infiniband_transmit:bytes_per_second{NODE})", "sent"),
        Query(f"max(node:infiniband_receive:bytes_per_second{NODE})", "received"),
        width=24,
        link=links.Link("Fabric", uids.FABRIC),
    ).no_value("no InfiniBand")
