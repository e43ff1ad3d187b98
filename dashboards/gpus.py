"""GPU fleet: how busy the GPUs are, which are held and idle, and which node to look at.

It has the uid of the installation specification's page of GPUs.
"""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.builders.stat import Panel as Stat
from grafana_foundation_sdk.builders.table import Panel as Table
from grafana_foundation_sdk.builders.timeseries import Panel as TimeSeries
from grafana_foundation_sdk.models import units

from .house import links, panels, style, uids, variables
from .house.board import Row, board
from .house.queries import Query
from .house.tables import Column, table

HERE = f"{{{variables.IN_PARTITIONS}}}"
FULL = style.steps(style.OFF, (0.1, style.NEUTRAL), (0.5, style.GOOD))


def dashboard() -> Dashboard:
    """All GPUs of the partitions that were chosen."""
    return board(
        "GPU Monitoring",
        uids.GPUS,
        "How busy the GPUs are, what is held and idle, and which nodes have problems. Names of nodes lead on.",
        variables=[variables.datasource(), variables.partition()],
        rows=[
            Row("", _numbers()),
            Row("Use", [_utilization(), _memory(), _work(), _held()]),
            Row("Nodes", [_nodes()]),
            Row("Heat, power and links", [_temperature(), _power(), _nvlink(), _throttled()]),
        ],
    )


def _numbers() -> list[Stat]:
    return [
        panels.stat(
            "GPUs shown",
            "GPUs, or MIG instances, that nodes which are up show.",
            units.Short,
            Query(f"sum(node:gpus:count{HERE})", "GPUs"),
        ),
        panels.stat(
            "GPUs held",
            "GPUs that jobs hold, each once.",
            units.Short,
            Query(f"sum(partition:gpus_held:count{HERE}) or vector(0)", "held"),
            link=links.Link("Queue", uids.QUEUE),
        ),
        panels.stat(
            "Mean utilization",
            "Mean utilization of all GPUs, those that nobody holds too.",
            units.PercentUnit,
            Query(f"avg(node:gpu_utilization:ratio{HERE})", "utilization"),
        ),
        panels.stat(
            "GPUs held and idle",
            "GPUs that a job has held and not used for half an hour.",
            units.Short,
            Query(f"sum(partition:gpus_idle:count{HERE}) or vector(0)", "idle"),
            steps=style.ANY_IS_NOTICED,
            link=links.Link("Waste", uids.WASTE),
        ),
        panels.stat(
            "GPU problems",
            "GPUs with an XID, throttling, memory errors, a narrow link, or of which DCGM warns.",
            units.Short,
            Query(f"sum(node:gpus_with_problem:count{HERE}) or vector(0)", "GPUs"),
            steps=style.ANY_IS_BAD,
            link=links.Link("GPU health", uids.GPU_HEALTH),
        ),
        panels.stat(
            "Power now",
            "Power that all GPUs take.",
            units.Watt,
            Query(f"sum(node:gpu_power:watts{HERE})", "power"),
        ),
    ]


def _utilization() -> TimeSeries:
    return (
        panels.timeseries(
            "GPU Utilization",
            "Mean of each node's GPUs: half of the nodes are below the median, one in ten above the 90th percentile.",
            units.PercentUnit,
            Query(f"max(node:gpu_utilization:ratio{HERE})", "busiest node"),
            Query(f"quantile(0.9, node:gpu_utilization:ratio{HERE})", "90th percentile"),
            Query(f"quantile(0.5, node:gpu_utilization:ratio{HERE})", "median"),
            Query(f"min(node:gpu_utilization:ratio{HERE})", "idlest node"),
        )
        .min(0)
        .max(1)
    )


def _memory() -> TimeSeries:
    return (
        panels.timeseries(
            "GPU Memory Usage",
            "Memory used, of all GPUs of a node.",
            units.PercentUnit,
            Query(f"max(node:gpu_memory_used:ratio{HERE})", "fullest node"),
            Query(f"quantile(0.5, node:gpu_memory_used:ratio{HERE})", "median"),
            Query(f"min(node:gpu_memory_used:ratio{HERE})", "emptiest node"),
        )
        .min(0)
        .max(1)
    )


def _work() -> TimeSeries:
    return (
        panels.timeseries(
            "Work of SMs, tensor cores and memory",
            "Mean of all GPUs, by DCGM's profiling counters: absent where profiling is off or paused. Utilization says "
            "that something ran, these say how much of the GPU it used.",
            units.PercentUnit,
            Query(f"avg(node:gpu_sm_active:ratio{HERE})", "SM active"),
            Query(f"avg(node:gpu_tensor_active:ratio{HERE})", "tensor active"),
            Query(f"avg(node:gpu_dram_active:ratio{HERE})", "memory active"),
        )
        .min(0)
        .max(1)
    )


def _held() -> TimeSeries:
    return panels.timeseries(
        "GPUs held and idle over time",
        "GPUs that jobs hold, and of these the ones that nobody has used for half an hour.",
        units.Short,
        Query(f"sum(node:gpus:count{HERE})", "shown"),
        Query(f"sum(partition:gpus_held:count{HERE}) or vector(0)", "held by jobs"),
        Query(f"sum(partition:gpus_idle:count{HERE}) or vector(0)", "held and idle"),
    )


def _nodes() -> Table:
    shown = {
        "GPUs": ("node:gpus:count", units.Short, None),
        "Utilization": ("node:gpu_utilization:ratio", units.PercentUnit, FULL),
        "Memory": ("node:gpu_memory_used:ratio", units.PercentUnit, None),
        "Hottest": ("node:gpu_temperature:celsius_max", units.Celsius, style.steps(style.GOOD, (85, style.NOTICE))),
        "Power": ("node:gpu_power:watts", units.Watt, None),
        "Problems": ("node:gpus_with_problem:count", units.Short, style.ANY_IS_BAD),
    }
    return table(
        "Nodes with GPUs now",
        "A row for each node that is up: those with problems first.",
        [Query(f"max by (node, partition) ({series}{HERE})", title) for title, (series, _, _) in shown.items()],
        [
            Column("node", "Node", link=links.NODE),
            Column("partition", "Partitions"),
            *(Column(title, unit=unit, steps=steps) for title, (_, unit, steps) in shown.items()),
        ],
        height=12,
        sort_by="Problems",
    )


def _temperature() -> TimeSeries:
    return panels.timeseries(
        "Hottest GPU of nodes",
        "The hottest GPU of each node: the hottest of all, and the median of nodes.",
        units.Celsius,
        Query(f"max(node:gpu_temperature:celsius_max{HERE})", "hottest"),
        Query(f"quantile(0.5, node:gpu_temperature:celsius_max{HERE})", "median of nodes"),
    )


def _power() -> TimeSeries:
    return panels.timeseries(
        "Power and its limit",
        "Power of all GPUs, and what the driver lets them take.",
        units.Watt,
        Query(f"sum(node:gpu_power:watts{HERE})", "power"),
        Query(f"sum(node:gpu_power_limit:watts{HERE})", "limit"),
    )


def _nvlink() -> TimeSeries:
    return panels.timeseries(
        "NVLink traffic",
        "Bytes over NVLink, of all GPUs: profiling only.",
        units.BytesPerSecondSI,
        Query(f"sum(node:nvlink_transmit:bytes_per_second{HERE})", "sent"),
        Query(f"sum(node:nvlink_receive:bytes_per_second{HERE})", "received"),
        link=links.Link("Fabric", uids.FABRIC),
    )


def _throttled() -> TimeSeries:
    return (
        panels.timeseries(
            "Time throttled for heat and power",
            "Part of the time in which clocks were lowered: the worst node, and the mean of all.",
            units.PercentUnit,
            Query(f"max(node:gpu_throttled_for_heat:ratio{HERE})", "heat, worst node"),
            Query(f"avg(node:gpu_throttled_for_heat:ratio{HERE})", "heat, mean"),
            Query(f"max(node:gpu_throttled_for_power:ratio{HERE})", "power, worst node"),
            Query(f"avg(node:gpu_throttled_for_power:ratio{HERE})", "power, mean"),
            link=links.Link("GPU health", uids.GPU_HEALTH),
        )
        .min(0)
        .axis_soft_max(0.1)
    )
