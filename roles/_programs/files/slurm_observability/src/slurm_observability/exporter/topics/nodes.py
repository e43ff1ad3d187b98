"""Nodes: how many of each kind, and the state of each that should be running."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...slurm.nodes import Node, Nodes
from ..metric import Family, Metric, scalar
from ..topic import Scene
from .counts import PARTITION, NodeCount, help_text

NAME = "nodes"

COUNTS = (
    NodeCount("slurm_nodes_alloc", "nodes of which jobs hold all CPUs", lambda node: node.base == "ALLOCATED", True),
    NodeCount(
        "slurm_nodes_idle",
        "nodes that could take a job now",
        lambda node: node.idle,
        True,
        "None that is drained, failing, in maintenance, or without power.",
    ),
    NodeCount("slurm_nodes_mixed", "nodes of which jobs hold some CPUs", lambda node: node.base == "MIXED", True),
    NodeCount("slurm_nodes_down", "nodes that are down", lambda node: node.base == "DOWN", True),
    NodeCount("slurm_nodes_drain", "drained and draining nodes", lambda node: node.drain),
    NodeCount("slurm_nodes_draining", "draining nodes, where jobs still run", lambda node: node.drain and node.busy),
    NodeCount("slurm_nodes_drained", "drained nodes, where no job runs", lambda node: node.drain and not node.busy),
    NodeCount(
        "slurm_nodes_drain_total", "drained and draining nodes", lambda node: node.drain, True, "Each counts once."
    ),
    NodeCount("slurm_nodes_maint", "nodes in a maintenance reservation", lambda node: "MAINTENANCE" in node.flags),
    NodeCount("slurm_nodes_fail", "nodes marked as failing", lambda node: "FAIL" in node.flags),
    NodeCount("slurm_nodes_powered_down", "nodes without power", lambda node: "POWERED_DOWN" in node.flags),
    NodeCount("slurm_nodes_powering_up", "nodes that boot", lambda node: "POWERING_UP" in node.flags),
)

_ONE_AND_ZERO = "Absent for a node that is powered down, on its way there, or not yet up."
NODE_DOWN = Metric("slurm_node_down", f"1 when Slurm says that the node is down, else 0. {_ONE_AND_ZERO}", ("node",))
NODE_DRAIN = Metric("slurm_node_drain", f"1 when the node is drained or draining, else 0. {_ONE_AND_ZERO}", ("node",))

NODES = Metric("slurm_nodes", "Nodes, each once.")
PARTITION_NODES = Metric("slurm_partition_nodes", "Nodes of the partition.", PARTITION)


def cluster_metric(count: NodeCount) -> Metric:
    """Return the metric that counts the nodes of the cluster of that kind."""
    return Metric(count.metric, help_text(count))


def partition_metric(count: NodeCount) -> Metric:
    """Return the metric that counts the nodes of a partition of that kind."""
    name = count.metric.replace("slurm_nodes_", "slurm_partition_nodes_")
    return Metric(name, help_text(count, "In the partition"), PARTITION)


METRICS = (
    NODES,
    *map(cluster_metric, COUNTS),
    PARTITION_NODES,
    *map(partition_metric, (count for count in COUNTS if count.per_partition)),
    NODE_DOWN,
    NODE_DRAIN,
)


def families(answer: Nodes, scene: Scene) -> Iterator[Family]:
    """Yield the numbers of nodes, and the state of each one."""
    yield from _counts(answer.nodes)
    yield from _single_nodes(answer.nodes)


def _counts(nodes: Sequence[Node]) -> Iterator[Family]:
    """Yield how many nodes there are of each kind, in the cluster and in each partition."""
    by_partition: dict[str, list[Node]] = {}
    for node in nodes:
        for partition in node.partitions:
            by_partition.setdefault(partition, []).append(node)
    members = sorted(by_partition.items())
    yield scalar(NODES, len(nodes))
    for count in COUNTS:
        yield scalar(cluster_metric(count), sum(map(count.applies, nodes)))
    yield Family(PARTITION_NODES, (((name,), len(part)) for name, part in members))
    for count in COUNTS:
        if count.per_partition:
            samples = (((name,), sum(map(count.applies, part))) for name, part in members)
            yield Family(partition_metric(count), samples)


def _single_nodes(nodes: Sequence[Node]) -> Iterator[Family]:
    """Yield the state of each node that should be running."""
    powered = [node for node in nodes if not node.without_power]
    yield Family(NODE_DOWN, (((node.name,), node.base == "DOWN") for node in powered))
    yield Family(NODE_DRAIN, (((node.name,), node.drain) for node in powered))
