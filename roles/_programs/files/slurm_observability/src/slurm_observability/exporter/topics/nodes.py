"""Nodes: how many of each kind, what they have and how it is used, and the state of each one."""

from __future__ import annotations

from collections.abc import Iterator

from ...metrics.metric import Family
from ...slurm.nodes import Node, Nodes
from ..topic import Scene
from . import node_capacity, node_counts, single_nodes

NAME = "nodes"

METRICS = (*node_counts.METRICS, *node_capacity.METRICS, *single_nodes.METRICS)


def families(answer: Nodes, scene: Scene, choice: str = single_nodes.UP) -> Iterator[Family]:
    """Yield what there is to say of the nodes, with zeros for a partition without nodes.

    ``choice`` says which nodes have series of their own, one of :data:`single_nodes.CHOICES`.
    """
    members: dict[str, list[Node]] = {name: [] for name in scene.partitions}
    for node in answer.nodes:
        for partition in node.partitions:
            members.setdefault(partition, []).append(node)
    members = dict(sorted(members.items()))
    yield from node_counts.families(answer, members)
    yield from node_capacity.families(answer.nodes, members)
    yield from single_nodes.families(answer.nodes, choice)
