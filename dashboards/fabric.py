"""Fabric: InfiniBand between nodes, NVLink between GPUs, and Ethernet that fails."""

from __future__ import annotations

from grafana_foundation_sdk.builders.bargauge import Panel as BarGauge
from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.builders.stat import Panel as Stat
from grafana_foundation_sdk.builders.table import Panel as Table
from grafana_foundation_sdk.builders.timeseries import Panel as TimeSeries
from grafana_foundation_sdk.models import units

from .house import links, panels, style, uids, variables
from .house.board import Row, board
from .house.queries import Query
from .house.tables import Column, table

IN = variables.IN_PARTITIONS
HERE = f"{{{IN}}}"


def dashboard() -> Dashboard:
    """Links of the nodes in the partitions that were chosen."""
    return board(
        "Fabric",
        uids.FABRIC,
        "InfiniBand, NVLink and Ethernet: which links are down or fail, and what they carry. Names of nodes lead on.",
        variables=[variables.datasource(), variables.partition()],
        rows=[
            Row("", _numbers()),
            Row(
                "InfiniBand",
                [
                    _ports_down(),
                    _flaps(),
                    _top("InfiniBand sent", "Bytes over all ports: the ten nodes that send the most.", "transmit"),
                    _top(
                        "InfiniBand received", "Bytes over all ports: the ten nodes that receive the most.", "receive"
                    ),
                    _waits(),
                    _errors(),
                ],
            ),
            Row("NVLink", [_nvlink_traffic(), _nvlink_errors(), _nvlink_recoveries(), _bit_errors()]),
            Row("Ethernet", [_ethernet()]),
        ],
    )


def _numbers() -> list[Stat]:
    return [
        panels.stat(
            "InfiniBand ports",
            "Ports of all nodes that are up, those without a cable too.",
            units.Short,
            Query(f"count(port:infiniband_active:bool{HERE}) or vector(0)", "ports"),
        ),
        panels.stat(
            "Ports not active",
            "Ports that are not active: alerts leave out those that are so on most nodes of the partition.",
            units.Short,
            Query(f"sum(node:infiniband_ports_down:count{HERE}) or vector(0)", "ports"),
            steps=style.ANY_IS_NOTICED,
        ),
        panels.stat(
            "Links that fail",
            "Alerts that fire about links of the fabric.",
            units.Short,
            Query(
                'count(ALERTS{alertstate="firing",alertname=~"Infiniband.+|GpuNvlink.+|NodeNetworkCarrierFlapping"})'
                " or vector(0)",
                "alerts",
            ),
            steps=style.ANY_IS_BAD,
        ),
        panels.stat(
            "InfiniBand traffic",
            "Bytes that all nodes send.",
            units.BytesPerSecondSI,
            Query(f"sum(node:infiniband_transmit:bytes_per_second{HERE}) or vector(0)", "sent"),
        ),
        panels.stat(
            "NVLink now",
            "Bytes that all GPUs send: profiling only.",
            units.BytesPerSecondSI,
            Query(f"sum(node:nvlink_transmit:bytes_per_second{HERE}) or vector(0)", "sent"),
        ),
        panels.stat(
            "NVLink errors",
            "CRC errors, replays and recoveries of all links, a second.",
            units.CountsPerSecond,
            Query(f"sum(node:nvlink_errors:rate5m{HERE}) or vector(0)", "errors"),
        ),
    ]


def _ports_down() -> Table:
    return table(
        "InfiniBand ports that are not active",
        "Each such port, and how many nodes of its partition have theirs active.",
        [
            Query(
                f"(max by (node, partition, device, port) (port:infiniband_active:bool{HERE}) == 0)"
                f" + on (partition, device, port) group_left () partition:infiniband_active:ratio{HERE}",
                "Active elsewhere",
            )
        ],
        [
            Column("node", "Node", link=links.NODE),
            Column("device", "Device"),
            Column("port", "Port", width=60),
            Column("Active elsewhere", unit=units.PercentUnit),
        ],
        width=12,
        no_value="no port, or all are active",
    )


def _flaps() -> BarGauge:
    return panels.bargauge(
        "Links that went down in three hours",
        "How often each port lost its link: an alert from three on.",
        units.Short,
        Query(
            f"topk(20, max by (node, device) (port:infiniband_link_downed:increase3h{HERE}))",
            "{{node}} {{device}}",
        ),
        width=12,
        steps=style.steps(style.NOTICE, (3, style.BAD)),
        link=links.NODE,
    ).no_value("no link went down")


def _top(title: str, description: str, direction: str) -> TimeSeries:
    return panels.timeseries(
        title,
        description,
        units.BytesPerSecondSI,
        Query(f"topk(10, max by (node) (node:infiniband_{direction}:bytes_per_second{HERE}))", "{{node}}"),
        link=links.NODE,
    )


def _waits() -> TimeSeries:
    return panels.timeseries(
        "InfiniBand congestion",
        "Ticks a second in which a port had something to send and could not: the ten nodes that wait most. How long a "
        "tick is depends on the hardware: compare nodes of one kind.",
        units.CountsPerSecond,
        Query(f"topk(10, max by (node) (node:infiniband_transmit_wait:rate2m{HERE}))", "{{node}}"),
        link=links.NODE,
    )


def _errors() -> TimeSeries:
    return panels.timeseries(
        "InfiniBand errors",
        "Packets that came with errors or were discarded, and symbol errors, of all nodes.",
        units.CountsPerSecond,
        Query(f"sum by (kind) (node:infiniband_errors:rate2m{HERE})", "{{kind}}"),
    )


def _nvlink_traffic() -> TimeSeries:
    return panels.timeseries(
        "NVLink by node",
        "Bytes that the GPUs of a node send over NVLink: the ten nodes that send the most. Profiling only.",
        units.BytesPerSecondSI,
        Query(f"topk(10, max by (node) (node:nvlink_transmit:bytes_per_second{HERE}))", "{{node}}"),
        link=links.NODE,
    )


def _nvlink_errors() -> TimeSeries:
    return panels.timeseries(
        "NVLink errors by node",
        "CRC errors, replays and recoveries, a second: the ten worst nodes.",
        units.CountsPerSecond,
        Query(f"topk(10, sum by (node) (node:nvlink_errors:rate5m{HERE}))", "{{node}}"),
        link=links.NODE,
    )


def _nvlink_recoveries() -> Table:
    return table(
        "NVLink recoveries in three hours",
        "Links that failed and were brought up again, or were not. A job stalls each time.",
        [
            Query(f"max by (node, gpu, kind) (gpu:nvlink_recoveries:increase3h{HERE})", "Count"),
        ],
        [
            Column("node", "Node", link=links.NODE),
            Column("gpu", "GPU", width=60),
            Column("kind", "Kind"),
            Column("Count", unit=units.Short),
        ],
        width=12,
        no_value="none",
    )


def _bit_errors() -> Table:
    return table(
        "Bit error ratio of NVLink 5",
        "Bits that were wrong after correction, of Blackwell and later: an alert above one in a million.",
        [Query(f"topk(20, max by (node, gpu) (gpu:nvlink_bit_errors:ratio{HERE}))", "Ratio")],
        [
            Column("node", "Node", link=links.NODE),
            Column("gpu", "GPU", width=60),
            Column("Ratio", unit=units.ScientificNotation),
        ],
        width=12,
        no_value="no NVLink 5",
    )


def _ethernet() -> TimeSeries:
    return panels.timeseries(
        "Ethernet errors by node",
        "Packets that came or went with errors: the ten worst nodes.",
        units.PacketsPerSecond,
        Query(
            f"topk(10, max by (node) (node:network_errors:rate5m{HERE}))",
            "{{node}}",
        ),
        width=24,
        link=links.NODE,
    )
