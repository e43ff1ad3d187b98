"""GPU health: what is wrong with which GPU, since when, and what was wrong with it before."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.builders.stat import Panel as Stat
from grafana_foundation_sdk.builders.table import Panel as Table
from grafana_foundation_sdk.builders.timeseries import Panel as TimeSeries
from grafana_foundation_sdk.models import units

from .house import links, panels, problems, style, uids, variables
from .house.board import Row, board
from .house.queries import Query
from .house.tables import Column, table

IN = variables.IN_PARTITIONS
HERE = f"{{{IN}}}"
# The policy is a table by XID; a code that it lacks keeps its row.
WITH_POLICY = "* on (xid) group_left (severity, meaning, action) gpu:xid:policy"


def dashboard() -> Dashboard:
    """Errors of GPUs in the partitions that were chosen."""
    return board(
        "GPU health",
        uids.GPU_HEALTH,
        "XIDs, memory errors, throttling, PCIe and NVLink errors of the GPUs, now and over time.",
        variables=[variables.datasource(), variables.partition()],
        rows=[
            Row("", _numbers()),
            Row(
                "What is wrong, and was",
                [_over_time(), _with_problems(), _now(), _last_xids()],
            ),
            Row("Throttling and heat", [_throttled(), _time_throttled(), _temperature(), _power()]),
            Row("Memory", [_memory_errors(), _ecc()]),
            Row("Links", [_pcie(), _nvlink()]),
        ],
        since="now-24h",
    )


def _numbers() -> list[Stat]:
    def bad(title: str, description: str, query: str) -> Stat:
        return panels.stat(
            title, description, units.Short, Query(f"{query} or vector(0)", "GPUs"), steps=style.ANY_IS_BAD
        )

    return [
        bad(
            "GPUs with problems",
            "GPUs that have one problem or more.",
            f"sum(node:gpus_with_problem:count{HERE})",
        ),
        bad(
            "GPUs lost",
            "GPUs that Slurm gives to jobs and that their node does not show.",
            f"sum((max by (node) (slurm_node_gpus) - on (node) max by (node) (node:gpus:count{HERE})) > 0)",
        ),
        bad(
            "GPUs with a new XID",
            "GPUs that threw an XID in the last ten minutes.",
            f"count(max by (node, gpu) (gpu:xid_recent:bool{HERE}))",
        ),
        bad(
            "Unhealthy for DCGM",
            "GPUs that DCGM calls failed.",
            f"count(max by (node, gpu) (gpu:health:status{HERE} >= 20))",
        ),
        bad(
            "GPUs throttled",
            "GPUs whose clocks are lowered by heat or by the hardware; not those at their power limit.",
            f'count(max by (node, gpu) (gpu:clocks_throttled:bool{{{IN},reason!="sw_power_cap"}}))',
        ),
        bad(
            "Repair pending",
            "GPUs that wait for a reset to take bad memory out of use.",
            f"count(gpu:memory_repair_pending:bool{HERE} == 1)",
        ),
    ]


def _over_time() -> TimeSeries:
    return panels.timeseries(
        "GPUs by problem over time",
        "How many GPUs have each problem. Those of one GPU over time are on the page of its node.",
        units.Short,
        Query(
            f"sum by (problem) (partition:gpu_problems:count{HERE}) or on () {problems.NOTHING}",
            "{{problem}}",
        ),
        height=10,
    )


def _with_problems() -> Table:
    return table(
        "GPUs with problems now",
        "A row for each problem of each GPU. XIDs last ten minutes, uncorrectable errors as long as the driver.",
        [Query(f"max by (node, gpu, problem) (gpu:problem:bool{HERE})", "Has it")],
        [
            Column("node", "Node", link=links.NODE),
            Column("gpu", "GPU", width=60),
            Column("problem", "Problem"),
        ],
        width=12,
        height=10,
        no_value="no problem",
    )


def _now() -> Table:
    recent = f"max by (node, gpu, pci_bus_id, xid) (gpu:xid_recent:bool{HERE})"
    return table(
        "XIDs of the last ten minutes",
        "What each means, and what to do. The policy is prometheus_xid_policy; a code without a severity is not in it.",
        [
            Query(
                f"{recent} {WITH_POLICY} or {recent} unless on (xid) gpu:xid:policy",
                "Recent",
            )
        ],
        [
            Column("node", "Node", link=links.NODE),
            Column("gpu", "GPU", width=60),
            Column("xid", "XID", width=70),
            Column("severity", "Severity", names=style.SEVERITY, width=90),
            Column("meaning", "Meaning"),
            Column("action", "What to do"),
            Column("pci_bus_id", "PCI address"),
        ],
        width=14,
        no_value="no XID in ten minutes",
    )


def _last_xids() -> Table:
    return table(
        "Last XID since the driver was loaded",
        "The last code of each GPU that ever threw one. It stays as long as the driver does: it may be weeks old.",
        [Query(f"max by (node, gpu) (gpu:xid:last{HERE}) > 0", "XID")],
        [Column("node", "Node", link=links.NODE), Column("gpu", "GPU", width=60), Column("XID", unit=units.Short)],
        width=10,
        no_value="no XID since the drivers were loaded",
    )


def _throttled() -> TimeSeries:
    return panels.timeseries(
        "GPUs throttled by reason",
        "GPUs whose clocks are lowered. sw_power_cap is a busy GPU at its power limit, which is what was bought.",
        units.Short,
        Query(
            f"sum by (reason) (node:gpus_throttled:count{HERE})"
            ' or on () label_replace(vector(0), "reason", "none", "", "")',
            "{{reason}}",
        ),
    )


def _time_throttled() -> TimeSeries:
    return (
        panels.timeseries(
            "Nodes throttled most by heat",
            "Part of the time that heat lowered the clocks, the mean of a node's GPUs: the ten worst nodes.",
            units.PercentUnit,
            Query(f"topk(10, max by (node) (node:gpu_throttled_for_heat:ratio{HERE}))", "{{node}}"),
            link=links.NODE,
        )
        .min(0)
        .axis_soft_max(0.1)
    )


def _temperature() -> TimeSeries:
    return panels.timeseries(
        "Hottest nodes",
        "The hottest GPU of a node: the ten hottest nodes.",
        units.Celsius,
        Query(f"topk(10, max by (node) (node:gpu_temperature:celsius_max{HERE}))", "{{node}}"),
        link=links.NODE,
    )


def _power() -> TimeSeries:
    return (
        panels.timeseries(
            "Nodes throttled most for power",
            "Part of the time that a power limit lowered the clocks, the mean of a node's GPUs: the ten worst nodes.",
            units.PercentUnit,
            Query(f"topk(10, max by (node) (node:gpu_throttled_for_power:ratio{HERE}))", "{{node}}"),
            link=links.NODE,
        )
        .min(0)
        .axis_soft_max(0.1)
    )


def _memory_errors() -> Table:
    kinds = {
        "uncorrectable errors": "gpu:ecc_uncorrectable:total",
        "corrected errors": "gpu:ecc_correctable:total",
        "rows remapped, uncorrectable": "gpu:remapped_rows_uncorrectable:total",
        "rows remapped, correctable": "gpu:remapped_rows_correctable:total",
        "repair pending": "gpu:memory_repair_pending:bool",
        "row remap failed": "gpu:row_remap_failed:bool",
    }
    counted = " or ".join(
        f'label_replace(max by (node, gpu) ({series}{HERE}) > 0, "kind", "{kind}", "", "")'
        for kind, series in kinds.items()
    )
    return table(
        "GPUs with memory errors",
        "Errors since the driver was loaded, and rows that were remapped in the life of the GPU.",
        [Query(counted, "Count")],
        [
            Column("node", "Node", link=links.NODE),
            Column("gpu", "GPU", width=60),
            Column("kind", "What"),
            Column("Count", unit=units.Short, width=90),
        ],
        width=12,
        no_value="no memory errors",
    )


def _ecc() -> TimeSeries:
    return panels.timeseries(
        "Memory errors in the hour before",
        "Corrected and uncorrectable errors of all GPUs. Absent where ECC is off.",
        units.Short,
        Query(f"sum by (kind) (node:ecc_errors:increase1h{HERE})", "{{kind}}"),
    )


def _pcie() -> TimeSeries:
    return panels.timeseries(
        "PCIe replays by node",
        "Packets between host and GPU that had to be sent again, a second: the ten worst nodes.",
        units.PacketsPerSecond,
        Query(f"topk(10, max by (node) (node:pcie_replays:rate5m{HERE}))", "{{node}}"),
        link=links.NODE,
    )


def _nvlink() -> TimeSeries:
    return panels.timeseries(
        "NVLink errors by kind",
        "CRC errors, replays and recoveries of all links, a second. A recovery is a link that failed and came back.",
        units.CountsPerSecond,
        Query(f"sum by (kind) (node:nvlink_errors:rate5m{HERE})", "{{kind}}"),
        link=links.Link("Fabric", uids.FABRIC),
    )
